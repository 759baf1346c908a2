"""Options of the Infor sandbox, as JSON on the command line or in an environment file."""

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Privileges(BaseModel):
    """IDOs that the service account may read and write; null: all."""

    model_config = ConfigDict(extra="forbid")

    read: frozenset[str] | None = None
    write: frozenset[str] | None = None


class Options(BaseModel):
    """What a test or an environment may set. Unknown names are refused."""

    model_config = ConfigDict(extra="forbid")

    tenant: str = Field("ACME_TST", pattern=r"^[A-Z0-9]+_[A-Z0-9]+$")
    config: str = "ACME_TST_DALS"
    client_id: str = "ACME_TST~penstock"
    client_secret: str = "sandbox-client-secret"  # noqa: S105 - a sandbox's default
    saak: str = "ACME_TST#penstock"
    sask: str = "sandbox-service-account-secret"
    token_seconds: float = Field(7200, gt=0)
    refresh_tokens: bool = False
    time_zone: str = "America/Chicago"
    base_currency: str = "USD"
    bare_numbers: bool = False
    credit_limit_hold_reason: str = ""
    rate_limit_per_minute: int | None = Field(None, gt=0)
    rate_limit_retry_after: bool = True
    smoothing_after: int | None = Field(None, ge=0)
    """Requests a second after which each further one is delayed by `smoothing_seconds`."""
    smoothing_seconds: float = Field(0.2, ge=0)
    numbering: Literal["both", "site", "caller"] = "both"
    """Who numbers orders and customers: `site` refuses the caller's numbers, `caller` refuses blank ones."""
    order_prefix: str = Field("EC", pattern=r"^[A-Z]{0,4}$")
    privileges: Privileges | frozenset[str] | None = None
    require_customer_currency: bool = False
    """The site puts the customer's currency in place of the one that was sent, without a word."""
    post_invoices: bool = True
    """An invoice is posted at once; else it stays in SLArinvs until the action `post-invoices`."""
    negative_stock: bool = True
    """More than is on hand may be shipped."""
    default_credit_limit: Decimal = Decimal(0)
    """Credit limit of the seeded customers; 0 is none."""
    time_scale: float = Field(1.0, gt=0)

    def may(self, ido: str, *, write: bool) -> bool:
        """Whether the service account may read or write an IDO."""
        if self.privileges is None:
            return True
        if isinstance(self.privileges, Privileges):
            allowed = self.privileges.write if write else self.privileges.read
            return allowed is None or ido in allowed
        return ido in self.privileges
