"""Who may call: keys, rights, methods, in the order in which the webservice checks them (systems/prestashop.md 1)."""

import base64
import binascii
from dataclasses import dataclass

from penstock.connectors.prestashop.sandbox.call import Call, check_group
from penstock.connectors.prestashop.sandbox.errors import ApiError, BareAnswer, Refused, did_you_mean, refuse
from penstock.connectors.prestashop.sandbox.options import METHODS
from penstock.connectors.prestashop.sandbox.shop import Shop

KEY_LENGTH = 32
REALM = "Welcome to PrestaShop Webservice, please enter the authentication key as the login. No password required."
CHALLENGE = {"WWW-Authenticate": f'Basic realm="{REALM}"'}


class KeyRefused(Refused):
    """The key is no good: 401 with a challenge, and PSWS-Version 0."""


@dataclass(frozen=True, slots=True)
class Access:
    """A known key and what it may do with each resource."""

    key: str
    rights: dict[str, frozenset[str]]

    def methods(self, resource: str) -> frozenset[str]:
        return self.rights.get(resource, frozenset())


def authenticate(shop: Shop, call: Call) -> Access:
    """The key of the call. BareAnswer without credentials, KeyRefused for a bad key."""
    key = _basic_user(call.headers.get("authorization", ""))
    if key is None:
        key = call.params.get("ws_key")
    if key is None:
        if call.method == "OPTIONS" and shop.options.version == "9":
            raise BareAnswer(200, "200 OK", {})
        raise BareAnswer(401, "401 Unauthorized", CHALLENGE)
    if not shop.options.webservice_enabled:
        raise refuse(503, 22, "The PrestaShop webservice is disabled. Please activate it in the PrestaShop Back Office")
    if key == "":
        raise KeyRefused(ApiError(401, 17, "Authentication key is empty"))
    if len(key) != KEY_LENGTH:
        raise KeyRefused(ApiError(401, 18, "Invalid authentication key format"))
    rights = shop.options.rights(key)
    no_permission = ApiError(401, 21, "No permission for this authentication key")
    if rights is None:
        raise KeyRefused(ApiError(401, 20, "Authentification key is not active"), no_permission)
    if not rights:
        raise KeyRefused(no_permission)
    if rights == "*":
        rights = {"*": frozenset(METHODS)}
    everything = rights.get("*", frozenset())
    granted = {name: everything | rights.get(name, frozenset()) for name in shop.resources}
    return Access(key, {name: methods for name, methods in granted.items() if methods})


def check_call(shop: Shop, call: Call, access: Access) -> None:
    """Shop group, shop of the key, resource, method, in this order."""
    check_group(call, shop.options)
    bound = shop.options.shops_of(access.key)
    if bound is not None and call.id_shop not in bound:
        raise refuse(403, 132, "No permission for this key on this shop")
    if call.resource and call.resource not in access.rights:
        if call.resource in shop.resources:
            text = f'Resource of type "{call.resource}" is not allowed with this authentication key'
            raise refuse(401, 26, text)
        known = sorted(access.rights)
        text = f'Resource of type "{call.resource}" does not exists. {did_you_mean(call.resource, known)}'
        raise refuse(400, 27, text)
    known_methods = METHODS if shop.options.modern else tuple(name for name in METHODS if name != "PATCH")
    if call.method not in known_methods:
        raise refuse(405, 23, f"Method {call.method} is not valid")
    if not call.resource:
        return
    if call.method in shop.resources[call.resource].forbidden:
        raise refuse(405, 101, f"Method {call.method} is not allowed for the resource {call.resource}")
    if call.method not in access.methods(call.resource):
        text = f"Method {call.method} is not allowed for the resource {call.resource} with this authentication key"
        raise refuse(405, 25, text)


def _basic_user(header: str) -> str | None:
    """The user of a Basic header; None for none, and for any other scheme."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(token, validate=True).decode("latin-1").partition(":")[0]
    except (binascii.Error, ValueError):
        return None
