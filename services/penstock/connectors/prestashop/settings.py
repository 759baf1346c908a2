"""Settings of one shop. Everything that differs between two shops is here or in a code table."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator

from penstock.connectors.secrets import Secret

Version = Literal["1.7", "8", "9"]


class PrestashopSettings(BaseModel):
    """One shop, read and written through its webservice."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    instance: str = Field(default="1", description="name of this shop in ids; never change it")
    tag: str = Field(default="PS1", pattern=r"^[A-Z0-9]{1,8}$", description="`PS1` in our reference `PS1-41`")
    base_url: str = Field(description="webservice address, ends in /api, for example https://shop.example/api")
    key: Secret = Field(description="webservice key, 32 characters")
    version: Version = Field(default="9", description="1.7 is written by GET, edit, PUT; 8 and 9 by PATCH")
    shop_id: int | None = Field(default=None, description="id_shop of every call; unset: the key's own shop")
    language: int = Field(default=1, description="id of the language in which multilingual texts are read")
    time_zone: str = Field(default="Europe/Paris", description="zone of the shop's clock: its timestamps name none")
    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$", description="currency of the shop's list prices")
    timeout: float = Field(default=60.0, gt=0, description="seconds for one call")

    webhook_secret: Secret | None = Field(default=None, description="key of the shop module's signature")
    webhook_secret_previous: Secret | None = Field(default=None, description="the key before, during a rotation")
    webhook_header: str = Field(default="X-PrestaShop-Signature", description="header that holds the signature")
    webhook_window: float = Field(default=300.0, gt=0, description="seconds that occurred_at may be off our clock")

    start: date | datetime | None = Field(
        default=None, description="first change of orders to read, in the shop's zone; unset: all of them"
    )
    poll_interval: float = Field(default=30.0, gt=0, description="seconds between two polls of one set")
    poll_overlap: float = Field(default=5.0, ge=0, description="seconds that are read again at every poll")
    page_size: int = Field(default=100, ge=2, le=500, description="rows of one list call")
    reference_ttl: float = Field(
        default=60.0, ge=0, description="seconds that countries, currencies, states, taxes and SKU searches are kept"
    )

    stock_warehouse: str = Field(default="MAIN", description="ERP warehouse whose stock the shop sells")
    state_ranks: dict[int, int] = Field(
        default_factory=dict, description="rank per order state id, over handlers/states.yaml"
    )
    tracking_separator: str = Field(default=", ", description="between several tracking numbers of one order")
    send_window: float = Field(default=30.0, gt=0, description="seconds in which a write may leave")
    answer_window: float = Field(default=90.0, gt=0, description="seconds after which a lost reply is read back")

    @field_validator("base_url")
    @classmethod
    def _webservice_address(cls, value: str) -> str:
        address = value.rstrip("/")
        if not address.startswith(("http://", "https://")) or not address.endswith("/api"):
            raise ValueError("base_url is the webservice address and ends in /api, e.g. https://shop.example/api")
        return address

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"time_zone {value!r} is no IANA zone, e.g. Europe/Paris") from error
        return value

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def can_patch(self) -> bool:
        """PATCH came with 8.0 (systems/prestashop.md 2)."""
        return self.version != "1.7"

    def interval(self, poll_set: str) -> float:  # noqa: ARG002 - one interval for all sets
        return self.poll_interval
