"""Reads what a flow consists of beside its two files: code tables, decision tables, rates, mappings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from penstock.flow.flow import System
from penstock.flow.functions import decide_function
from penstock.flow.policy_list import POLICIES
from penstock.flow.when import avro_schema
from penstock.mapping import FUNCTIONS, CodeTable, Rates, Shape, compile_mapping, from_payload
from penstock.mapping import Mapping as RecordMapping
from penstock.rules.decision import DecisionTable

Texts = dict[str, str]
"""Every file that decides what comes out, by a name that is the same on every machine."""


def flow_tables(folder: Path, texts: Texts) -> tuple[dict[str, CodeTable], dict[str, DecisionTable]]:
    """The flow's own code tables and decision tables. Raises MappingSyntaxError, TableError."""
    codes: dict[str, CodeTable] = {}
    decisions: dict[str, DecisionTable] = {}
    for path, text in _yaml_files(folder / "tables", texts):
        if "rules" in (yaml.safe_load(text) or {}):
            decisions[path.stem] = DecisionTable.from_text(path.stem, text, str(path))
        else:
            codes[path.stem] = CodeTable.from_text(path.stem, text, str(path))
    return codes, decisions


def system_tables(system: System, shared: Mapping[str, CodeTable], texts: Texts) -> dict[str, CodeTable]:
    """The connector's code tables, over which the flow's win."""
    own = _yaml_files(system.spec.mappings.parent / "tables", texts)
    return {path.stem: CodeTable.from_text(path.stem, text, str(path)) for path, text in own} | dict(shared)


def read_rates(folder: Path, texts: Texts) -> Rates | None:
    path = folder / "rates.yaml"
    if not path.is_file():
        return None
    texts[path.name] = path.read_text(encoding="utf-8")
    return Rates.from_text(texts[path.name], str(path))


def system_mappings(
    folder: Path,
    system: System,
    tables: Mapping[str, CodeTable],
    decisions: Mapping[str, DecisionTable],
    texts: Texts,
) -> dict[tuple[str, str, str], RecordMapping]:
    """(alias, `to`|`from`, entity) -> the connector's mapping under the flow's overrides. Raises MappingSyntaxError."""
    functions = FUNCTIONS.extended([decide_function(decisions)])
    out: dict[tuple[str, str, str], RecordMapping] = {}
    for path, text in _yaml_files(system.spec.mappings, texts):
        entity, _, direction = path.name.removesuffix(".yaml").partition(".")
        if direction not in {"to-canonical", "from-canonical"}:
            continue
        if direction == "to-canonical":
            schema: dict[str, Any] | Shape = avro_schema(system.spec.reads[entity] or entity)
            source = None
        else:
            payload = path.with_name(f"{entity}.payload.yaml")
            schema = from_payload(str(payload), payload.read_text(encoding="utf-8"))
            source = avro_schema(entity)
        out[system.alias, direction.removesuffix("-canonical"), entity] = compile_mapping(
            str(path),
            text,
            overrides=_overrides(folder, system, path.name, texts),
            target_schema=schema,
            direction=direction,  # type: ignore[arg-type]  # checked above
            source_schema=source,
            functions=functions,
            tables=tables,
            policies=POLICIES,
            secrets=system.spec.secret_fields,
        )
    return out


def _overrides(folder: Path, system: System, name: str, texts: Texts) -> list[tuple[str, str]]:
    """Those for every instance of the system, then those for this one."""
    out = []
    for whose in dict.fromkeys((system.name, system.alias)):
        path = folder / "mappings" / whose / name
        if path.is_file():
            text = texts[f"{whose}/{name}/override"] = path.read_text(encoding="utf-8")
            out.append((str(path), text))
    return out


def _yaml_files(folder: Path, texts: Texts) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
        text = path.read_text(encoding="utf-8")
        texts[f"{folder.parent.name}/{folder.name}/{path.name}"] = text
        yield path, text
