"""A compiled mapping: call it with a document, get the fields of its target."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from collections.abc import Mapping as MappingOf
from functools import cached_property
from typing import Any

from penstock.mapping.analysis import ExpressionAnalysis, Findings
from penstock.mapping.check import FieldCheck
from penstock.mapping.codegen import MappingWriter
from penstock.mapping.env import MappingEnv
from penstock.mapping.errors import MappingSyntaxError, Place, Problem, nearest
from penstock.mapping.functions import FUNCTIONS, FunctionTable
from penstock.mapping.origins import field_origins
from penstock.mapping.override import apply_override
from penstock.mapping.placing import placed
from penstock.mapping.reader import read_mapping, read_override
from penstock.mapping.runtime import Budget
from penstock.mapping.schema import ANY, PROVIDED, Shape, from_avro, from_payload
from penstock.mapping.source import Direction, MappingSource
from penstock.mapping.trace import Explanation, StoppedError, Trace
from penstock.mapping.writer import ExpressionWriter, Site

_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Mapping:
    """One mapping, checked and compiled. Made by `compile_mapping`; safe to share between threads.

    source, target: its `from` and `to`. used_paths: what it reads, like `order.lines[].sku`. tables, settings, xrefs,
    policies: the names that its code(), setting(), xref() and policy() calls use.
    """

    def __init__(
        self,
        source: MappingSource,
        target: Shape,
        functions: FunctionTable,
        findings: Findings,
        secrets: frozenset[str],
    ) -> None:
        self.name = source.name
        self.source = source.source
        self.target = source.target
        self.direction: Direction = source.direction
        self.used_paths = tuple(findings.read.paths())
        self.tables = frozenset(findings.tables)
        self.settings = frozenset(findings.settings)
        self.xrefs = frozenset(findings.xrefs)
        self.policies = frozenset(findings.policies)
        self._root = source.root
        self._shape = target
        self._functions = functions
        self._findings = findings
        self._secrets = secrets
        self._filename = f"<mapping {source.file}>"
        self._run, self._sites = self._compiled(traced=False)

    def __call__(self, doc: MappingOf[str, Any], env: MappingEnv) -> dict[str, Any]:
        """The fields of the target.

        doc: the document by top name: the parts of an opened source document, or `{"order": canonical record}` (see
        `root_name`).
        Raises MappingError (MissingName, BadValue, UnknownCode, MissingXref), placed.
        """
        try:
            return self._run(doc, env, Budget().rows)
        except Exception as error:
            found = placed(error, self.name, self._filename, self._sites)
            if found is error:
                raise
            raise found from error

    @cached_property
    def origins(self) -> MappingOf[str, frozenset[str]]:
        """Field of the target (`header.CustPo`) -> the fields of the source record that its value comes from."""
        return field_origins(self._root, root_name(self.source))

    def explain(self, doc: MappingOf[str, Any], env: MappingEnv) -> Explanation:
        """The same run, with every step. Errors are part of the answer; values of secret fields are not."""
        run, sites = self._traced

        def described(error: Exception) -> str:
            return str(placed(error, self.name, self._filename, sites))

        trace = Trace(described, self._secrets)
        try:
            record = run(doc, env, Budget().rows, trace)
        except StoppedError:
            record = None
        errors = [step.error for step in trace.steps if step.error is not None]
        return Explanation(
            self.name, tuple(trace.steps), None if trace.failed else record, errors[0] if errors else None
        )

    @cached_property
    def _traced(self) -> tuple[Callable[..., dict[str, Any]], Sequence[Site]]:
        return self._compiled(traced=True)

    def _compiled(self, *, traced: bool) -> tuple[Callable[..., dict[str, Any]], Sequence[Site]]:
        findings = self._findings
        writer = ExpressionWriter(self._functions, findings.read, findings.rest_paths, self._secrets, traced=traced)
        run = MappingWriter(writer, findings.certain, traced=traced).compiled(self._root, self._shape, self._filename)
        return run, writer.sites


def compile_mapping(
    name: str,
    text: str,
    *,
    overrides: Sequence[tuple[str, str]] = (),
    target_schema: MappingOf[str, Any] | Shape | str | None = None,
    source_schema: MappingOf[str, Any] | None = None,
    direction: Direction | None = None,
    functions: FunctionTable = FUNCTIONS,
    tables: Collection[str] | None = None,
    policies: Collection[str] | None = None,
    secrets: Collection[str] = (),
    provided: Collection[str] = PROVIDED,
) -> Mapping:
    """Reads, checks and compiles a mapping.

    name: of the mapping (`order.to-canonical`) or the path of its file, which errors then show.
    overrides: (name, text) of override files, laid on in order.
    target_schema: a parsed Avro record, or the text of a payload schema file (or a Shape made of one by
    `from_payload`); without it the target's fields are not checked.
    source_schema: the Avro record that a from-canonical mapping reads: its names are checked too.
    direction: refuses a mapping of the other one. tables, policies: names of those that exist.
    secrets: field names that `rest()` and `explain` never show.
    provided: required fields of a canonical record that the caller fills.

    Raises MappingSyntaxError with every problem found.
    """
    source = read_mapping(mapping_name(name), name, text)
    for file, override in overrides:
        source = apply_override(source, read_override(file, override))
    findings = Findings()
    if direction is not None and source.direction != direction:
        findings.problems.append(Problem(Place(name, 1), f"a {direction} mapping is wanted here"))
    target = _target(source.name, target_schema)
    hidden = frozenset(secret.rpartition(".")[2].lower() for secret in secrets)
    expressions = ExpressionAnalysis(
        functions,
        findings,
        to_canonical=source.direction == "to-canonical",
        roots=_roots(source, source_schema),
        tables=tables,
        policies=policies,
    )
    to_canonical = source.direction == "to-canonical"
    FieldCheck(expressions, findings).group(
        source.root, {}, target, provided=frozenset(provided) if to_canonical else frozenset()
    )
    if findings.problems:
        raise MappingSyntaxError(findings.problems)
    return Mapping(source, target, functions, findings, hidden)


def mapping_name(name: str) -> str:
    """`order.to-canonical` of `…/mappings/order.to-canonical.yaml`."""
    return name.replace("\\", "/").rpartition("/")[2].removesuffix(".yaml").removesuffix(".yml")


def root_name(record: str) -> str:
    """The top name of a canonical record in a from-canonical mapping: `stock_level` of `StockLevel`."""
    return _CAPITAL.sub("_", record).lower()


def _target(name: str, schema: MappingOf[str, Any] | Shape | str | None) -> Shape:
    if schema is None:
        return ANY
    if isinstance(schema, str):
        return from_payload(f"{name.partition('.')[0]}.payload.yaml", schema)
    return schema if isinstance(schema, Shape) else from_avro(schema)


def _roots(source: MappingSource, schema: MappingOf[str, Any] | None) -> dict[str, Shape] | None:
    if schema is None or source.direction != "from-canonical":
        return None
    if schema.get("name") != source.source:
        message = f"`from: {source.source}`, but the schema is of {schema.get('name')}"
        raise MappingSyntaxError(
            [Problem(Place(source.file, 1), message + nearest(source.source, [str(schema.get("name"))]))]
        )
    return {root_name(source.source): from_avro(schema)}
