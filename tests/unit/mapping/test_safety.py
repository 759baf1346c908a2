"""No text, however odd, reaches Python through an expression."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, ClassVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.mapping import FUNCTIONS, MappingEnv, MappingError, MappingSyntaxError, compile_mapping
from penstock.mapping.expressions import ExpressionError, parse
from tests.unit.mapping.conftest import one_field

HARMLESS = ["order", "row", "x", "1", "0", "-1", "2.5", "'a'", "''", "null", "true", "order.id", "rows[0]", "x['k']"]
HARMFUL = ["__class__", "().__class__", "x.__dict__", "print", "exec", "open('f')", "getattr", "lambda: 0", "...", "1j"]
ATOMS = st.sampled_from([*HARMLESS, *HARMFUL])


def _combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    name = st.sampled_from([*FUNCTIONS.names(), "eval", "__import__", "getattr"])
    op = st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "==", "<", "in", "and", "or", "is", "<<", ",", "not in"])
    return st.one_of(
        st.tuples(inner, op, inner).map(" ".join),
        st.tuples(name, inner).map(lambda pair: f"{pair[0]}({pair[1]})"),
        st.tuples(name, inner, inner).map(lambda three: f"{three[0]}({three[1]}, {three[2]})"),
        inner.map(lambda part: f"({part}).format"),
        inner.map(lambda part: f"[y for y in {part} if y]"),
        inner.map(lambda part: f"not ({part})"),
        st.tuples(inner, inner, inner).map(lambda three: f"{three[0]} if {three[1]} else {three[2]}"),
        inner.map(lambda part: f"f'{{{part}}}'"),
        inner.map(lambda part: f"({part})[0]"),
    )


EXPRESSIONS = st.recursive(ATOMS, _combined, max_leaves=12)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "k", "rows"]), inner, max_size=3)
    ),
    max_leaves=8,
)


class Untouchable:
    """A value of a document that must never be looked into (but `isinstance` may ask for its class)."""

    touched: ClassVar[list[str]] = []

    def __getattribute__(self, name: str) -> Any:
        if name != "__class__":
            Untouchable.touched.append(name)
        return object.__getattribute__(self, name)


@given(st.text(max_size=200))
def test_any_text_is_an_expression_or_an_error_of_its_own_kind(text: str) -> None:
    with suppress(ExpressionError):
        parse(text)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(EXPRESSIONS, JSON, JSON)
def test_an_expression_is_refused_or_fails_as_a_mapping_error_or_has_a_value(
    expression: str, first: Any, second: Any
) -> None:
    try:
        mapping = one_field(expression)
    except MappingSyntaxError:
        return
    doc = {"order": first, "row": second, "x": first, "rows": [second]}
    env = MappingEnv("s", "i", "T")
    outcomes = []
    for _ in range(2):
        try:
            outcomes.append(repr(mapping(doc, env)))
        except MappingError as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]
    explained = mapping.explain(doc, env)
    assert (explained.error is None) == outcomes[0].startswith("{")


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(EXPRESSIONS)
def test_no_expression_reads_an_attribute_of_a_value(expression: str) -> None:
    try:
        mapping = one_field(expression)
    except MappingSyntaxError:
        return
    value = Untouchable()
    with suppress(MappingError):
        mapping({"order": value, "row": value, "x": value, "rows": [value]}, MappingEnv("s", "i"))
    assert not Untouchable.touched


@given(EXPRESSIONS)
def test_generated_code_names_nothing_but_its_own_variables(expression: str) -> None:
    """Whatever was written, the compiled function has no attribute of its own but the check of text."""
    try:
        mapping = one_field(expression)
    except MappingSyntaxError:
        return
    code = mapping._run.__code__
    allowed = {"isprintable", "append", *mapping._run.__globals__}
    assert set(_names(code)) <= allowed
    assert mapping._run.__globals__["__builtins__"] == {}


def _names(code: Any) -> list[str]:
    inner = [name for constant in code.co_consts if hasattr(constant, "co_names") for name in _names(constant)]
    return [*code.co_names, *inner]


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300))
def test_any_text_is_a_mapping_file_or_a_list_of_problems(text: str) -> None:
    with suppress(MappingSyntaxError):
        compile_mapping("order.to-canonical", text)


@given(
    st.lists(
        st.sampled_from(
            [
                "from: a",
                "to: b",
                "fields:",
                "  x: y",
                "  x:",
                "    for: r in x",
                "    fields:",
                "   - 1",
                "      a: r.b",
                "let:",
                "  q: 1",
                "? [a]",
                "&a b",
                "*a",
                "!!x y",
                "<<: *a",
                "{",
                "[[[",
            ]
        ),
        max_size=12,
    )
)
def test_any_lines_are_a_mapping_file_or_a_list_of_problems(lines: list[str]) -> None:
    with suppress(MappingSyntaxError):
        compile_mapping("order.to-canonical", "\n".join(lines))
