"""What `penstock dlq show` tells of one letter: the reason, the way out, and how each field came about."""

from typing import Any

from penstock.cli import payloads
from penstock.cli.letters import about, cause
from penstock.cli.logview import LogView, header
from penstock.cli.options import reachable, registry
from penstock.cli.output import console, print_table
from penstock.flow.load import FlowError, load_flow
from penstock.log.scan import Record
from penstock.log.wire import Codec
from penstock.mapping import Explanation
from penstock.mapping.errors import shown
from penstock.records.raw import RawDocument

HIDDEN_HEADERS = ("dlq-error", "dlq-error-class", "dlq-attempts", "dlq-at")
"""Said by the lines above them."""


def story_of(view: LogView, record: Record, flow: str | None, env: str, *, document: bool) -> dict[str, Any]:
    """Everything about a letter. Without `document` no value of the document is among it."""
    topic, value = view.name(header(record, "dlq-topic")), record.value or b""
    known = cause(record)
    told: dict[str, Any] = {
        **about(record),
        "cause": known.id,
        "remedy": known.remedy,
        "bytes": len(value),
        "parts": payloads.parts_of(value),
        "headers": {
            name: text.decode("utf-8", "replace") for name, text in record.headers if name not in HIDDEN_HEADERS
        },
    }
    if document:
        told["error"] = header(record, "dlq-error")
        with reachable():
            told["document"] = payloads.readable(topic, value, lambda: Codec(registry(None)))
    trace = _trace(topic, value, flow or header(record, "flow"), env)
    told["trace"] = trace if isinstance(trace, str) else _steps(trace, values=document)
    return told


def _trace(topic: str, value: bytes, flow_name: str, env: str) -> Explanation | str:
    """How the mapping fares with the document as it is now; a text says why that cannot be told."""
    if not topic.startswith("raw.") or topic.endswith(".notification"):
        return "not a raw document: no mapping makes a record of it"
    if not flow_name:
        return "the letter does not say its flow: give --flow"
    try:
        flow = load_flow(flow_name, env)
        raw = RawDocument.from_bytes(value)
    except (FlowError, ValueError) as error:
        return str(error)
    of = (raw.ref.system, raw.ref.instance)
    system = next((each for each in flow.systems.values() if (each.name, each.instance) == of), None)
    mapping = flow.mappings.get((system.alias, "to", raw.ref.entity)) if system is not None else None
    if system is None or mapping is None:
        return f"the flow {flow_name} maps no {raw.ref.entity} of {raw.ref.system}:{raw.ref.instance}"
    try:
        opened = system.spec.open_document(raw, system.settings)
    except ValueError as error:
        return f"it cannot be opened: {error}"
    return mapping.explain(opened, flow.mapping_env(system.alias))


def _steps(found: Explanation, *, values: bool) -> dict[str, Any]:
    steps = [
        {
            "field": step.field,
            "line": step.line,
            "expression": step.expression,
            "ok": step.error is None,
            **({"inputs": dict(step.inputs), "result": step.result, "error": step.error} if values else {}),
        }
        for step in found.steps
    ]
    return {"mapping": found.mapping, "fails_now": found.error is not None, "steps": payloads.plain(steps)}


def print_letter(told: dict[str, Any]) -> None:
    out = console()
    rest = dict(told)
    trace, parts, document = rest.pop("trace"), rest.pop("parts"), rest.pop("document", None)
    for name, value in (rest | rest.pop("headers")).items():
        out.print(f"{name:16} {value}", markup=False)
    if parts:
        out.print()
        print_table(("part", "status", "type", "bytes"), [tuple(part.values()) for part in parts])
    out.print()
    if isinstance(trace, str):
        out.print(f"mapping          {trace}", markup=False)
    else:
        _print_steps(trace["mapping"], trace["steps"])
        said = (
            "the mapping fails on it now as well"
            if trace["fails_now"]
            else "the mapping has no fault to find with it now"
        )
        out.print(said, markup=False)
    if document is not None:
        out.print()
        out.print(payloads.text_of(document), markup=False)


def _print_steps(mapping: str, steps: list[dict[str, Any]]) -> None:
    """With inputs and results where they may be shown; without, whether each field came about."""
    values = any("result" in step for step in steps)
    columns = ["field", "line", "expression", *(["inputs", "result"] if values else [""])]
    rows = [[step["field"], step["line"], step["expression"], *_outcome(step, values=values)] for step in steps]
    print_table(columns, rows, title=mapping)


def _outcome(step: dict[str, Any], *, values: bool) -> list[str]:
    if not values:
        return ["" if step["ok"] else "error"]
    inputs = "\n".join(f"{path} = {shown(value)}" for path, value in step["inputs"].items())
    return [inputs, step["error"] or shown(step["result"])]
