"""Options of the Sage 100 sandbox, as JSON on the command line or in an environment file."""

from datetime import time
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

MODULES = frozenset({"SO", "AR", "CI", "IM", "SY"})


class Options(BaseModel):
    """What a test or an environment may set. Unknown names are refused."""

    model_config = ConfigDict(extra="forbid")

    prefix: str = Field("/sage100/v1", pattern=r"^(/[A-Za-z0-9._-]+)*$")
    company: str = Field("ABC", pattern=r"^[A-Z0-9]{1,3}$")
    base_currency: str = Field("USD", pattern=r"^[A-Z]{3}$")
    """Seeded prices are in it; no field of the facade names it (systems/sage100.md 5.1)."""
    time_zone: str = "America/Chicago"

    auth: Literal["basic", "key", "token"] = "basic"
    username: str = "webshop"
    password: str = "sandbox-password"  # noqa: S105 - a sandbox's default
    api_key: str = "sandbox-api-key"
    token_seconds: float = Field(3600, gt=0)
    no_access: frozenset[str] = frozenset()
    """Modules (`SO`, `AR`, …) that the user may not enter."""

    rate_limit: int = Field(60, gt=0)
    """Requests a minute."""
    concurrency: int = Field(2, gt=0)
    work_seconds: float = Field(0.005, ge=0)
    """How long a request holds its seat before it is answered; divided by `time_scale`."""
    time_scale: float = Field(1.0, gt=0)
    """Multiplies the rate limit; divides Retry-After and the life of a token."""
    exclusive_window: str | None = None
    """`01:00-02:00`, local time: the facade answers 503 in it."""

    idempotency: bool = True
    """Whether the header `Idempotency-Key` is honoured; else it is not looked at."""
    credit: Literal["hold", "refuse", "off"] = "hold"
    """What becomes of an order over the limit: saved with OrderStatus `H`, refused, or nothing is checked."""

    @field_validator("no_access")
    @classmethod
    def _are_modules(cls, value: frozenset[str]) -> frozenset[str]:
        if unknown := value - MODULES:
            raise ValueError(f"no module {', '.join(sorted(unknown))}; there are: {', '.join(sorted(MODULES))}")
        return value

    @field_validator("exclusive_window")
    @classmethod
    def _is_a_window(cls, value: str | None) -> str | None:
        if value is not None:
            _window(value)
        return value

    def exclusive_hours(self) -> tuple[time, time] | None:
        """Begin and end of the nightly window; the end may lie on the next day."""
        return None if self.exclusive_window is None else _window(self.exclusive_window)


def _window(text: str) -> tuple[time, time]:
    begin, dash, end = text.partition("-")
    if not dash:
        raise ValueError("exclusive_window is written as 01:00-02:00")
    return time.fromisoformat(begin.strip()), time.fromisoformat(end.strip())
