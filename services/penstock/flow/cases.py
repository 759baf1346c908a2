"""Golden cases: what a rule or a mapping must make of given data, so written that a business analyst can add one.

```yaml
# flows/<flow>/cases/addresses.yaml
about: Addresses as our customers write them
rule: address                      # or `mapping: prestashop/order.to-canonical`; for the file, or in a case
base: {country_code: FR, city: Paris, line1: 1 Rue de la Paix}
cases:
  - case: an avenue is written out
    change: {line1: "12 bis, av. Foch"}      # the base with this changed; `given:` replaces the base
    expect: {line1: "12 bis, Avenue Foch"}   # only what is named is compared
  - case: a cost centre that nobody knows
    rule: decide cost-centre
    given: {country: FR}
    error: decides by shop, country          # part of the message
```

What goes into a mapping from canonical may hold `policies: {tax: line}`, over those of the flow.
Paths with dots reach inside (`lines.0.net`), in `change` and in `expect`. Numbers are written as texts or plain; in the
raw document of a mapping a plain whole number is a number. Pure: texts in, results out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from penstock.mapping.errors import MappingError, MappingSyntaxError, Place, Problem, nearest
from penstock.mapping.yamltext import Block, load

Runner = Callable[[Any], Any]
"""What makes the result of a case's given data."""

