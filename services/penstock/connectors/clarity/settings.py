"""Settings of one Clarity installation."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from penstock.connectors.clarity.profile import ClarityProfile
from penstock.connectors.secrets import Secret


class ClaritySettings(BaseModel):
    """One installation, by OAuth client or API key; what the vendor may have done differently is in `profile`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    instance: str = Field(default="1", description="name of this shop in ids; never change it")
    tag: str = Field(default="CL1", pattern=r"^[A-Z0-9]{1,6}$", description="`CL1` in our reference `CL1-5120`")
    base_url: str = Field(description="address of the host, for example https://shop.example")
    client_id: str | None = Field(default=None, description="OAuth client; its secret is client_secret")
    client_secret: Secret | None = Field(default=None, description="secret of the OAuth client")
    scope: str | None = Field(default=None, description="scopes to ask for; unset: all that the client may have")
    api_key: Secret | None = Field(default=None, description="API key, in place of an OAuth client")
    tenant: str | None = Field(default=None, description="events of other tenants are passed over; unset: none are")
    timeout: float = Field(default=30.0, gt=0, description="seconds for one call")
    profile: ClarityProfile = Field(default=ClarityProfile(), description="the installation's dialect (profile.py)")

    webhook_secret: Secret | None = Field(default=None, description="key of the events' signature")
    webhook_secret_previous: Secret | None = Field(default=None, description="the key before, during a rotation")
    webhook_window: float = Field(default=300.0, gt=0, description="seconds that a signature may be off our clock")

    start: date | datetime | None = Field(default=None, description="first change of orders to read; unset: all")
    poll_interval: float = Field(default=900.0, gt=0, description="seconds between two polls of one set")
    poll_intervals: dict[str, float] = Field(default_factory=dict, description="other seconds, by poll set")
    poll_overlap: float = Field(default=120.0, ge=0, description="seconds that are read again at every poll")
    page_size: int = Field(default=100, ge=2, le=200, description="rows of one page")

    stock_sections: dict[str, str] = Field(
        default_factory=dict, description="sectionKey of a location that has stock in several sections"
    )
    bulk_wait: float = Field(default=0.05, ge=0, le=1, description="seconds in which records gather for one bulk call")
    shipment_patience: float = Field(
        default=300.0, ge=0, description="seconds that a shipped status waits for its shipment"
    )
    new_account_patience: float = Field(
        default=120.0,
        ge=0,
        description="seconds for which a new customer of the ERP waits to be known as one that an order of this shop "
        "has just asked for; longer than the ERP's send and answer windows together",
    )
    tracking_separator: str = Field(default=", ", description="between several tracking numbers of one shipment")
    send_window: float = Field(default=30.0, gt=0, description="seconds in which a write may leave")
    answer_window: float = Field(default=60.0, gt=0, description="seconds after which a lost reply is read back")

    @field_validator("base_url")
    @classmethod
    def _host(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("base_url begins with https:// and names the host, e.g. https://shop.example")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _one_way_in(self) -> ClaritySettings:
        oauth = self.client_id is not None and self.client_secret is not None
        if oauth == (self.api_key is not None):
            raise ValueError("set either client_id and client_secret, or api_key")
        return self

    def interval(self, poll_set: str) -> float:
        return self.poll_intervals.get(poll_set, self.poll_interval)
