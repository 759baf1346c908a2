"""Random records that fit an Avro schema, for Hypothesis."""

from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import Any

from hypothesis import strategies as st

_WIDE = Context(prec=60)
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001 - the zone is added
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
)


def records(kind: Any, named: dict[str, Any] | None = None) -> st.SearchStrategy[Any]:
    """A strategy for values of an Avro type, as penstock's schemas use it."""
    named = {} if named is None else named
    match kind:
        case "string":
            return _TEXTS
        case "int":
            return st.integers(-(2**31), 2**31 - 1)
        case "long":
            return st.integers(-(2**63), 2**63 - 1)
        case "boolean":
            return st.booleans()
        case ["null", other]:
            return st.none() | records(other, named)
        case {"logicalType": "decimal", "scale": scale}:
            return st.integers(-(10**38) + 1, 10**38 - 1).map(lambda units: Decimal(units).scaleb(-scale, _WIDE))
        case {"logicalType": "timestamp-millis"}:
            return _MOMENTS
        case {"type": "record", "name": name, "fields": fields}:
            named[name] = kind
            return st.fixed_dictionaries({field["name"]: records(field["type"], named) for field in fields})
        case {"type": "array", "items": items}:
            return st.lists(records(items, named), max_size=3)
        case {"type": "map", "values": values}:
            return st.dictionaries(_TEXTS, records(values, named), max_size=3)
        case str():
            return records(named[kind], named)
    raise AssertionError(kind)
