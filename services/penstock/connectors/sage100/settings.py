"""Settings of one Sage 100 company, and the profile of the REST facade in front of it (systems/sage100.md 5)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from penstock.connectors.adopting import with_number
from penstock.connectors.sage100.vocabulary import LENGTHS
from penstock.connectors.secrets import Secret
from penstock.records.money import is_currency

POLL_SETS = (
    "orders", "open-orders", "shipments", "invoices", "payments", "stock", "customers", "items", "customer-prices",
)  # fmt: skip
SLOW_SETS = ("open-orders", "customer-prices")
"""Read in full each time, and compared with what was there before."""


class Envelope(BaseModel):
    """Names in the answer of a list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: str = "data"
    cursor: str = "next_cursor"
    server_time: str = "server_time"


class Profile(BaseModel):
    """The HTTP convention. Sage 100 has no official REST API: every name here is our proposal and may be another's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prefix: str = Field(default="/sage100/v1", description="Path before /{MODULE}/{Object}")
    auth: Literal["basic", "key", "token"] = Field(default="basic", description="HTTP Basic, an API key, or a token")
    company_header: str = Field(default="X-Sage-Company", description="Header that names the company")
    key_header: str = Field(default="X-API-Key", description="Header of the API key")
    token_path: str = Field(default="/SY/Token", description="Where a bearer token is asked for")
    status_path: str = Field(default="/SY/Status", description="Versions and time of the server")
    envelope: Envelope = Field(default=Envelope(), description="Names in the answer of a list")
    idempotency_header: str | None = Field(
        default="Idempotency-Key", description="Header by which a repeated POST is known; null: there is none"
    )
    numbers: Literal["ours", "facade"] = Field(
        default="ours", description="Who chooses SalesOrderNo: ours (keyed, preferred), or the facade (probed)"
    )
    preview: bool = Field(default=True, description="POST /SO/SalesOrder/Preview works")
    price_path: str | None = Field(
        default="/IM/PriceCode", description="List of customer prices; null: the facade has none"
    )


class Charges(BaseModel):
    """Item codes of charge lines; each must be on file with ItemType 5."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    freight: str = "/FREIGHT"
    handling: str = "/HANDLING"
    fee: str = "/FEE"
    discount: str = "/DISCOUNT"
    tax: str = "/TAX"


