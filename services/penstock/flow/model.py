"""The files of a flow: `flow.yaml` (what it does, in git) and `env/<name>.yaml` (where it runs)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from penstock.flow.policy_list import POLICIES, PolicyValue
from penstock.mapping.errors import nearest

Mode = Literal["shadow", "live"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Start(_Strict):
    """`orders_from`: orders placed before it are `not-routed`. A date means midnight UTC.

    adopt_before: orders placed before it may be in the ERP already, by other hands: they are looked for there before
    they are booked (docs/backfill.md). Polls and census begin at it; what is older comes by `penstock backfill`.
    """

    orders_from: datetime
    adopt_before: datetime | None = None

    @property
    def reads_from(self) -> datetime:
        """Where polls and census begin."""
        return self.adopt_before or self.orders_from

    @field_validator("orders_from", "adopt_before", mode="before")
    @classmethod
    def _at_midnight(cls, value: Any) -> Any:
        if isinstance(value, date) and not isinstance(value, datetime):
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
        return value

    @field_validator("orders_from", "adopt_before")
    @classmethod
    def _with_zone(cls, value: datetime | None) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.adopt_before is not None and self.adopt_before <= self.orders_from:
            raise ValueError("adopt_before is not after orders_from: nothing lies between them; leave it out")
        return self


class FlowSystem(_Strict):
    """One instance of a system in the flow. `tag` begins our references of its orders.

    system: the connector; without it the name in the flow is the connector's.
    """

    instance: str = Field(pattern=r"^[A-Za-z0-9_.-]+$")
    role: Literal["shop", "erp"]
    tag: str = Field(default="", pattern=r"^[A-Z0-9]{0,6}$")
    system: str | None = None


class RouteRow(_Strict):
    """`when`: an expression over the canonical record. `to`: names of systems, none for `not-routed`."""

    to: tuple[str, ...]
    when: str | None = None


class PolicyRow(_Strict):
    use: PolicyValue
    when: str | None = None


class Ownership(_Strict):
    """Which system is the master of an entity (`master`), and of single canonical fields (`fields`)."""

    master: str | None = None
    fields: dict[str, str] = Field(default_factory=dict)


Row = TypeVar("Row", RouteRow, PolicyRow)


def _route_rows(value: Any) -> Any:
    """A list of systems is one row for everything."""
    if isinstance(value, list) and not any(isinstance(each, dict) for each in value):
        return [{"to": value}]
    return value


def _policy_rows(value: Any) -> Any:
    return value if isinstance(value, list) else [{"use": value}]


def _in_order(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    if not rows or rows[-1].when is not None:
        raise ValueError("the last row has no `when`: it is for everything else")
    if any(row.when is None for row in rows[:-1]):
        raise ValueError("only the last row may be without `when`: the first that fits counts")
    return rows


Route = Annotated[tuple[RouteRow, ...], BeforeValidator(_route_rows), AfterValidator(_in_order)]
"""The first row that fits says where a document goes."""
Policy = Annotated[tuple[PolicyRow, ...], BeforeValidator(_policy_rows), AfterValidator(_in_order)]
"""One value for all, or rows of which the first that fits counts."""


class FlowFile(_Strict):
    """`flow.yaml`. routes: source system -> canonical entity -> target systems (empty: recorded as `not-routed`).

    Names of systems are those of `systems`.
    """

    flow: str
    title: str = ""
    mode: Mode
    start: Start
    notify_customers: bool = False
    systems: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")], FlowSystem]
    routes: dict[str, dict[str, Route]]
    policies: dict[str, Policy] = Field(default_factory=dict)
    ownership: dict[str, Ownership] = Field(default_factory=dict)
    settings: dict[str, Any] = Field(default_factory=dict)
    validation: dict[str, Any] = Field(default_factory=dict)

    @field_validator("policies", mode="before")
    @classmethod
    def _known_policies(cls, value: Any) -> Any:
        for name in value if isinstance(value, dict) else ():
            if name not in POLICIES:
                raise ValueError(f"there is no policy {name!r}{nearest(str(name), POLICIES)}")
        return value

    @field_validator("policies")
    @classmethod
    def _known_values(cls, value: dict[str, tuple[PolicyRow, ...]]) -> dict[str, tuple[PolicyRow, ...]]:
        for name, rows in value.items():
            spec = POLICIES[name]
            for row in rows:
                if row.use not in spec.values or isinstance(row.use, bool) != isinstance(spec.default, bool):
                    raise ValueError(f"{name}: {said(row.use)} is none of {', '.join(map(said, spec.values))}")
        return value

    def connector_of(self, name: str) -> str:
        """Which connector a system of the flow is reached by."""
        return self.systems[name].system or name


def said(value: PolicyValue) -> str:
    """As YAML writes it."""
    return str(value).lower() if isinstance(value, bool) else value


class SandboxEnv(_Strict):
    """The sandbox that stands in for the system; absent where the genuine system is meant."""

    seed: int = 7
    options: dict[str, Any] = Field(default_factory=dict)


class ShareEnv(_Strict):
    """What one process of each kind may use of an instance's budget, together at most the whole of it.

    tools: every command that a person runs beside the services.
    """

    ingress: float = Field(default=0.45, gt=0)
    sinks: float = Field(default=0.45, gt=0)
    tools: float = Field(default=0.1, gt=0)

    @model_validator(mode="before")
    @classmethod
    def _known(cls, value: Any) -> Any:
        for name in value if isinstance(value, dict) else ():
            if name in {"audit", "preview"}:
                raise ValueError(f"the share {name!r} is now part of 'tools', the share of all commands: name that")
            if name not in cls.model_fields:
                raise ValueError(f"there is no share {str(name)!r}{nearest(str(name), cls.model_fields)}")
        return value

    @model_validator(mode="after")
    def _within_one(self) -> Self:
        shares = self.model_dump()
        if (total := sum(shares.values())) > 1.0 + 1e-9:
            terms = (f"{k} {v:g}{'' if k in self.model_fields_set else ' (default)'}" for k, v in shares.items())
            raise ValueError(f"{' + '.join(terms)} = {total:g}, more than the whole budget; lower them to 1 or less")
        return self


class BudgetEnv(_Strict):
    """The whole budget of the instance, and how its callers share it. Fields that are not named are as the connector's
    spec has them; `per_minute: null` is no limit.
    """

    per_minute: float | None = Field(default=None, gt=0)
    concurrency: int = Field(default=4, ge=1)
    burst: int = Field(default=10, ge=1)
    share: ShareEnv = ShareEnv()


class SystemEnv(_Strict):
    """Where one system is. `settings` are the connector's own (see its README)."""

    settings: dict[str, Any] = Field(default_factory=dict)
    sandbox: SandboxEnv | None = None
    budget: BudgetEnv = BudgetEnv()


