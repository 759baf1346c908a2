"""Why a field has its value: every expression of one run with its inputs, its calls and its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as with_default
from typing import Any

from penstock.mapping.env import MappingEnv
from penstock.mapping.source import Expression

HIDDEN = "•••"


@dataclass(slots=True)
class Step:
    """One expression. role: field, let, when, where or for. Values are as they were, unless secret (`•••`)."""

    field: str
    role: str
    expression: str
    file: str
    line: int
    inputs: list[tuple[str, Any]] = with_default(default_factory=list)
    calls: list[tuple[str, list[Any], Any]] = with_default(default_factory=list)
    result: Any = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The steps of a run, in order, and what it made; `record` is None when it failed."""

    mapping: str
    steps: tuple[Step, ...]
    record: dict[str, Any] | None
    error: str | None


class StoppedError(Exception):
    """An expression failed that everything after it needs."""


class Trace:
    """Told by the traced form of a mapping what happens.

    `place` turns an exception of this run into its text; `secrets` are field names that must not be shown.
    """

    def __init__(self, describe: Callable[[Exception], str], secrets: frozenset[str]) -> None:
        self.steps: list[Step] = []
        self.failed = False
        self._describe = describe
        self._secrets = secrets
        self._rows: list[int] = []
        self._open: list[Step] = []
        self._secret: list[bool] = []

    def begin(self) -> None:
        self._rows.append(-1)

    def row(self) -> None:
        self._rows[-1] += 1

    def end(self) -> None:
        self._rows.pop()

    def run(self, expression: Expression, role: str, work: Callable[[], Any]) -> Any:
        """Does the work of one expression and records it. A failed field is null and the run goes on."""
        place = expression.place
        step = Step(self._numbered(place.field), role, expression.text, place.file, place.line)
        self.steps.append(step)
        self._open.append(step)
        self._secret.append(False)
        try:
            result = work()
        except StoppedError:
            raise
        except Exception as error:
            self.failed = True
            step.error = HIDDEN if self._secret[-1] else self._describe(error)
            if role != "field":
                raise StoppedError from error
            return None
        finally:
            self._open.pop()
            hidden = self._secret.pop()
        step.result = HIDDEN if hidden else result
        return result

    def read(self, path: str, value: Any) -> Any:
        if self._is_secret(path):
            self._secret[-1] = True
            self._open[-1].inputs.append((path, HIDDEN))
        else:
            self._open[-1].inputs.append((path, value))
        return value

    def call(self, name: str, target: Callable[..., Any], *args: Any, **named: Any) -> Any:
        result = target(*args, **named)
        shown = [value for value in (*args, *named.values()) if not isinstance(value, MappingEnv)]
        hidden = self._secret[-1]
        self._open[-1].calls.append((name, [HIDDEN] * len(shown) if hidden else shown, HIDDEN if hidden else result))
        return result

    def _is_secret(self, path: str) -> bool:
        return any(part.lower() in self._secrets for part in path.replace("[", ".").split("."))

    def _numbered(self, template: str) -> str:
        for row in self._rows:
            template = template.replace("[]", f"[{row}]", 1)
        return template
