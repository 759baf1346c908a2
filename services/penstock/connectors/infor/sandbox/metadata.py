"""`info`: keys and properties of an IDO, from its definition (systems/infor.md 4.5)."""

from penstock.connectors.infor.sandbox.load import Wire
from penstock.connectors.infor.sandbox.model import Ido, Prop
from penstock.connectors.infor.sandbox.values import Kind


def info(ido: Ido) -> Wire:
    """Answer an info: no `Success`, no `Message`. Joined properties do not say that they ignore writes."""
    return {
        "Keys": list(ido.keys),
        "Properties": [_property(prop) for prop in ido.props.values()],
        "SubCollections": [],
    }


def _property(prop: Prop) -> Wire:
    data_type, clr_type = prop.kind.value
    return {
        "Name": prop.name,
        "DataType": data_type,
        "ClrTypeName": clr_type,
        "Length": prop.length,
        "DecimalPos": 8 if prop.kind is Kind.DECIMAL else 0,
        "Required": prop.required,
        "ReadOnly": prop.read_only,
        "CaseFormat": "Upper" if prop.upper else None,
        "DefaultValue": prop.default,
    }
