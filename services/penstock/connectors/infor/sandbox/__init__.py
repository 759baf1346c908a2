"""The Infor sandbox: a CSI site behind the ION API gateway, as systems/infor.md 1, 4, 6 and 7 describe them.

It knows nothing of our connector: both are written from the same facts.
"""

import time
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from penstock.connectors.infor.sandbox.actions import actions
from penstock.connectors.infor.sandbox.answers import reply
from penstock.connectors.infor.sandbox.gateway import TOKEN_EXPIRED, Gateway
from penstock.connectors.infor.sandbox.limits import Limits
from penstock.connectors.infor.sandbox.oauth import Tokens
from penstock.connectors.infor.sandbox.options import Options
from penstock.connectors.infor.sandbox.seed import seed_site
from penstock.connectors.infor.sandbox.site import Site
from penstock.connectors.infor.sandbox.state import collections
from penstock.sandbox.clock import SandboxClock
from penstock.sandbox.engine import Sandbox, SandboxApp
from penstock.sandbox.faults import FaultBox
from penstock.sandbox.storage import Storage

__all__ = ["create", "ionapi"]

_ALL_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create(data: Path | None, seed: int, options: dict[str, Any]) -> SandboxApp:
    """The sandbox as an ASGI application. `data`: folder of its database, None: in memory.

    Raises pydantic.ValidationError for an unknown option.
    """
    settings = Options.model_validate(options)
    clock = SandboxClock(settings.time_zone)
    faults = FaultBox(seed, {TOKEN_EXPIRED})
    storage = Storage(data / "infor.sqlite" if data else None)
    sandbox = Sandbox("infor", storage, clock, faults, time_scale=settings.time_scale)
    site = Site(storage, clock, settings)
    seed_site(site, seed)
    tokens = Tokens(storage, settings, time.time)
    gateway = Gateway(site, tokens, Limits(settings, time.monotonic), faults)
    sandbox.collections.update(collections(site, tokens))
    sandbox.actions.update(actions(site, faults))

    async def credentials(request: Request) -> Response:
        return reply(ionapi(str(request.base_url), options))

    return sandbox.app(
        [
            Route("/_sandbox/ionapi", credentials),
            Route("/{path:path}", gateway.handle, methods=_ALL_METHODS),
        ]
    )


def ionapi(base_url: str, options: dict[str, Any] | None = None) -> dict[str, str]:
    """Content of the `.ionapi` file of this sandbox (systems/infor.md 1.1), for one that listens at `base_url`."""
    settings = Options.model_validate(options or {})
    base = base_url.rstrip("/")
    return {
        "ti": settings.tenant,
        "cn": "penstock sandbox",
        "ci": settings.client_id,
        "cs": settings.client_secret,
        "iu": base,
        "pu": f"{base}/{settings.tenant}/as/",
        "oa": "authorization.oauth2",
        "ot": "token.oauth2",
        "or": "revoke_token.oauth2",
        "ev": "SANDBOX",
        "v": "1.0",
        "saak": settings.saak,
        "sask": settings.sask,
    }
