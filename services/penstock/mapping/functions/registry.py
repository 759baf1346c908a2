"""What a mapping function is: a pure Python function with kinds, a sentence and examples.

A package adds its own: write a function, describe it with `function(...)`, and give `FUNCTIONS.extended([it])` to
`compile_mapping`. It gets plain values, returns one, raises `BadValue` for a value it cannot take, and gives null for a
null first argument. It does no I/O and reads no clock.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from penstock.mapping.errors import nearest

KINDS = frozenset({"text", "number", "decimal", "integer", "boolean", "timestamp", "date", "list", "object", "any"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """`kind` is one of KINDS; `default` is how the default is written, None when the argument is needed."""

    name: str
    kind: str
    default: str | None = None
    many: bool = False
    named: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """One entry of the table.

    needs_env: `call` gets the MappingEnv before the arguments. special: the engine itself works it out (arguments are
    not evaluated first). reads_shape: looks at how many rows there are, not at what is in them. places: a decimal
    result has no more decimals than this.
    """

    name: str
    call: Callable[..., Any]
    group: str
    parameters: tuple[Parameter, ...]
    returns: str
    doc: str
    examples: Mapping[str, str]
    needs_env: bool = False
    special: bool = False
    reads_shape: bool = False
    places: int | None = None

    @property
    def signature(self) -> str:
        """As the docs show it: `left(value: text, length: integer) -> text`."""
        shown = ", ".join(_shown(parameter) for parameter in self.parameters)
        return f"{self.name}({shown}) -> {self.returns}"

    def misuse(self, count: int, named: Iterable[str]) -> str:
        """What is wrong with a call of `count` arguments and these named ones; empty when nothing is."""
        many = any(parameter.many and not parameter.named for parameter in self.parameters)
        any_name = any(parameter.many and parameter.named for parameter in self.parameters)
        plain = [parameter for parameter in self.parameters if not parameter.many]
        given = {parameter.name for parameter in plain[:count]}
        for name in named:
            if name in given:
                return f"{name} is given twice"
            if not any_name and name not in {parameter.name for parameter in plain}:
                return f"it has no argument {name!r}{nearest(name, (parameter.name for parameter in plain))}"
            given.add(name)
        if count > len(plain) and not many:
            return f"it takes at most {len(plain)} arguments, not {count}"
        missing = [parameter.name for parameter in plain if parameter.default is None and parameter.name not in given]
        return f"it needs {', '.join(missing)}" if missing else ""


def _shown(parameter: Parameter) -> str:
    if parameter.many:
        return f"{parameter.name}: {parameter.kind}, …"
    default = "" if parameter.default is None else f" = {parameter.default}"
    return f"{parameter.name}: {parameter.kind}{default}"


class FunctionTable:
    """Functions by name."""

    def __init__(self, functions: Iterable[Function]) -> None:
        self._functions: dict[str, Function] = {}
        for function in functions:
            if function.name in self._functions:
                raise ValueError(f"the mapping function {function.name!r} is registered twice")
            self._functions[function.name] = function

    def get(self, name: str) -> Function | None:
        return self._functions.get(name)

    def __iter__(self) -> Iterator[Function]:
        return iter(self._functions.values())

    def names(self) -> tuple[str, ...]:
        return tuple(self._functions)

    def extended(self, functions: Iterable[Function]) -> FunctionTable:
        """A table with these as well. A name that is taken is a ValueError."""
        return FunctionTable([*self, *functions])


def function(
    call: Callable[..., Any],
    *,
    group: str,
    kinds: str,
    examples: Mapping[str, str] | None = None,
    name: str | None = None,
    needs_env: bool = False,
    special: bool = False,
    reads_shape: bool = False,
    places: int | None = None,
) -> Function:
    """Describes `call`. `kinds` gives the kind of each argument and of the result: `"text, integer -> text"`; arguments
    beyond it have defaults and cannot be given by a mapping.

    The docstring's first paragraph is the text in the docs; `examples` are expressions and what they give.
    """
    given, _, returns = (part.strip() for part in kinds.partition("->"))
    names = [kind.strip() for kind in given.split(",")] if given else []
    parameters = list(inspect.signature(call).parameters.values())[1 if needs_env else 0 :]
    unknown = {*names, returns} - KINDS
    inner = parameters[len(names) :]
    if unknown or len(names) > len(parameters) or any(parameter.default is parameter.empty for parameter in inner):
        raise ValueError(f"{call.__name__}: kinds {kinds!r} do not fit its arguments")
    doc = " ".join((inspect.getdoc(call) or "").split("\n\n", maxsplit=1)[0].split())
    if not doc:
        raise ValueError(f"{call.__name__} needs a docstring: it is its text in the docs")
    return Function(
        name=name or call.__name__.rstrip("_"),
        call=call,
        group=group,
        parameters=tuple(_parameter(parameter, kind) for parameter, kind in zip(parameters, names, strict=False)),
        returns=returns,
        doc=doc,
        examples=examples or {},
        needs_env=needs_env,
        special=special,
        reads_shape=reads_shape,
        places=places,
    )


def _parameter(parameter: inspect.Parameter, kind: str) -> Parameter:
    many = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    needed = parameter.default is parameter.empty
    default = None if needed else {None: "null"}.get(parameter.default, f"{parameter.default!r}".replace("'", '"'))
    return Parameter(parameter.name, kind, default, many, named=parameter.kind == parameter.VAR_KEYWORD)
