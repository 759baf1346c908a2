"""`penstock map`: is a mapping right, what does it make of a document, and why."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
import yaml

from penstock.cli.errors import CommandError, Exit
from penstock.cli.mapping_files import Checked, check_all
from penstock.cli.output import console, print_json, print_table
from penstock.flow.load import Flow, FlowError, avro_schema, load_flow
from penstock.mapping import Explanation, Mapping, MappingEnv, MappingError, from_avro, root_name
from penstock.mapping.documents import from_json, to_json
from penstock.mapping.errors import nearest, shown
from penstock.records.raw import RawDocument

app = typer.Typer(
    no_args_is_help=True, help="Check mappings, run one on a document, and see why a field has its value."
)

Name = Annotated[str, typer.Argument(help="SYSTEM/MAPPING, for example prestashop/order.to-canonical.")]
Document = Annotated[Path, typer.Argument(help="JSON file: a raw or canonical record, or parts by name; - is stdin.")]
FlowName = Annotated[str, typer.Option("--flow", help="Flow whose tables, overrides and settings are used.")]
EnvName = Annotated[str, typer.Option("--env", help="Name of a file in flows/FLOW/env/.")]
Xref = Annotated[list[str] | None, typer.Option("--xref", help="ENTITY=NATIVE id for xref(); may be repeated.")]
AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]

DEFAULT_FLOW = "prestashop-infor"
DEFAULT_ENV = "sandbox"


@app.command(epilog="Examples: `penstock map check`, `penstock map check --flow prestashop-infor --json`")
def check(
    flow: Annotated[
        str | None, typer.Option("--flow", help="Only this flow; default: all, and every connector.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check every mapping, code table and rates file: names, kinds, required fields. Exit 1 if something is wrong."""
    try:
        results = list(check_all(flow))
    except (LookupError, yaml.YAMLError) as error:
        raise CommandError(str(error), Exit.USAGE) from error
    wrong = list(dict.fromkeys(str(problem) for result in results for problem in result.problems))
    if as_json:
        print_json({"checked": len(results), "files": [_checked_json(result) for result in results]})
    else:
        for line in wrong:
            console().print(line, markup=False)
        files = len({result.file for result in results})
        console().print(f"{files} files checked, {len(wrong)} problems", markup=False)
    if wrong:
        raise typer.Exit(Exit.NO)


def _checked_json(result: Checked) -> dict[str, Any]:
    return {
        "file": result.file,
        "flow": result.flow or None,
        "problems": [
            {"file": each.place.file, "line": each.place.line, "field": each.place.field, "message": each.message}
            for each in result.problems
        ],
    }


@app.command(epilog="Example: `penstock map run prestashop/order.to-canonical order.json`")
def run(
    name: Name,
    document: Document,
    flow: FlowName = DEFAULT_FLOW,
    env: EnvName = DEFAULT_ENV,
    xref: Xref = None,
) -> None:
    """Map one document and print what it becomes, as JSON. Exit 1 with the reason if it cannot be mapped."""
    mapping, doc, surroundings = _prepared(name, document, flow, env, xref or [])
    try:
        record = mapping(doc, surroundings)
    except MappingError as error:
        raise CommandError(str(error)) from error
    sys.stdout.write(orjson.dumps(record, default=to_json, option=orjson.OPT_INDENT_2).decode() + "\n")


@app.command(
    epilog="Examples: `penstock map explain infor/order.from-canonical order.json --xref customer=C000012`, "
    "`penstock map explain prestashop/order.to-canonical raw.json --field lines`"
)
def explain(
    name: Name,
    document: Document,
    flow: FlowName = DEFAULT_FLOW,
    env: EnvName = DEFAULT_ENV,
    xref: Xref = None,
    field: Annotated[str | None, typer.Option(help="Only fields that begin so.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show, for every field, its expression, what went in, what came out. Secret fields are never shown."""
    mapping, doc, surroundings = _prepared(name, document, flow, env, xref or [])
    found = mapping.explain(doc, surroundings)
    steps = [step for step in found.steps if field is None or step.field.startswith(field)]
    if as_json:
        text = orjson.dumps(asdict(replace(found, steps=tuple(steps))), default=to_json, option=orjson.OPT_INDENT_2)
        sys.stdout.write(text.decode() + "\n")
    else:
        _print_explanation(replace(found, steps=tuple(steps)))
    if found.error is not None:
        raise typer.Exit(Exit.NO)


def _print_explanation(found: Explanation) -> None:
    rows = [
        (
            step.field,
            step.line,
            step.expression,
            "\n".join(f"{path} = {shown(value)}" for path, value in step.inputs),
            "error" if step.error else shown(step.result),
        )
        for step in found.steps
    ]
    print_table(("field", "line", "expression", "inputs", "result"), rows, title=found.mapping)
    for step in found.steps:
        if step.error:
            console().print(step.error, markup=False)


def _prepared(
    name: str, document: Path, flow_name: str, env: str, xref: list[str]
) -> tuple[Mapping, dict[str, Any], MappingEnv]:
    """The mapping, the document by top name, and its surroundings. Raises CommandError."""
    try:
        flow = load_flow(flow_name, env)
    except FlowError as error:
        raise CommandError(str(error), Exit.USAGE) from error
    system, _, rest = name.partition("/")
    entity, _, direction = rest.partition(".")
    key = (system, direction.removesuffix("-canonical"), entity)
    mapping = flow.mappings.get(key)
    if mapping is None:
        known = [f"{each[0]}/{each[2]}.{each[1]}-canonical" for each in flow.mappings]
        raise CommandError(f"there is no mapping {name!r}{nearest(name, known)}", Exit.USAGE)
    surroundings = replace(flow.mapping_env(system), xref=_lookup(xref))
    return mapping, _opened(flow, system, mapping, entity, _read(document)), surroundings


def _read(document: Path) -> Any:
    data = sys.stdin.buffer.read() if str(document) == "-" else _bytes(document)
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise CommandError(f"{document} is not JSON: {error}", Exit.USAGE) from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}", Exit.USAGE) from error


def _opened(flow: Flow, system: str, mapping: Mapping, entity: str, data: Any) -> dict[str, Any]:
    """Raw records are opened by their connector, canonical ones get their types back; anything else is by part."""
    if not isinstance(data, dict):
        raise CommandError("the document must be a JSON object", Exit.USAGE)
    try:
        if mapping.direction == "from-canonical":
            root = root_name(mapping.source)
            return {root: from_json(data.get(root, data), from_avro(avro_schema(entity)))}
        if "parts" in data:
            one = flow.systems[system]
            return one.spec.open_document(RawDocument.from_bytes(orjson.dumps(data)), one.settings)
    except (MappingError, ValueError) as error:
        raise CommandError(f"the document cannot be read: {error}") from error
    return data


def _lookup(given: list[str]) -> Any:
    natives: dict[str, str] = {}
    for pair in given:
        entity, equals, native = pair.partition("=")
        if not equals:
            raise CommandError(f"--xref {pair}: write ENTITY=NATIVE", Exit.USAGE)
        natives[entity] = native
    return lambda entity, _canonical_id: natives.get(entity)