class Sage100Settings(BaseModel):
    """One company. Times in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    instance: str = Field(description="Name of the company in the flow, for example ABC")
    base_url: str = Field(description="Address of the facade without the profile's prefix")
    company: str = Field(default="", description="Company code of three characters; empty: the instance's name")
    profile: Profile = Field(default=Profile(), description="The facade's HTTP convention")
    username: str = Field(default="", description="User of auth basic and token")
    password: Secret = Field(default=SecretStr(""), description="Password of auth basic and token")
    api_key: Secret = Field(default=SecretStr(""), description="Key of auth key")

    time_zone: str = Field(default="UTC", description="Zone of the server's local times")
    base_currency: str = Field(default="USD", description="The company's only currency, ISO 4217")
    lengths: dict[str, dict[str, int]] = Field(
        default_factory=dict, description="Field lengths of this version where they differ: {table: {field: length}}"
    )
    order_letters: dict[str, str] = Field(
        default_factory=dict, description="Instance tag of a shop -> first letter of its SalesOrderNo: {CL1: W}"
    )
    remainder_letter: str = Field(default="X", description="First letter of a partial order's remainder")
    remainder_letters: dict[str, str] = Field(
        default_factory=dict, description="The same per instance tag, where several shops sell from this company"
    )
    charges: Charges = Field(default=Charges(), description="Item codes of charge lines")
    division: str = Field(default="00", description="ARDivisionNo of new customers")
    salesperson_division: str = Field(default="00", description="SalespersonDivisionNo of new customers")
    salesperson: str = Field(default="0100", description="SalespersonNo of new customers; must be on file")
    terms_code: str = Field(default="00", description="TermsCode where no table row says another")
    tax_schedule: str = Field(default="DEFAULT", description="TaxSchedule of orders and new customers")
    adopt_by: str = Field(
        default="{number}",
        description="How the shop's order number stands in CustomerPONo of orders that were entered before penstock "
        "took over (start.adopt_before of the flow), for example WEB-{number}",
    )
    warehouse: str = Field(default="001", description="WarehouseCode of orders")
    customer_prefix: str = Field(default="W", description="CustomerNo by hash: this and 12 hex digits of the e-mail")
    counter_prefix: str = Field(default="WEB", description="CustomerNo by counter: this and a zero-filled number")
    counter_digits: int = Field(default=7, ge=1, le=12, description="Digits of a CustomerNo by counter")
    counter_start: int = Field(default=1, ge=0, description="First CustomerNo by counter")
    house_customer: str = Field(default="", description="House account for guests, {division}-{number}")
    match_score: float = Field(default=0.9, gt=0, le=1, description="From this score on two names are the same")
    alias_general: str = Field(default="G", description="Type of general aliases in IM_AliasItem")
    alias_customer: str = Field(default="C", description="Type of customer aliases in IM_AliasItem")
    rounding: Literal["hold", "absorb"] = Field(
        default="absorb",
        description="Where amounts had fractions of a cent, or were converted, and their roundings miss the total: "
        "absorb puts at most half a cent for each into the tax (else freight, handling, fees), hold holds the order",
    )
    available: Literal["committed", "less-shipping", "on-hand"] = Field(
        default="committed",
        description="Available = on hand less sales orders, back orders and work orders; less-shipping: also less what "
        "is in shipping; on-hand: on hand",
    )
    cancel_reason: str = Field(default="", description="CancelReasonCode of a cancelled order put on hold")
    credit_reason: str = Field(default="CREDT", description="CancelReasonCode that the facade's credit hold has")

    page_size: int = Field(default=200, ge=1, le=500, description="Rows of a page")
    poll_seconds: float = Field(default=30.0, gt=0, description="Interval of a poll set that brings changes")
    poll_seconds_quiet: float = Field(default=120.0, gt=0, description="Longest interval of one that brings none")
    poll_seconds_slow: float = Field(default=900.0, gt=0, description="Interval of sets that are read in full")
    poll_seconds_by_set: dict[str, float] = Field(default_factory=dict, description="Fixed interval of single sets")
    overlap_seconds: float = Field(default=120.0, ge=0, description="How far a poll looks back behind its mark")
    poll_from: datetime | None = Field(
        default=None, description="The first poll of orders, shipments, invoices and payments starts here; none: all"
    )
    timeout_seconds: float = Field(default=60.0, gt=0, description="Longest wait for an answer")
    send_window: float = Field(default=30.0, gt=0, description="A write leaves within this time of its intent")
    answer_window: float = Field(default=60.0, gt=0, description="Longest time the facade works on a write")
    item_cache_seconds: float = Field(default=600.0, ge=0, description="How long items and aliases are remembered")
    stock_retry_seconds: float = Field(default=60.0, gt=0, description="How often an order that waits for stock looks")
    credit_retry_seconds: float = Field(default=300.0, gt=0, description="How often one that waits for credit looks")

    @field_validator("adopt_by")
    @classmethod
    def _with_number(cls, value: str) -> str:
        return with_number(value)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"unknown time zone {value!r}: use a name such as America/Chicago") from None
        return value

    @field_validator("base_currency")
    @classmethod
    def _known_currency(cls, value: str) -> str:
        if not is_currency(value):
            raise ValueError(f"{value!r} is no currency of ISO 4217")
        return value

    @field_validator("poll_seconds_by_set")
    @classmethod
    def _known_sets(cls, value: dict[str, float]) -> dict[str, float]:
        if unknown := sorted(set(value) - set(POLL_SETS)):
            raise ValueError(f"unknown poll set {unknown[0]}: there are {', '.join(POLL_SETS)}")
        return value

    @field_validator("lengths")
    @classmethod
    def _known_fields(cls, value: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
        for table, fields in value.items():
            known = LENGTHS.get(table)
            if known is None:
                raise ValueError(f"unknown table {table}: there are {', '.join(LENGTHS)}")
            if unknown := sorted(set(fields) - set(known)):
                raise ValueError(f"unknown field {table}.{unknown[0]}")
        return value

    @model_validator(mode="after")
    def _letters(self) -> Sage100Settings:
        tags = list(self.order_letters)
        letters = [letter for tag in tags for letter in self.letters(tag)] if tags else [self.remainder_letter]
        if wrong := [letter for letter in letters if len(letter) != 1 or not ("A" <= letter <= "Z")]:
            raise ValueError(f"{wrong[0]!r} is no capital letter: SalesOrderNo begins with one")
        if len(set(letters)) < len(letters):
            raise ValueError(
                "the letters of order_letters, remainder_letter and remainder_letters must all differ: a SalesOrderNo "
                "stands for one web order of one shop"
            )
        return self

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def company_code(self) -> str:
        return self.company or self.instance

    def letters(self, tag: str) -> tuple[str, str]:
        """First letters of a shop's orders and of their remainders. Raises KeyError for a tag without."""
        return self.order_letters[tag], self.remainder_letters.get(tag, self.remainder_letter)

    def length(self, table: str, field: str) -> int | None:
        """Longest text of a field; None where nothing is known of it (user-defined fields, amounts)."""
        return self.lengths.get(table, {}).get(field) or LENGTHS[table].get(field)

    def busy_interval(self, poll_set: str) -> float:
        """Seconds between polls of a set while it brings changes."""
        default = self.poll_seconds_slow if poll_set in SLOW_SETS else self.poll_seconds
        return self.poll_seconds_by_set.get(poll_set, default)

    def interval(self, poll_set: str) -> float:
        """The longest interval of a set."""
        if poll_set in self.poll_seconds_by_set or poll_set in SLOW_SETS:
            return self.busy_interval(poll_set)
        return max(self.poll_seconds, self.poll_seconds_quiet)

    def money(self, amount: Decimal) -> str:
        """Amount and currency for a reader."""
        return f"{amount:.2f} {self.base_currency}"
