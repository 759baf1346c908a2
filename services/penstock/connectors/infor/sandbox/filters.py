"""The filter subset of `load`, as parametrised SQL (systems/infor.md 4.2).

Comparison, LIKE, IN, AND, OR, NOT, IS NULL; literals 'x' and N'x', for numbers and flags too; GETDATE() and DATEADD()
and nothing else. NULL equals nothing. Text compares case-sensitively and trailing spaces do not count: text columns
are `COLLATE RTRIM`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from penstock.connectors.infor.sandbox.datemath import add_to_date
from penstock.connectors.infor.sandbox.model import Prop
from penstock.connectors.infor.sandbox.tokens import IllegalFilterError, Token, tokens
from penstock.connectors.infor.sandbox.values import (
    IdoError,
    Kind,
    ParseError,
    Stored,
    parse,
    read_moment,
    show_moment,
)

_MAX_DEPTH = 50
_MAX_CONDITIONS = 400
_NUMERIC = (Kind.LONG, Kind.FLAG, Kind.DECIMAL)


@dataclass(slots=True)
class Where:
    """A condition in SQL, its parameters, and the joins that its properties need."""

    sql: str
    params: list[Stored]
    joins: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Operand:
    """One side of a comparison: a property, or a constant (`moment`: it came from GETDATE or DATEADD)."""

    prop: Prop | None = None
    text: str | None = None
    moment: bool = False


def compile_filter(text: str, props: Mapping[str, Prop], now: datetime, *, bare_numbers: bool) -> Where:
    """Turn a filter into SQL. `now` is the site's local time. Raises IllegalFilterError, ParseError or IdoError."""
    parser = _Parser(tokens(text), props, now, bare_numbers)
    sql = parser.whole()
    return Where(sql, parser.params, parser.joins)


