"""Dated exchange rates with a declared rounding. No rate is ever guessed: too old a rate is an error."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from penstock.mapping.currencies import currency_exponent
from penstock.mapping.errors import BadValue, MappingError, MappingSyntaxError, Place, Problem, nearest
from penstock.mapping.rounding import CONTEXT, MODES, round_decimal
from penstock.mapping.yamltext import Block, load

_KEYS = ("doc", "base", "max_age_days", "rounding", "rates")


@dataclass(frozen=True, slots=True)
class Rates:
    """`days[i]` is the day from which `tables[i]` holds; one unit of `base` is worth `tables[i][currency]`.

    places: decimals of a converted amount, None for the target currency's own.
    """

    base: str
    days: tuple[date, ...]
    tables: tuple[Mapping[str, Decimal], ...]
    max_age_days: int
    mode: str
    places: int | None
    file: str

    def convert(self, amount: Decimal, source: str, target: str, day: date) -> Decimal:
        """`amount` of `source` in `target`, by the latest rate on or before `day`, rounded as declared.

        Equal currencies are left exactly as they are. Raises BadValue when there is no rate young enough.
        """
        if source == target:
            return amount
        rate = CONTEXT.divide(self._rate(target, day), self._rate(source, day))
        places = currency_exponent(target) if self.places is None else self.places
        return round_decimal(CONTEXT.multiply(amount, rate), places, self.mode)

    def _rate(self, currency: str, day: date) -> Decimal:
        if currency == self.base:
            return Decimal(1)
        at = bisect_right(self.days, day) - 1
        while at >= 0:
            age = (day - self.days[at]).days
            if age > self.max_age_days:
                break
            if currency in self.tables[at]:
                return self.tables[at][currency]
            at -= 1
        raise BadValue(
            f"no rate {self.base}/{currency} for {day.isoformat()} of at most {self.max_age_days} days",
            f"add one to {self.file}",
        )

    @classmethod
    def from_text(cls, text: str, file: str = "rates.yaml") -> Rates:
        """Reads a rates file. Raises MappingSyntaxError."""
        return _Reader(file, load(file, text)).read()


class _Reader:
    def __init__(self, file: str, root: dict[str, Block]) -> None:
        self._file = file
        self._root = root
        self._problems: list[Problem] = []

    def read(self) -> Rates:
        for key, block in self._root.items():
            if key not in _KEYS:
                self._wrong(block.line, f"unknown key {key!r}{nearest(key, _KEYS)}")
        base = self._currency(self._text("base"), 1)
        age = self._whole(self._text("max_age_days"), "max_age_days")
        mode, places = self._rounding()
        tables = dict(sorted(self._days().items()))
        if self._problems:
            raise MappingSyntaxError(self._problems)
        return Rates(base, tuple(tables), tuple(tables.values()), age, mode, places, self._file)

    def _rounding(self) -> tuple[str, int | None]:
        block = self._root.get("rounding")
        given = block.value if block else None
        if not isinstance(given, dict) or "mode" not in given:
            self._wrong(block.line if block else 1, f"`rounding: {{mode: …}}` is needed; modes: {', '.join(MODES)}")
            return "half_up", None
        mode = str(given["mode"].value)
        if mode not in MODES:
            self._wrong(given["mode"].line, f"unknown rounding mode {mode!r}{nearest(mode, MODES)}")
        places = given.get("places")
        return mode, None if places is None else self._whole(str(places.value), "places")

    def _days(self) -> dict[date, Mapping[str, Decimal]]:
        block = self._root.get("rates")
        if block is None or not isinstance(block.value, dict):
            self._wrong(1, "`rates:` with a day per line is needed")
            return {}
        days: dict[date, Mapping[str, Decimal]] = {}
        for day, line in block.value.items():
            if not isinstance(line.value, dict):
                self._wrong(line.line, "a day holds `CURRENCY: rate` pairs")
                continue
            try:
                days[date.fromisoformat(day)] = {
                    self._currency(code, rate.line): self._decimal(rate) for code, rate in line.value.items()
                }
            except ValueError:
                self._wrong(line.line, f"{day!r} is not a day like 2025-03-03")
        return days

    def _text(self, key: str) -> str:
        block = self._root.get(key)
        if block is None or not isinstance(block.value, str):
            self._wrong(block.line if block else 1, f"`{key}:` is needed")
            return ""
        return block.value

    def _currency(self, code: str, line: int) -> str:
        try:
            currency_exponent(code)
        except MappingError as error:
            self._wrong(line, error.reason)
        return code

    def _decimal(self, block: Block) -> Decimal:
        try:
            rate = Decimal(str(block.value))
        except InvalidOperation:
            rate = Decimal("NaN")
        if not rate.is_finite() or rate <= 0:
            self._wrong(block.line, f"{block.value!r} is not a rate above zero")
            return Decimal(1)
        return rate

    def _whole(self, text: str, key: str) -> int:
        if not text.isdecimal() or len(text) > 4:
            self._wrong(1, f"`{key}` must be a whole number")
            return 0
        return int(text)

    def _wrong(self, line: int, message: str) -> None:
        self._problems.append(Problem(Place(self._file, line), message))
