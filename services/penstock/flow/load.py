"""Reads a flow and everything it names, and refuses it with file, line and remedy when something does not fit."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, SecretStr, ValidationError

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.contract import ConnectorSpec
from penstock.connectors.registry import connector
from penstock.connectors.secrets import resolve
from penstock.flow.functions import address_function, decide_function, match_key_function
from penstock.flow.model import BudgetEnv, EnvFile, FlowFile, SystemEnv
from penstock.mapping import (
    FUNCTIONS,
    CodeTable,
    MappingEnv,
    MappingSyntaxError,
    Rates,
    Shape,
    compile_mapping,
    config_version,
    from_payload,
)
from penstock.mapping import (
    Mapping as RecordMapping,
)
from penstock.resources import resource
from penstock.rules.decision import DecisionTable, TableError

M = TypeVar("M", bound=BaseModel)


class FlowError(Exception):
    """The flow cannot be used; the message says which file, what, and what to do."""


@dataclass(frozen=True, slots=True)
class System:
    """One system of the flow, with its connector's typed settings."""

    name: str
    instance: str
    tag: str
    role: str
    spec: ConnectorSpec
    settings: Any
    env: SystemEnv

    @property
    def target(self) -> str:
        return f"{self.name}:{self.instance}"

    def budget(self, service: str) -> Budget:
        """The share of the instance's budget that one process of `service` may use."""
        return Budget(_share(self.env.budget, service))


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow ready to run. mappings: (system, `to`|`from`, entity) -> compiled mapping."""

    file: FlowFile
    env: EnvFile
    systems: Mapping[str, System]
    mappings: Mapping[tuple[str, str, str], RecordMapping]
    tables: Mapping[str, Mapping[str, CodeTable]]
    rates: Rates | None
    match_secret: bytes
    config_version: str

    @property
    def name(self) -> str:
        return self.file.flow

    @property
    def shop(self) -> System:
        return next(system for system in self.systems.values() if system.role == "shop")

    @property
    def erp(self) -> System:
        return next(system for system in self.systems.values() if system.role == "erp")

    def targets(self, system: str, entity: str) -> tuple[str, ...]:
        """`system:instance` of every target that documents of this kind are routed to."""
        return tuple(self.systems[name].target for name in self.file.routes.get(system, {}).get(entity, ()))

    def entities_to(self, target: str) -> frozenset[str]:
        """Canonical entities that are routed to a system."""
        return frozenset(
            entity for routes in self.file.routes.values() for entity, targets in routes.items() if target in targets
        )

    def mapping_env(self, system: str) -> MappingEnv:
        """The surroundings of mappings of one system; `xref` is for the sink to put in."""
        one = self.systems[system]
        # values of the connector's settings are open to its mappings, secrets are not
        own = {k: v for k, v in one.settings.model_dump().items() if not isinstance(v, SecretStr | BaseModel | dict)}
        return MappingEnv(
            system=one.name,
            instance=one.instance,
            tag=one.tag,
            tables=self.tables[system],
            rates=self.rates,
            settings={**own, **self.file.settings},
            instances={each.tag: (each.name, each.instance) for each in self.systems.values() if each.tag},
            address=address_function(),
            match_key=match_key_function(self.match_secret),
        )


def flow_names() -> list[str]:
    return sorted(path.parent.name for path in resource("flows").glob("*/flow.yaml"))


def load_flow(name: str, env: str = "sandbox") -> Flow:
    """The flow `flows/<name>/` in the surroundings `env/<env>.yaml`. Raises FlowError."""
    folder = resource("flows") / name
    if not (folder / "flow.yaml").is_file():
        raise FlowError(f"there is no flow {name!r}; there are: {', '.join(flow_names())}")
    texts: dict[str, str] = {}
    file = _parse(FlowFile, folder / "flow.yaml", texts)
    surroundings = _parse(EnvFile, folder / "env" / f"{env}.yaml", {})
    _check_routes(file, folder / "flow.yaml")
    systems = {key: _system(key, file, surroundings, folder / "env" / f"{env}.yaml") for key in file.systems}
    try:
        tables, decisions = _tables(folder, systems, texts)
        rates = _rates(folder, texts)
        mappings = _mappings(folder, systems, tables, decisions, texts)
    except (MappingSyntaxError, TableError) as error:
        raise FlowError(str(error)) from error
    return Flow(
        file=file,
        env=surroundings,
        systems=systems,
        mappings=mappings,
        tables=tables,
        rates=rates,
        match_secret=_match_secret(surroundings, folder / "env" / f"{env}.yaml"),
        config_version=config_version(texts),
    )


def _parse(model: type[M], path: Path, texts: dict[str, str]) -> M:
    if not path.is_file():
        raise FlowError(f"{path} does not exist")
    text = path.read_text(encoding="utf-8")
    texts[path.name] = text
    try:
        return model.model_validate(yaml.safe_load(text) or {})
    except yaml.YAMLError as error:
        raise FlowError(f"{path}: {error}") from error
    except ValidationError as error:
        raise FlowError(_explained(path, error)) from error


def _explained(path: Path, error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"]) or "(whole file)"
        lines.append(f"{path}: {where}: {problem['msg']}")
    return "\n".join(lines)


def _check_routes(file: FlowFile, path: Path) -> None:
    for source, routes in file.routes.items():
        for name in (source, *(target for targets in routes.values() for target in targets)):
            if name not in file.systems:
                raise FlowError(f"{path}: routes: {name!r} is not one of the flow's systems {sorted(file.systems)}")


def _system(name: str, file: FlowFile, env: EnvFile, path: Path) -> System:
    about = file.systems[name]
    where = env.systems.get(name)
    if where is None:
        raise FlowError(f"{path}: systems: {name} is missing")
    spec = connector(name)
    given = dict(where.settings)
    known = spec.settings.model_fields
    implied = {"instance": about.instance, "tag": about.tag, "start": file.start.orders_from, "poll_from": None}
    for field in ("instance", "tag", "start"):
        if field in known and implied[field] not in (None, ""):
            given[field] = implied[field]
    if "poll_from" in known:
        given.setdefault("poll_from", file.start.orders_from)
    if "hash_key" in known:
        given.setdefault("hash_key", env.match_key)
    if url := os.environ.get(f"PENSTOCK_URL_{name.upper()}"):
        given["base_url" if "base_url" in known else "url"] = url
    if ionapi := os.environ.get(f"PENSTOCK_IONAPI_{name.upper()}"):
        given["ionapi"] = ionapi
    try:
        settings = spec.settings.model_validate(given)
    except ValidationError as error:
        raise FlowError(_explained(path, error).replace(f"{path}: ", f"{path}: systems.{name}.settings.")) from error
    return System(name, about.instance, about.tag, about.role, spec, settings, where)


def _match_secret(env: EnvFile, path: Path) -> bytes:
    try:
        secret = resolve(env.match_key)
    except ValueError as error:
        raise FlowError(f"{path}: match_key: {error}") from error
    return secret.get_secret_value().encode() if isinstance(secret, SecretStr) else b""


def _tables(
    folder: Path, systems: Mapping[str, System], texts: dict[str, str]
) -> tuple[dict[str, dict[str, CodeTable]], dict[str, DecisionTable]]:
    """Code tables per system (the flow's win over the connector's) and the flow's decision tables."""
    decisions: dict[str, DecisionTable] = {}
    shared: dict[str, CodeTable] = {}
    for path, text in _yaml_files(folder / "tables", texts):
        if "rules" in (yaml.safe_load(text) or {}):
            decisions[path.stem] = DecisionTable.from_text(path.stem, text, str(path))
        else:
            shared[path.stem] = CodeTable.from_text(path.stem, text, str(path))
    tables = {}
    for name, system in systems.items():
        own = _yaml_files(system.spec.mappings.parent / "tables", texts)
        tables[name] = {path.stem: CodeTable.from_text(path.stem, text, str(path)) for path, text in own} | shared
    return tables, decisions


