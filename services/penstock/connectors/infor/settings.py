"""Settings of one Infor CSI site and the `.ionapi` file that opens its gateway (systems/infor.md 1.1)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator

from penstock.connectors.adopting import with_number
from penstock.connectors.secrets import Secret, resolve

POLL_SETS = (
    "orders",
    "order-lines",
    "shipping-ledger",
    "shipments",
    "invoices",
    "payments",
    "stock",
    "customers",
    "items",
)
NEEDED = ("ti", "ci", "cs", "iu", "pu", "ot", "saak", "sask")


class IonApi(BaseModel):
    """What the connector needs of an `.ionapi` file. Its other fields are not used."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    ti: str
    ci: str
    cs: SecretStr
    iu: str
    pu: str
    ot: str
    saak: SecretStr
    sask: SecretStr

    @property
    def token_url(self) -> str:
        """`pu` + `ot` as they stand: no slash is put between them."""
        return self.pu + self.ot


def read_ionapi(value: object) -> object:
    """A path, a secret reference (`file:`, `env:`, `plain:`) or the object itself -> IonApi.

    Raises ValueError naming the fields that are missing.
    """
    if isinstance(value, IonApi):
        return value
    if isinstance(value, str):
        value = _parse(value)
    if not isinstance(value, dict):
        raise ValueError("an .ionapi file is a JSON object")  # noqa: TRY004 - pydantic shows ValueErrors
    missing = [name for name in NEEDED if not isinstance(value.get(name), str) or not value[name]]
    if missing:
        raise ValueError(
            f".ionapi file without {', '.join(missing)}: download it again from an authorized app of type "
            "Backend Service with 'Create Service Account' chosen"
        )
    return IonApi.model_validate({name: value[name] for name in NEEDED})


def _parse(reference: str) -> Any:
    kind = reference.partition(":")[0]
    secret = resolve(reference if kind in {"env", "file", "plain"} else f"file:{reference}")
    assert isinstance(secret, SecretStr)  # noqa: S101 - resolve gives a SecretStr or raises
    try:
        return json.loads(secret.get_secret_value())
    except json.JSONDecodeError as error:
        raise ValueError(f"the .ionapi file is no JSON: {error.msg} at character {error.pos}") from None


class InforSettings(BaseModel):
    """One site (configuration) of one tenant. Times in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    instance: str = Field(description="Name of the site in the flow, for example DALS")
    ionapi: Annotated[IonApi, BeforeValidator(read_ionapi)] = Field(
        description="The .ionapi file: a path, or a secret reference (file:, env:)"
    )
    configuration: str = Field(description="X-Infor-MongooseConfig, for example ACME_TST_DALS")
    suite: str = Field(default="CSI", description="Suite segment of the gateway")
    grant: Literal["password", "client_credentials"] = Field(
        default="password", description="OAuth grant; client_credentials only where the tenant allows it"
    )
    client_auth: Literal["body", "basic"] = Field(
        default="body", description="Client id and secret in the form, or as HTTP Basic"
    )
    time_zone: str = Field(default="UTC", description="Zone of the site server's local times")
    base_currency: str = Field(default="USD", description="Base currency of the site, ISO 4217")
    order_numbers: Literal["ours", "site"] = Field(
        default="ours", description="Who chooses CoNum: ours (keyed, preferred) or the site (probed by our reference)"
    )
    adopt_by: str = Field(
        default="{number}",
        description="How the shop's order number stands in CustPo of orders that were entered before penstock took "
        "over (start.adopt_before of the flow), for example WEB-{number}",
    )
    warehouse: str = Field(default="MAIN", description="Whse of orders")
    lead_days: int = Field(default=7, ge=0, description="DueDate of a line is the order's day and so many days")
    alias_customer: str | None = Field(
        default=None, description="CustNum under which SLItemCusts lists SKUs that are no Item; none: no aliases"
    )
    convert_to: str | None = Field(
        default=None, description="Book orders in this currency, by the flow's dated rates; none: the order's own"
    )
    rounding: Literal["hold", "tax"] = Field(
        default="tax",
        description="Where the shop's amounts have fractions of a cent, or were converted, and their roundings miss "
        "the total: tax puts the difference (half a cent for each such amount at most) into SalesTax, without tax "
        "into Freight or MiscCharges; hold holds the order",
    )
    cancel: Literal["delete", "stop"] = Field(
        default="delete", description="A cancelled order without shipments: delete it, or set Stat S"
    )
    available: Literal["allocated", "reserved"] = Field(
        default="allocated", description="Available = on hand less allocations, or less hard reservations"
    )
    hash_key: Secret = Field(
        default=SecretStr(""), description="Key of the hashes of e-mails and addresses that leave the personal topics"
    )
    page_size: int = Field(default=200, ge=1, le=5000, description="Rows of a page when polling")
    poll_seconds: float = Field(default=30.0, gt=0, description="Interval of every poll set")
    poll_seconds_by_set: dict[str, float] = Field(default_factory=dict, description="Interval of single poll sets")
    overlap_seconds: float = Field(
        default=120.0, ge=0, description="How far a poll looks back behind its mark, for transactions under way"
    )
    poll_from: datetime | None = Field(
        default=None, description="The first poll of orders, shipments, invoices and payments starts here; none: all"
    )
    timeout_seconds: float = Field(default=60.0, gt=0, description="Longest wait for an answer")
    send_window: float = Field(default=30.0, gt=0, description="A write leaves within this time of its intent")
    answer_window: float = Field(default=60.0, gt=0, description="Longest time the site works on a write")
    item_cache_seconds: float = Field(default=300.0, ge=0, description="How long a resolved item is remembered")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"unknown time zone {value!r}: use a name such as America/Chicago") from None
        return value

    @field_validator("adopt_by")
    @classmethod
    def _with_number(cls, value: str) -> str:
        return with_number(value)

    @field_validator("poll_seconds_by_set")
    @classmethod
    def _known_sets(cls, value: dict[str, float]) -> dict[str, float]:
        if unknown := sorted(set(value) - set(POLL_SETS)):
            raise ValueError(f"unknown poll set {unknown[0]}: there are {', '.join(POLL_SETS)}")
        return value

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def ido_path(self) -> str:
        """Path of the IDO request service below `iu`."""
        return f"/{self.ionapi.ti}/{self.suite}/IDORequestService/ido"

    def interval(self, poll_set: str) -> float:
        return self.poll_seconds_by_set.get(poll_set, self.poll_seconds)
