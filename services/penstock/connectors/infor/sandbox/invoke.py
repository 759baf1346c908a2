"""`invoke`: the two methods of SLShipments; positional strings in and out (systems/infor.md 4.4)."""

from collections.abc import Callable, Mapping
from typing import Any

from penstock.connectors.infor.sandbox.idos.shipping import SHIPMENTS
from penstock.connectors.infor.sandbox.load import Wire
from penstock.connectors.infor.sandbox.model import Ido
from penstock.connectors.infor.sandbox.site import Site
from penstock.connectors.infor.sandbox.tables import Row
from penstock.connectors.infor.sandbox.values import IdoError

GOOD, REFUSED = "0", "16"


def invoke(site: Site, ido: Ido, method: str, body: Any) -> Wire:
    """Answer an invoke. A refusal by the method is `ReturnValue` "16" with the text in Infobar. Raises IdoError."""
    found = _METHODS.get((ido.name, method))
    if found is None:
        raise IdoError(f"The method [{method}] was not found in {ido.name}.")
    count, call = found
    if not isinstance(body, list) or not all(isinstance(item, str) for item in body):
        raise IdoError("The request body must be an array of strings.")
    if len(body) != count:
        raise IdoError(f"The method [{method}] takes {count} parameters, {len(body)} were given.")
    row = _shipment(site, body[0])
    if row is None:
        outputs = ["" for _ in body[1:-1]] + [f"Shipment [{body[0]}] is not on file."]
        return _answer([body[0], *outputs], REFUSED)
    return _answer([body[0], *call(row), ""], GOOD)


def _info(row: Row) -> list[str]:
    return [str(row[name] or "") for name in ("Status", "CustNum", "TrackingNumber")]


def _tracking_url(row: Row) -> list[str]:
    number = row["TrackingNumber"]
    return [f"https://carrier.example/track/{row['ShipCode']}/{number}" if number else ""]


_METHODS: Mapping[tuple[str, str], tuple[int, Callable[[Row], list[str]]]] = {
    ("SLShipments", "GetShipmentInfoSp"): (5, _info),
    ("SLShipments", "GetShipmentTrackingURLSp"): (3, _tracking_url),
}


def _shipment(site: Site, number: str) -> Row | None:
    digits = number.strip()
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 9:
        return None
    return site.tables.find(SHIPMENTS, ShipmentId=int(digits))


def _answer(parameters: list[str], code: str) -> Wire:
    return {"Message": None, "Success": True, "Parameters": parameters, "ReturnValue": code}