def _rates(folder: Path, texts: dict[str, str]) -> Rates | None:
    path = folder / "rates.yaml"
    if not path.is_file():
        return None
    text = path.read_text(encoding="utf-8")
    texts[str(path.name)] = text
    return Rates.from_text(text, str(path))


def _mappings(
    folder: Path,
    systems: Mapping[str, System],
    tables: Mapping[str, Mapping[str, CodeTable]],
    decisions: Mapping[str, DecisionTable],
    texts: dict[str, str],
) -> dict[tuple[str, str, str], RecordMapping]:
    functions = FUNCTIONS.extended([decide_function(decisions)])
    out: dict[tuple[str, str, str], RecordMapping] = {}
    for name, system in systems.items():
        for path, text in _yaml_files(system.spec.mappings, texts):
            entity, _, direction = path.name.removesuffix(".yaml").partition(".")
            if direction not in {"to-canonical", "from-canonical"}:
                continue
            override = folder / "mappings" / name / path.name
            overrides = []
            if override.is_file():
                overrides = [(str(override), override.read_text(encoding="utf-8"))]
                texts[f"{name}/{override.name}/override"] = overrides[0][1]
            if direction == "to-canonical":
                canonical = system.spec.reads[entity]
                schema: dict[str, Any] | Shape = avro_schema(canonical or entity)
                source = None
            else:
                payload = path.with_name(f"{entity}.payload.yaml")
                schema = from_payload(str(payload), payload.read_text(encoding="utf-8"))
                source = avro_schema(entity)
            out[name, direction.removesuffix("-canonical"), entity] = compile_mapping(
                str(path),
                text,
                overrides=overrides,
                target_schema=schema,
                direction=direction,  # type: ignore[arg-type]  # checked above
                source_schema=source,
                functions=functions,
                tables=tables[name],
                secrets=system.spec.secret_fields,
            )
    return out


def avro_schema(entity: str) -> dict[str, Any]:
    """The canonical schema of an entity."""
    schema: dict[str, Any] = json.loads((resource("schemas") / "avro" / f"{entity}.avsc").read_text(encoding="utf-8"))
    return schema


def _yaml_files(folder: Path, texts: dict[str, str]) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
        text = path.read_text(encoding="utf-8")
        texts[f"{folder.parent.name}/{folder.name}/{path.name}"] = text
        yield path, text


def _share(budget: BudgetEnv, service: str) -> BudgetSettings:
    share = budget.share.get(service, 0.5)
    per_minute = None if budget.per_minute is None else budget.per_minute * share
    return BudgetSettings(per_minute, max(1, round(budget.concurrency * share)), max(1, round(budget.burst * share)))


__all__ = ["Flow", "FlowError", "System", "avro_schema", "flow_names", "load_flow"]
