"""Reads a flow and everything it names, and refuses it with file, line and remedy when something does not fit."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, SecretStr, ValidationError

from penstock.connectors.registry import connector
from penstock.connectors.secrets import resolve
from penstock.flow.files import flow_tables, read_rates, system_mappings, system_tables
from penstock.flow.flow import Flow, FlowError, System
from penstock.flow.functions import decide_function
from penstock.flow.model import EnvFile, FlowFile
from penstock.flow.ownership import OwnershipError, check_ownership
from penstock.flow.policies import compile_policies
from penstock.flow.routes import RouteError, compile_routes
from penstock.flow.when import Conditions, avro_schema
from penstock.mapping import Mapping as RecordMapping
from penstock.mapping import MappingEnv, MappingSyntaxError, config_version
from penstock.mapping.errors import nearest
from penstock.resources import resource
from penstock.rules.decision import TableError

M = TypeVar("M", bound=BaseModel)


def flow_names() -> list[str]:
    return sorted(path.parent.name for path in resource("flows").glob("*/flow.yaml"))


def read_flow_file(name: str) -> FlowFile:
    """`flow.yaml` alone, without what it names. Raises FlowError."""
    return _parse(FlowFile, resource("flows") / name / "flow.yaml", {})


def read_files(name: str, env: str) -> tuple[FlowFile, EnvFile]:
    """The flow's two files alone, for who needs no connector and none of their secrets. Raises FlowError."""
    return read_flow_file(name), _parse(EnvFile, resource("flows") / name / "env" / f"{env}.yaml", {})


def load_flow(name: str, env: str = "sandbox") -> Flow:
    """The flow `flows/<name>/` in the surroundings `env/<env>.yaml`. Raises FlowError."""
    folder = resource("flows") / name
    if not (folder / "flow.yaml").is_file():
        raise FlowError(f"there is no flow {name!r}; there are: {', '.join(flow_names())}")
    texts: dict[str, str] = {}
    path = folder / "flow.yaml"
    file = _parse(FlowFile, path, texts)
    env_path = folder / "env" / f"{env}.yaml"
    surroundings = _parse(EnvFile, env_path, {})
    systems = {alias: _system(alias, file, surroundings, path, env_path) for alias in file.systems}
    _refuse_doubles(systems, path)
    try:
        shared, decisions = flow_tables(folder, texts)
        tables = {alias: system_tables(system, shared, texts) for alias, system in systems.items()}
        rates = read_rates(folder, texts)
        mappings: dict[tuple[str, str, str], RecordMapping] = {}
        for alias, system in systems.items():
            mappings |= system_mappings(folder, system, tables[alias], decisions, texts)
        conditions = Conditions(
            str(path),
            texts[path.name],
            functions=[decide_function(decisions)],
            tables=shared,
            settings=file.settings,
        )
        routes = compile_routes(file, {alias: system.target for alias, system in systems.items()}, conditions)
        policies = compile_policies(file.policies, conditions)
        check_ownership(file)
    except (MappingSyntaxError, TableError) as error:
        raise FlowError(str(error)) from error
    except (RouteError, OwnershipError) as error:
        raise FlowError(f"{path}: {error}") from error
    return Flow(
        file=file,
        env=surroundings,
        systems=systems,
        mappings=mappings,
        tables=tables,
        rates=rates,
        routes=routes,
        policies=policies,
        condition_env=MappingEnv(system="", instance="", tables=shared, rates=rates, settings=file.settings),
        match_secret=_match_secret(surroundings, env_path),
        config_version=config_version(f"{name}\n{text}" for name, text in texts.items()),
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
        lines.append(f"{path}: {where}: {problem['msg'].removeprefix('Value error, ')}")
    return "\n".join(lines)


def _system(alias: str, file: FlowFile, env: EnvFile, flow_path: Path, env_path: Path) -> System:
    about = file.systems[alias]
    where = env.systems.get(alias)
    if where is None:
        raise FlowError(f"{env_path}: systems: {alias} is missing{nearest(alias, env.systems)}")
    try:
        spec = connector(file.connector_of(alias))
    except LookupError as error:
        raise FlowError(f"{flow_path}: systems.{alias}: {error}; `system:` names the connector") from error
    given = dict(where.settings)
    known = spec.settings.model_fields
    implied = {"instance": about.instance, "tag": about.tag, "start": file.start.reads_from}
    given |= {field: value for field, value in implied.items() if field in known and value != ""}
    if "poll_from" in known:
        given.setdefault("poll_from", file.start.reads_from)
    if "hash_key" in known:
        given.setdefault("hash_key", env.match_key)
    if url := os.environ.get(variable("URL", alias)):
        given["base_url" if "base_url" in known else "url"] = url
    if ionapi := os.environ.get(variable("IONAPI", alias)):
        given["ionapi"] = ionapi
    try:
        settings = spec.settings.model_validate(given)
    except ValidationError as error:
        explained = _explained(env_path, error).replace(f"{env_path}: ", f"{env_path}: systems.{alias}.settings.")
        raise FlowError(explained) from error
    return System(alias, spec.system, about.instance, about.tag, about.role, spec, settings, where)


def variable(what: str, alias: str) -> str:
    """Name of the environment variable that overrides the address of a system: `PENSTOCK_URL_SHOP_FR`."""
    return f"PENSTOCK_{what}_{alias.upper().replace('-', '_')}"


def _refuse_doubles(systems: Mapping[str, System], path: Path) -> None:
    """Two names for one instance would book everything twice; two equal tags would mix up its orders."""
    for what, of in (("instance", _target), ("tag", _tag)):
        seen: dict[str, str] = {}
        for alias, system in systems.items():
            value = of(system)
            if value and value in seen:
                raise FlowError(f"{path}: systems: {seen[value]} and {alias} have the same {what}, {value}")
            seen[value] = alias


def _target(system: System) -> str:
    return system.target


def _tag(system: System) -> str:
    return system.tag


def _match_secret(env: EnvFile, path: Path) -> bytes:
    try:
        secret: Any = resolve(env.match_key)
    except ValueError as error:
        raise FlowError(f"{path}: match_key: {error}") from error
    return secret.get_secret_value().encode() if isinstance(secret, SecretStr) else b""


__all__ = [
    "Flow",
    "FlowError",
    "System",
    "avro_schema",
    "flow_names",
    "load_flow",
    "read_files",
    "read_flow_file",
    "variable",
]
