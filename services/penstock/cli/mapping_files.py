"""Finds and checks the mapping files of connectors and flows, for `penstock map check`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from penstock.connectors.contract import ConnectorSpec
from penstock.connectors.registry import connector, names
from penstock.flow.functions import decide_function
from penstock.flow.policy_list import POLICIES
from penstock.mapping import FUNCTIONS, CodeTable, MappingSyntaxError, Rates, compile_mapping
from penstock.mapping.errors import Place, Problem, nearest
from penstock.mapping.yamltext import load
from penstock.resources import resource
from penstock.rules.decision import DecisionTable, TableError

DIRECTIONS = ("to-canonical", "from-canonical")


@dataclass(frozen=True, slots=True)
class Checked:
    """One file, as a flow uses it (`flow` empty: by itself), and what is wrong with it."""

    file: str
    flow: str
    problems: tuple[Problem, ...]


def check_all(flow: str | None = None) -> Iterator[Checked]:
    """Every mapping and code table of every connector, and what each flow (or only `flow`) lays over them."""
    if flow is None:
        for name in names():
            yield from check_connector(connector(name))
    for folder in _flows(flow):
        yield from _check_flow(folder)


def check_connector(spec: ConnectorSpec) -> Iterator[Checked]:
    """Every mapping and code table of one connector, by itself."""
    yield from _check_system(spec, "", None, spec.system)


def _flows(name: str | None) -> list[Path]:
    flows = resource("flows")
    if name is None:
        return sorted(path.parent for path in flows.glob("*/flow.yaml"))
    if not (flows / name / "flow.yaml").is_file():
        known = (path.parent.name for path in flows.glob("*/flow.yaml"))
        raise LookupError(f"there is no flow {name!r}{nearest(name, known)}")
    return [flows / name]


def _check_flow(folder: Path) -> Iterator[Checked]:
    yield from _check_tables(folder / "tables", folder.name)
    rates = folder / "rates.yaml"
    if rates.is_file():
        yield _attempt(rates, folder.name, lambda: Rates.from_text(_text(rates), str(rates)))
    systems = (yaml.safe_load(_text(folder / "flow.yaml")) or {}).get("systems") or {}
    connectors = {name: (about or {}).get("system") or name for name, about in systems.items()}
    for name, system in connectors.items():
        yield from _check_system(connector(system), folder.name, folder, name)
    names = {*connectors, *connectors.values()}
    for path in sorted((folder / "mappings").glob("*/*.yaml")):
        if path.parent.name not in names:
            yield _wrong(
                path, folder.name, f"the flow has no system {path.parent.name!r}{nearest(path.parent.name, names)}"
            )


def _check_system(spec: ConnectorSpec, flow: str, folder: Path | None, alias: str) -> Iterator[Checked]:
    """The connector's mappings, with the flow's tables and overrides where there is a flow.

    Overrides lie under the system's name, for all its instances, and under its name in the flow (`alias`).
    """
    tables: set[str] | None = None
    own = spec.mappings.parent / "tables"
    overrides: dict[str, list[Path]] = {}
    if folder is None:
        yield from _check_tables(own, flow)
    else:
        tables = {path.stem for where in (own, folder / "tables") for path in where.glob("*.yaml")}
        for whose in dict.fromkeys((spec.system, alias)):
            for path in sorted((folder / "mappings" / whose).glob("*.yaml")):
                overrides.setdefault(path.name, []).append(path)
    for path in sorted(spec.mappings.glob("*-canonical.yaml")):
        yield _check_mapping(spec, path, flow, overrides.pop(path.name, []), tables)
    known = [path.name for path in spec.mappings.glob("*-canonical.yaml")]
    for name, paths in sorted(overrides.items()):
        for path in paths:
            yield _wrong(path, flow, f"{spec.system} has no mapping {name!r} to override{nearest(name, known)}")


def _check_mapping(
    spec: ConnectorSpec, path: Path, flow: str, overrides: Sequence[Path], tables: set[str] | None
) -> Checked:
    entity, _, direction = path.name.removesuffix(".yaml").partition(".")
    if direction not in DIRECTIONS:
        return _wrong(path, flow, "a mapping is named like order.to-canonical.yaml")
    canonical = spec.reads.get(entity, entity) or entity if direction == "to-canonical" else entity
    avro = resource("schemas") / "avro" / f"{canonical}.avsc"
    payload = path.with_name(f"{entity}.payload.yaml")
    needed = [avro] if direction == "to-canonical" else [avro, payload]
    for file in needed:
        if not file.is_file():
            return _wrong(path, flow, f"{_shown(file)} is needed beside it and is not there")
    schema: Mapping[str, Any] = json.loads(_text(avro))

    def compiled() -> None:
        compile_mapping(
            _shown(path),
            _text(path),
            overrides=[(_shown(override), _text(override)) for override in overrides],
            target_schema=schema if direction == "to-canonical" else _text(payload),
            source_schema=None if direction == "to-canonical" else schema,
            functions=FUNCTIONS.extended([decide_function({})]),
            tables=tables,
            policies=POLICIES,
        )

    return _attempt(overrides[-1] if overrides else path, flow, compiled)


def _check_tables(folder: Path, flow: str) -> Iterator[Checked]:
    for path in sorted(folder.glob("*.yaml")):
        yield _attempt(path, flow, partial(_read_table, path))


def _read_table(path: Path) -> None:
    text, shown = _text(path), _shown(path)
    if "rules" in load(shown, text):
        DecisionTable.from_text(path.stem, text, shown)
    else:
        CodeTable.from_text(path.stem, text, shown)


def _attempt(path: Path, flow: str, work: Callable[[], object]) -> Checked:
    try:
        work()
    except MappingSyntaxError as error:
        return Checked(_shown(path), flow, error.problems)
    except TableError as error:
        return _wrong(path, flow, str(error))
    return Checked(_shown(path), flow, ())


def _wrong(path: Path, flow: str, message: str) -> Checked:
    return Checked(_shown(path), flow, (Problem(Place(_shown(path), 1), message),))


def _shown(path: Path) -> str:
    """Relative to where the user stands, if it lies below."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
