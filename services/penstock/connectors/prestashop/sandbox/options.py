"""Options of the PrestaShop sandbox, as given on the command line or by a flow's environment file."""

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

DEFAULT_KEY = "PENSTOCKSANDBOXKEY00000000000001"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
VERSIONS = {"1.7": "1.7.7.4", "8": "8.2.5", "9": "9.1.4"}

Version = Literal["1.7", "8", "9"]
Permissions = Literal["*"] | dict[str, list[str] | Literal["*"]]


class Options(BaseModel):
    """All options with their defaults.

    `display_errors`: "unlocked" = the shop switches PHP's display_errors off by itself, so that each PHP warning is
    an error of the answer; "locked" = fixed by the server, warnings are swallowed (systems/prestashop.md 4).
    `keys`: webservice key to its rights, "*" or {resource: methods}; {} is a key without any right.
    `key_shops`: shops that a key is bound to. `webhook_keys`: the first one signs.
    """

    model_config = ConfigDict(extra="forbid")

    version: Version = "9"
    display_errors: Literal["unlocked", "locked"] = "unlocked"
    languages: int = Field(default=2, ge=1, le=3)
    time_zone: str = "Europe/Paris"
    keys: dict[str, Permissions] = {DEFAULT_KEY: "*"}
    inactive_keys: list[str] = []
    key_shops: dict[str, list[int]] = {}
    webservice_enabled: bool = True
    maintenance: bool = False
    webhook_url: str | None = None
    webhook_keys: list[str] = ["sandbox-webhook-secret"]
    webhook_on_api_writes: bool = True
    webhook_events: list[str] | None = None
    shop_id: int = Field(default=1, ge=1)
    place_order_start_id: int = Field(default=1, ge=1)
    multistore: Literal["off", "separate", "shared"] = "off"
    usd_rate: Decimal = Decimal("1.085000")
    time_scale: float = Field(default=1.0, gt=0)

    @property
    def modern(self) -> bool:
        """8.0 and later: PATCH, falsy fields dropped, conditional reads."""
        return self.version != "1.7"

    @property
    def warnings_shown(self) -> bool:
        return self.display_errors == "unlocked"

    def rights(self, key: str) -> dict[str, frozenset[str]] | Literal["*"] | None:
        """What a key may do; None when it is unknown or inactive. The case of a key does not matter."""
        wanted = key.casefold()
        if wanted in {name.casefold() for name in self.inactive_keys}:
            return None
        for name, given in self.keys.items():
            if name.casefold() == wanted:
                if given == "*":
                    return "*"
                return {
                    resource: frozenset(METHODS if methods == "*" else (method.upper() for method in methods))
                    for resource, methods in given.items()
                }
        return None

    def shops_of(self, key: str) -> list[int] | None:
        """Shops that a key is bound to; None = all."""
        return next((ids for name, ids in self.key_shops.items() if name.casefold() == key.casefold()), None)
