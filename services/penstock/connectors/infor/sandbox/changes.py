"""The body of `update`: members are checked strictly, only the first Change counts (systems/infor.md 4.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from penstock.connectors.infor.sandbox.values import IdoError

_BODY = frozenset({"Changes", "IDOName", "RefreshAfterSave", "CustomInsert", "CustomUpdate", "CustomDelete"})
_CHANGE: Mapping[str, type] = {
    "Action": int,
    "ItemId": str,
    "ItemNo": int,
    "Properties": list,
    "UpdateLocking": int,
}
_PROPERTY_OPTIONAL = frozenset({"OriginalValue", "IsNull", "IsNestedCollection"})


@dataclass(frozen=True, slots=True)
class Sent:
    """One property as sent. `value` None is null; `original` None: not sent."""

    name: str
    value: str | None
    original: str | None
    modified: bool


@dataclass(frozen=True, slots=True)
class Change:
    """`action` 1 insert, 2 update, 3 nothing, 4 delete; `by_property`: UpdateLocking 1."""

    action: int
    item_id: str
    item_no: int
    by_property: bool
    sent: tuple[Sent, ...]


def first_change(body: Any) -> Change | None:
    """The first Change of a request body; the rest is ignored, as the service does. Raises IdoError."""
    if not isinstance(body, dict):
        raise IdoError("The request body must be an object with the member [Changes].")
    _refuse_unknown(body, _BODY, "the request")
    changes = body.get("Changes")
    if not isinstance(changes, list):
        raise IdoError("The member [Changes] must be an array.")
    return _change(changes[0]) if changes else None


def _change(given: Any) -> Change:
    if not isinstance(given, dict):
        raise IdoError("A Change must be an object.")
    _refuse_unknown(given, frozenset(_CHANGE), "a Change")
    for name, wanted in _CHANGE.items():
        if not isinstance(given.get(name), wanted) or isinstance(given[name], bool):
            raise IdoError(f"The member [{name}] of a Change is missing or not of the right type.")
    if given["Action"] not in {1, 2, 3, 4}:
        raise IdoError(f"The Action [{given['Action']}] is not valid.")
    if given["UpdateLocking"] not in {0, 1}:
        raise IdoError(f"The UpdateLocking [{given['UpdateLocking']}] is not valid.")
    sent = tuple(_sent(item) for item in given["Properties"])
    names = [item.name for item in sent]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise IdoError(f"The property [{twice}] is given more than once.")
    return Change(given["Action"], given["ItemId"], given["ItemNo"], given["UpdateLocking"] == 1, sent)


def _sent(given: Any) -> Sent:
    if not isinstance(given, dict):
        raise IdoError("A property must be an object.")
    _refuse_unknown(given, _PROPERTY_OPTIONAL | {"Name", "Value", "Modified"}, "a property")
    name = given.get("Name")
    if not isinstance(name, str) or not name:
        raise IdoError("The member [Name] of a property is missing or not of the right type.")
    original, is_null = given.get("OriginalValue"), given.get("IsNull", False)
    if "Value" not in given or not isinstance(given["Value"], str | None):
        raise IdoError(f"The member [Value] of the property [{name}] is missing or not a string.")
    if not isinstance(given.get("Modified"), bool):
        raise IdoError(f"The member [Modified] of the property [{name}] is missing or not true or false.")
    if not isinstance(is_null, bool) or not isinstance(original, str | None):
        raise IdoError(f"A member of the property [{name}] is not of the right type.")
    if given.get("IsNestedCollection", False) is not False:
        raise IdoError(f"The property [{name}] is not a nested collection.")
    if given["Value"] is None and not is_null:
        raise IdoError(f"The Value of the property [{name}] is null, but IsNull is not true.")
    return Sent(name, None if is_null else given["Value"], original, given["Modified"])


def _refuse_unknown(given: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    for name in given:
        if name not in known:
            raise IdoError(f"Could not find member [{name}] of {where}.")