class CensusEnv(_Strict):
    """How often the orders of a shop are counted against the log. Times in seconds.

    recent: how far back the frequent census goes; it must exceed by what a shop's clock may be off. behind_per_minute:
    orders that the one behind it looks at in a minute.
    """

    interval: float = Field(default=120.0, gt=0)
    recent: float = Field(default=4 * 3600.0, gt=0)
    behind_interval: float = Field(default=3600.0, gt=0)
    behind_per_minute: float = Field(default=3000.0, gt=0)


class IngressEnv(_Strict):
    host: str = "127.0.0.1"
    port: int = 8080
    census: CensusEnv = CensusEnv()


class KafkaEnv(_Strict):
    bootstrap: str | None = None


class RegistryEnv(_Strict):
    url: str | None = None


class WebhookEnv(_Strict):
    """Where alerts are posted. `url` may be a reference: with many receivers it is a secret itself."""

    url: str = Field(pattern=r"^(https?://|env:|file:)")
    secret: str | None = Field(default=None, description="reference; the key of the signature")


class SmtpEnv(_Strict):
    """The mail server that takes alerts. Port 465 speaks TLS from the first byte."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    host: str
    port: int = 587
    starttls: bool = True
    user: str | None = None
    password: str | None = Field(default=None, description="reference")
    sender: str = Field(alias="from", pattern=r"^[^\s@]+@[^\s@]+$")
    to: list[str] = Field(min_length=1)

    @model_validator(mode="after")
    def _no_password_in_the_clear(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password go together")
        if self.user is not None and not self.starttls and self.port != 465:
            raise ValueError("a password over a connection without TLS: set starttls, or port 465")
        return self


class AlertsEnv(_Strict):
    """Who is told of alerts. Secrets stay references here; the alerts service alone resolves them."""

    min_priority: int = Field(default=1, ge=1)
    group_seconds: float = Field(default=60.0, gt=0)
    webhook: WebhookEnv | None = None
    smtp: SmtpEnv | None = None

    @property
    def has_targets(self) -> bool:
        return self.webhook is not None or self.smtp is not None


class EnvFile(_Strict):
    """`env/<name>.yaml`. What is absent comes from the environment (PENSTOCK_BOOTSTRAP, PENSTOCK_REGISTRY_URL)."""

    systems: dict[str, SystemEnv]
    ingress: IngressEnv = IngressEnv()
    kafka: KafkaEnv = KafkaEnv()
    registry: RegistryEnv = RegistryEnv()
    match_key: str = "env:PENSTOCK_MATCH_KEY"
    alerts: AlertsEnv | None = None
