"""Options of the Clarity sandbox: the switches of systems/clarity.md 6, and what the installation is like."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

SCOPES = (
    "orders:read",
    "orders:write",
    "products:read",
    "products:write",
    "inventory:read",
    "inventory:write",
    "customers:read",
    "customers:write",
    "shipments:read",
    "shipments:write",
    "payments:read",
    "webhooks:read",
    "webhooks:write",
)
Failure = Literal["429", "500", "502", "503", "504", "html", "login"]
Every = Annotated[int, Field(ge=0)]


class Options(BaseModel):
    """All options with their defaults. Those of `SWITCHES` may be changed while it runs (action `set-options`).

    `fail_every`: every n-th API call fails so, nothing done: {"429": 10, "html": 25}; `html` is a proxy's error page,
    `login` a redirect to a login page. `webhook_url` is subscribed to `webhook_events` at the start, signed with each
    of `webhook_secrets` (several: a rotation). `duplicate_every`, `out_of_order_every`, `wrong_signature_every`: every
    n-th event, 0 is never. `unknown_status`: a text shown as the status of every order. `custom_key`: how the member
    `customKey` is shown in answers. `page_drift`: a row moves after each page of a list that has more.
    `account_keys`: the accounts of a fresh shop have a customKey, as if an ERP had set it. `time_scale` multiplies the
    rate limit and divides retry delays and the lifetime of tokens.
    """

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    tenant: str = "acme"
    auth: Literal["oauth", "key"] = "oauth"
    client_id: str = "penstock"
    client_secret: str = "sandbox-client-secret"  # noqa: S105 - a sandbox's default
    api_key: str = "sandbox-api-key"
    scopes: list[str] = list(SCOPES)
    token_seconds: float = Field(3600, gt=0)

    rate_limit: PositiveInt | None = 120
    rate_burst: PositiveInt = 40
    retry_after: Literal["seconds", "date", "none"] = "seconds"
    fail_every: dict[Failure, PositiveInt] = {}
    latency_ms: float = Field(0, ge=0)
    clock_skew: float = 0

    webhook_url: str | None = None
    webhook_secrets: list[str] = Field(["sandbox-webhook-secret"], min_length=1)
    webhook_events: list[str] = ["order.*", "payment.received", "refund.created", "product.*", "customer.*"]
    event_form: Literal["thin", "full"] = "thin"
    signature_header: str = "X-Clarity-Signature"
    signature_encoding: Literal["hex", "base64"] = "hex"
    signature_timestamp: bool = True
    duplicate_every: Every = 0
    out_of_order_every: Every = 0
    wrong_signature_every: Every = 0

    unknown_status: str | None = None
    custom_key: Literal["shown", "null", "absent"] = "shown"
    page_drift: bool = False

    account_keys: bool = False
    first_order_id: PositiveInt = 5120
    order_prefix: str = "WEB-"
    time_scale: float = Field(1.0, gt=0)


SWITCHES = frozenset(
    {
        "auth",
        "clock_skew",
        "custom_key",
        "duplicate_every",
        "event_form",
        "fail_every",
        "latency_ms",
        "out_of_order_every",
        "page_drift",
        "rate_burst",
        "rate_limit",
        "retry_after",
        "scopes",
        "signature_encoding",
        "signature_header",
        "signature_timestamp",
        "token_seconds",
        "unknown_status",
        "wrong_signature_every",
    }
)
