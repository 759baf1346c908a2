"""`conformance.yaml` of a connector: what the suite has to know of it, and what it is excused from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from penstock.connectors.contract import ConnectorSpec


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Act(Strict):
    """An action of the sandbox. `{x}` in a value is the field x of an earlier answer."""

    do: str
    given: dict[str, Any] = {}


class Lesser(Strict):
    """Access with a right missing: what differs from full access, and what `check` has to name."""

    settings: dict[str, Any] = {}
    options: dict[str, Any] = {}
    source: str
    sink: str | None = None


class Webhook(Strict):
    """A genuine message, recorded. Its key is used as `webhook_secret` and as `webhook_secret_previous`."""

    key: str
    at: datetime
    header: str
    headers: dict[str, str]
    body: str


class Write(Strict):
    """A write that the sandbox takes: a task, and a pattern of the request that does it: `METHOD path body`."""

    entity: str
    request: str
    record: dict[str, Any]
    payload: dict[str, Any] | None = None


class Facts(Strict):
    """`edit`: an edit of the order `{document}` that differs with `{turn}`. `token`: how a request for a token looks.
    `unknown`: per entity of SPEC.reads an id that the sandbox has not.
    """

    settings: dict[str, Any]
    options: dict[str, Any] = {}
    prepare: list[Act] = []
    change: list[Act] = []
    edit: list[Act] = []
    unknown: dict[str, str] = {}
    token: str | None = None
    lesser: Lesser | None = None
    webhook: Webhook | None = None
    write: Write | None = None
    waivers: dict[str, str] = Field(default={}, description="name of a test -> why the connector need not pass it")


def read_facts(spec: ConnectorSpec) -> Facts:
    path = spec.mappings.parent / "conformance.yaml"
    return Facts.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
