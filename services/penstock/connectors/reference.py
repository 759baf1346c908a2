"""The tables of docs/connectors.md, made from the specs of the connectors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from penstock.connectors.contract import Capabilities, ConnectorSpec

BEGIN = "<!-- connectors: made by `penstock connector docs` -->"
END = "<!-- end of connectors -->"

COLUMNS = ("connector", "system", "reads", "writes", "lists")
CAPABILITIES = {
    "webhooks": "webhooks",
    "poll": "poll",
    "search_by_reference": "search by our reference",
    "bulk": "bulk writes",
    "idempotency_key": "idempotency key",
}


def is_implemented(spec: ConnectorSpec) -> bool:
    return bool(spec.reads or spec.writes)


def capability_rows(specs: Iterable[ConnectorSpec]) -> list[list[str]]:
    """COLUMNS (what is read and written by its canonical name, what is listed by its own), then one per capability."""
    return [
        [
            spec.system,
            spec.title if is_implemented(spec) else f"{spec.title} (not implemented)",
            ", ".join(name for name in spec.reads.values() if name),
            ", ".join(dict.fromkeys(write.canonical for write in spec.writes)),
            ", ".join(sorted(spec.lists)),
            *("yes" if has else "–" for has in capabilities(spec.capabilities).values()),
        ]
        for spec in specs
    ]


def capabilities(given: Capabilities) -> dict[str, bool]:
    return {name: bool(getattr(given, name)) for name in CAPABILITIES}


def with_tables(document: str, specs: Sequence[ConnectorSpec]) -> str:
    """`document` with the tables between its two markers brought up to date. Raises ValueError without markers."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the markers {BEGIN} and {END} are missing")
    return f"{before}{BEGIN}\n\n{_tables(specs)}\n\n{END}{after}"


def _tables(specs: Sequence[ConnectorSpec]) -> str:
    head = (*COLUMNS, *CAPABILITIES.values())
    parts = ["### Capabilities", _table(head, capability_rows(specs)), "### Writes by class"]
    for spec in specs:
        rows = [(write.canonical, write.step, write.kind, write.note) for write in spec.writes]
        parts += [f"#### {spec.title}", _table(("record", "step", "class", "how"), rows) if rows else "Writes nothing."]
    return "\n\n".join(parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