_FILE_KEYS = ("about", "rule", "mapping", "base", "cases")
_CASE_KEYS = ("case", "about", "rule", "mapping", "given", "change", "expect", "error")
_WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,17})")
_WORDS: Mapping[str, Any] = {"null": None, "~": None, "": None, "true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Case:
    """`runs` names the rule or mapping; `error` is part of the message that is expected instead of a result."""

    name: str
    file: str
    line: int
    kind: Literal["rule", "mapping"]
    runs: str
    given: Any
    expect: Any
    error: str | None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.name}"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """`problems` says what was expected and what came, field by field; empty when all is as expected."""

    case: Case
    problems: Sequence[str]

    @property
    def ok(self) -> bool:
        return not self.problems


def load_cases(file: str, text: str) -> list[Case]:
    """The cases of one file. Raises MappingSyntaxError with every problem found, placed."""
    return _Reader(file).read(load(file, text))


def run_case(case: Case, runners: Mapping[str, Runner]) -> CaseResult:
    """Runs a case by the runner of its rule or mapping."""
    runner = runners.get(case.runs)
    if runner is None:
        return CaseResult(case, [f"nothing runs {case.kind} {case.runs!r}{nearest(case.runs, runners)}"])
    try:
        result = runner(deepcopy(case.given))
    except (ValueError, LookupError, TypeError, MappingError) as error:
        if case.error is None:
            return CaseResult(case, [f"failed: {error}"])
        found = case.error in str(error)
        return CaseResult(case, [] if found else [f"failed with {str(error)!r}, expected {case.error!r}"])
    if case.error is not None:
        return CaseResult(case, [f"gave a result, expected the error {case.error!r}"])
    return CaseResult(case, list(differences(case.expect, result)))


def differences(expected: Any, actual: Any, path: str = "") -> list[str]:
    """What is not as expected. Of objects only the named fields count; lists must be of the same length."""
    where = path or "the result"
    if isinstance(expected, Mapping):
        return [
            problem
            for key, value in expected.items()
            for problem in differences(value, _inside(actual, key), f"{path}.{key}".lstrip("."))
        ]
    if isinstance(expected, list):
        if not isinstance(actual, list | tuple):
            return [f"{where}: expected a list, got {actual!r}"]
        if len(actual) != len(expected):
            return [f"{where}: expected {len(expected)} entries, got {len(actual)}: {actual!r}"]
        pairs = enumerate(zip(expected, actual, strict=True))
        return [problem for at, (want, got) in pairs for problem in differences(want, got, f"{path}.{at}".lstrip("."))]
    return [] if _same(expected, actual) else [f"{where}: expected {expected!r}, got {actual!r}"]


def _same(expected: Any, actual: Any) -> bool:
    """A text stands for what it means: `49.80` for the decimal, an ISO time for the time."""
    if not isinstance(expected, str) or isinstance(actual, str) or actual is None or isinstance(actual, bool):
        return bool(expected == actual)
    try:
        if isinstance(actual, datetime):
            return datetime.fromisoformat(expected) == actual
        if isinstance(actual, Decimal | int):
            return Decimal(expected) == actual
    except (ValueError, InvalidOperation):
        return False
    return expected == str(actual)


_ABSENT = "(not there)"


def _inside(data: Any, path: str) -> Any:
    """The value at a path; a key that itself holds dots comes first."""
    if isinstance(data, Mapping) and path in data:
        return data[path]
    head, _, rest = path.partition(".")
    if isinstance(data, Mapping):
        found = data.get(head, _ABSENT)
    elif isinstance(data, list | tuple) and head.isdecimal() and int(head) < len(data):
        found = data[int(head)]
    else:
        return _ABSENT
    return _inside(found, rest) if rest else found


def changed(data: Any, path: str, value: Any) -> None:
    """Sets the value at a path inside `data`. Raises LookupError when the way there does not exist."""
    head, _, rest = path.partition(".")
    key: Any = int(head) if isinstance(data, list) and head.isdecimal() else head
    if rest:
        changed(data[key], rest, value)
    elif isinstance(data, Mapping) or (isinstance(data, list) and isinstance(key, int) and key < len(data)):
        data[key] = value  # type: ignore[index]  # the Mapping is a dict that was made here
    else:
        raise LookupError(path)


class _Reader:
    def __init__(self, file: str) -> None:
        self._file = file
        self._problems: list[Problem] = []
        self._whole: dict[str, Block] = {}

    def read(self, root: dict[str, Block]) -> list[Case]:
        self._whole = root
        self._refuse_unknown(root, _FILE_KEYS, "a file of cases")
        listed = root.get("cases")
        cases: list[Case] = []
        if listed is None or not isinstance(listed.value, list):
            self._wrong(listed.line if listed else 1, "`cases:` is a list of cases")
        else:
            cases = [case for block in listed.value if (case := self._case(block)) is not None]
        names = [case.name for case in cases]
        for case in cases:
            if names.count(case.name) > 1:
                self._wrong(case.line, f"two cases are named {case.name!r}")
        if self._problems:
            raise MappingSyntaxError(self._problems)
        return cases

    def _case(self, block: Block) -> Case | None:
        if not isinstance(block.value, dict) or "case" not in block.value:
            self._wrong(block.line, "a case begins with `- case: what it shows`")
            return None
        own = block.value
        self._refuse_unknown(own, _CASE_KEYS, "a case")
        kind, runs = self._runs(own, block.line)
        numbers = kind == "mapping"
        error = own.get("error")
        if ("expect" in own) == (error is not None):
            self._wrong(block.line, "a case has `expect:` or `error:`, one of them")
        return Case(
            name=str(own["case"].value),
            file=self._file,
            line=block.line,
            kind=kind,
            runs=runs,
            given=self._given(own, block.line, numbers=numbers),
            expect=_plain(own["expect"], numbers=False) if "expect" in own else None,
            error=None if error is None else str(error.value),
        )

    def _runs(self, own: dict[str, Block], line: int) -> tuple[Literal["rule", "mapping"], str]:
        for blocks in (own, self._whole):
            kinds = [kind for kind in ("rule", "mapping") if kind in blocks]
            if len(kinds) == 1:
                name = str(blocks[kinds[0]].value)
                return ("rule", name) if kinds[0] == "rule" else ("mapping", name)
            if kinds:
                break
        self._wrong(line, "a case runs a `rule:` or a `mapping:`, one of them")
        return "rule", ""

    def _given(self, own: dict[str, Block], line: int, *, numbers: bool) -> Any:
        start = own.get("given", self._whole.get("base"))
        if start is None:
            self._wrong(line, "a case needs `given:`, or the file a `base:`")
            return None
        data = _plain(start, numbers=numbers)
        change = own.get("change")
        if change is not None and not isinstance(change.value, dict):
            self._wrong(change.line, "`change` has `path: value` lines")
        elif change is not None and isinstance(change.value, dict):
            for path, value in change.value.items():
                try:
                    changed(data, path, _plain(value, numbers=numbers))
                except (LookupError, TypeError):
                    self._wrong(value.line, f"{path!r} leads nowhere in what is given")
        return data

    def _refuse_unknown(self, blocks: dict[str, Block], known: Sequence[str], what: str) -> None:
        for key, block in blocks.items():
            if key not in known:
                self._wrong(block.line, f"{what} has no {key!r}{nearest(key, known)}")

    def _wrong(self, line: int, message: str) -> None:
        self._problems.append(Problem(Place(self._file, line), message))


def _plain(block: Block, *, numbers: bool) -> Any:
    """Data of a block: texts, null, true and false, and where `numbers` also whole numbers."""
    value = block.value
    if isinstance(value, dict):
        return {key: _plain(item, numbers=numbers) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, numbers=numbers) for item in value]
    if block.quoted:
        return value
    if value in _WORDS:
        return _WORDS[value]
    return int(value) if numbers and _WHOLE.fullmatch(value) else value