class _Parser:
    def __init__(self, found: list[Token], props: Mapping[str, Prop], now: datetime, bare_numbers: bool) -> None:
        self._tokens = found
        self._props = props
        self._now = now
        self._bare_numbers = bare_numbers
        self._at = 0
        self._depth = 0
        self._conditions = 0
        self.params: list[Stored] = []
        self.joins: set[str] = set()

    def whole(self) -> str:
        sql = self._either()
        if self._peek.kind != "end":
            raise self._unexpected()
        return sql

    @property
    def _peek(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _skip(self, mark: str) -> bool:
        if self._peek.kind == "mark" and self._peek.text == mark:
            self._at += 1
            return True
        return False

    def _skip_word(self, word: str) -> bool:
        if self._peek.is_word(word):
            self._at += 1
            return True
        return False

    def _expect(self, mark: str) -> None:
        if not self._skip(mark):
            raise self._unexpected()

    def _unexpected(self) -> IllegalFilterError:
        token = self._peek
        if token.kind == "arithmetic":
            return IllegalFilterError(f"arithmetic is not allowed, {token}")
        if token.kind == "number":
            return IllegalFilterError(f"a number must be written as a string literal, {token}")
        if token.is_word("SELECT", "EXISTS"):
            return IllegalFilterError(f"subqueries are not allowed, {token}")
        if token.is_word("BETWEEN"):
            return IllegalFilterError(f"BETWEEN is not allowed, {token}")
        return IllegalFilterError(f"unexpected {token}")

    def _either(self) -> str:
        parts = [self._all()]
        while self._skip_word("OR"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else f"({' OR '.join(parts)})"

    def _all(self) -> str:
        parts = [self._negated()]
        while self._skip_word("AND"):
            parts.append(self._negated())
        return parts[0] if len(parts) == 1 else f"({' AND '.join(parts)})"

    def _negated(self) -> str:
        negations = 0
        while self._skip_word("NOT"):
            negations += 1
        inner = self._primary()
        return f"(NOT {inner})" if negations % 2 else inner

    def _primary(self) -> str:
        if not self._skip("("):
            return self._condition()
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise IllegalFilterError(f"more than {_MAX_DEPTH} parentheses inside each other")
        inner = self._either()
        self._expect(")")
        self._depth -= 1
        return f"({inner})"

    def _condition(self) -> str:
        self._conditions += 1
        if self._conditions > _MAX_CONDITIONS:
            raise IllegalFilterError(f"more than {_MAX_CONDITIONS} conditions")
        left = self._operand()
        if self._skip_word("IS"):
            negated = self._skip_word("NOT")
            if not self._skip_word("NULL"):
                raise self._unexpected()
            return f"{self._sql(left, left)} IS {'NOT ' if negated else ''}NULL"
        negated = self._skip_word("NOT")
        if self._skip_word("LIKE"):
            sql = self._like(left)
        elif self._skip_word("IN"):
            sql = self._in(left)
        elif not negated and self._peek.kind == "op":
            return self._comparison(left)
        else:
            raise self._unexpected()
        return f"(NOT {sql})" if negated else sql

    def _comparison(self, left: _Operand) -> str:
        written = self._next().text
        operator = {"!=": "<>", "!<": ">=", "!>": "<="}.get(written, written)
        right = self._operand()
        if left.prop and right.prop and not _comparable(left.prop.kind, right.prop.kind):
            raise IllegalFilterError(f"[{left.prop.name}] and [{right.prop.name}] are of different types")
        scaled = _scales(left, right)
        return f"{self._sql(left, right, scaled[0])} {operator} {self._sql(right, left, scaled[1])}"

    def _in(self, left: _Operand) -> str:
        self._expect("(")
        given = [self._constant()]
        while self._skip(","):
            given.append(self._constant())
        self._expect(")")
        tested = self._sql(left, left)
        return f"{tested} IN ({', '.join(self._sql(item, left) for item in given)})"

    def _constant(self) -> _Operand:
        item = self._operand()
        if item.prop:
            raise IllegalFilterError(f"IN takes literals only, not [{item.prop.name}]")
        return item

    def _like(self, left: _Operand) -> str:
        if left.prop and left.prop.kind is not Kind.TEXT:
            raise IllegalFilterError(f"LIKE needs text, [{left.prop.name}] is {left.prop.kind.value[0]}")
        tested = self._sql(left, left)
        pattern = self._constant()
        self.params.append(None if pattern.text is None else _glob(pattern.text.rstrip(" ")))
        return f"rtrim({tested}, ' ') GLOB ?"

    def _operand(self) -> _Operand:
        token = self._peek
        if token.kind == "string":
            self._at += 1
            return _Operand(text=_literal(token.text))
        if self._bare_numbers and (token.kind == "number" or token.text == "-"):
            sign = "-" if self._next().kind == "arithmetic" else ""
            number = self._next() if sign else token
            if number.kind != "number":
                raise IllegalFilterError(f"unexpected {number}")
            return _Operand(text=sign + number.text)
        if token.is_word("NULL"):
            self._at += 1
            return _Operand()
        if token.is_word("GETDATE", "DATEADD"):
            return _Operand(text=show_moment(self._moment()), moment=True)
        if token.kind != "name" or token.is_word("NOT", "AND", "OR", "SELECT", "EXISTS", "BETWEEN", "LIKE", "IN", "IS"):
            raise self._unexpected()
        self._at += 1
        if self._peek.text == "(":
            raise IllegalFilterError(f"the function {token} is not allowed")
        if token.text not in self._props:
            raise IdoError(f"The property [{token.text}] was not found.")
        return _Operand(prop=self._props[token.text])

    def _moment(self) -> datetime:
        """GETDATE(), DATEADD(part, whole number, moment), or a date literal inside of DATEADD."""
        token = self._next()
        if token.kind == "string":
            return read_moment(str(parse(Kind.DATE, _literal(token.text))))
        if token.is_word("GETDATE"):
            self._expect("(")
            self._expect(")")
            return self._now
        if not token.is_word("DATEADD"):
            self._at -= 1
            raise self._unexpected()
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise IllegalFilterError(f"more than {_MAX_DEPTH} calls inside each other")
        self._expect("(")
        part = self._next()
        self._expect(",")
        sign = -1 if self._peek.text == "-" else 1
        if self._peek.text in {"-", "+"}:
            self._at += 1
        count = self._next()
        if count.kind != "number" or not count.text.isdigit() or len(count.text) > 9:
            raise IllegalFilterError(f"DATEADD needs a whole number, not {count}")
        self._expect(",")
        moment = self._moment()
        self._expect(")")
        self._depth -= 1
        return add_to_date(part.text, sign * int(count.text), moment)

    def _sql(self, side: _Operand, other: _Operand, factor: str = "") -> str:
        """SQL of one side; a constant is read as the type of the property on the other side."""
        if side.prop:
            if side.prop.join:
                self.joins.add(side.prop.join)
            return side.prop.sql + factor
        self.params.append(_value(side, other.prop))
        return "?"


def _value(side: _Operand, beside: Prop | None) -> Stored:
    if side.text is None:
        return None
    if beside is None or beside.kind is Kind.TEXT:
        return side.text.rstrip(" ")
    if side.moment and beside.kind is not Kind.DATE:
        raise ParseError(side.text)
    value = parse(beside.kind, side.text.strip(" "))
    if value is None:  # '' is no number and no date
        raise ParseError(side.text)
    return value


def _comparable(one: Kind, other: Kind) -> bool:
    return one is other or (one in _NUMERIC and other in _NUMERIC)


def _scales(left: _Operand, right: _Operand) -> tuple[str, str]:
    """A decimal is stored scaled; a whole number beside it must be brought to the same scale."""
    if left.prop and right.prop and left.prop.kind is not right.prop.kind:
        if left.prop.kind is Kind.DECIMAL:
            return "", " * 100000000"
        if right.prop.kind is Kind.DECIMAL:
            return " * 100000000", ""
    return "", ""


def _literal(token: str) -> str:
    """The text of 'x' or N'x'. Without the N, what Latin-1 lacks becomes a question mark, as in the database."""
    national = token[0] in "Nn"
    text = token[2 if national else 1 : -1].replace("''", "'")
    return text if national else text.encode("latin-1", "replace").decode("latin-1")


def _glob(pattern: str) -> str:
    """LIKE's `%`, `_` and `[…]` as SQLite's case-sensitive GLOB."""
    made: list[str] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        end = pattern.find("]", at + 2) if char == "[" else -1
        if end > 0:
            made.append(pattern[at : end + 1])
            at = end
        else:
            made.append({"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}.get(char, char))
        at += 1
    return "".join(made)
