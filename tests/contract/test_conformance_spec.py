"""Conformance of every connector: what it says of itself is complete, and agrees with what it is. No call is made."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from tests.contract.conformance.desk import Subject, budget

from penstock.cli.mapping_files import check_connector
from penstock.cli.scaffold import topic_lines
from penstock.connectors.contract import Sink, Source
from penstock.log.topics import load_topics
from penstock.resources import resource

SECRET_WORDS = re.compile(r"(^|_)(key|secret|password|token|secret_previous)$")
SANDBOX_MAY_IMPORT = ("penstock.sandbox", "penstock.records")


@pytest.fixture
async def source(subject: Subject) -> Any:
    made = subject.spec.source(subject.settings(), budget())
    yield made
    await made.close()


@pytest.fixture
async def sink(subject: Subject) -> Any:
    made = subject.spec.sink(subject.settings(), budget())
    yield made
    await made.close()


def test_the_spec_has_the_name_of_its_folder_and_a_title(subject: Subject) -> None:
    assert subject.spec.system == subject.name == subject.folder.name
    assert subject.spec.title.strip()


async def test_source_and_sink_name_their_system_and_instance(subject: Subject, source: Source, sink: Sink) -> None:
    for side in (source, sink):
        assert (side.system, side.instance) == (subject.name, subject.settings().instance)
    assert sink.send_window > 0
    assert sink.answer_window > 0


def test_every_entity_read_has_a_mapping_and_a_canonical_record(subject: Subject) -> None:
    reads = subject.spec.reads
    files = {path.name.partition(".")[0] for path in subject.spec.mappings.glob("*.to-canonical.yaml")}
    assert files == {entity for entity, canonical in reads.items() if canonical is not None}
    for canonical in filter(None, reads.values()):
        assert (resource("schemas") / "avro" / f"{canonical}.avsc").is_file(), canonical


async def test_every_write_has_a_handler_and_every_handler_that_maps_is_a_write(subject: Subject, sink: Sink) -> None:
    written = {write.canonical for write in subject.spec.writes}
    assert written <= set(sink.handlers), "SPEC.writes names records that no handler takes"
    for entity, handler in sink.handlers.items():
        assert handler.entity == entity
        if handler.mapping is None:
            continue
        assert entity in written, f"the handler of {entity} maps, and SPEC.writes does not say what it writes"
        assert (subject.spec.mappings / f"{handler.mapping}.yaml").is_file(), handler.mapping
        assert (subject.spec.mappings / f"{entity}.payload.yaml").is_file(), entity


async def test_no_mapping_towards_it_is_without_a_handler(subject: Subject, sink: Sink) -> None:
    files = {path.name.removesuffix(".yaml") for path in subject.spec.mappings.glob("*.from-canonical.yaml")}
    assert files == {handler.mapping for handler in sink.handlers.values() if handler.mapping is not None}


def test_the_mappings_and_tables_compile(subject: Subject) -> None:
    wrong = [str(problem) for checked in check_connector(subject.spec) for problem in checked.problems]
    assert not wrong, "\n".join(wrong)


async def test_the_capabilities_are_those_of_the_source(subject: Subject, source: Source) -> None:
    can = subject.spec.capabilities
    assert can.poll == bool(source.polls)
    assert can.webhooks == any(name.startswith("webhook_") for name in subject.spec.settings.model_fields)
    assert bool(subject.spec.reads) == (can.poll or can.webhooks)


async def test_every_poll_set_has_a_name_and_an_interval(subject: Subject, source: Source) -> None:
    names = [poll.name for poll in source.polls]
    assert len(set(names)) == len(names)
    for poll in source.polls:
        assert poll.interval > 0
        assert subject.settings().interval(poll.name) >= poll.interval, "interval() gives the longest"


def test_the_settings_refuse_what_they_do_not_know(subject: Subject) -> None:
    with pytest.raises(ValidationError, match="no_such_setting"):
        subject.settings(no_such_setting=1)


def test_the_settings_do_not_change_once_made(subject: Subject) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        subject.settings().instance = "other"


def test_secrets_have_a_type_that_does_not_print(subject: Subject) -> None:
    fields = subject.spec.settings.model_fields
    bare = [name for name, field in fields.items() if SECRET_WORDS.search(name) and not _holds_secret(field.annotation)]
    assert not bare, f"{bare}: of type Secret (connectors/secrets.py)"
    settings = subject.settings()
    told = list(_secret_values(settings))
    assert told, "no secret at all among the settings"
    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        assert not [secret for secret in told if secret in shown]


def test_a_secret_is_a_reference_and_never_the_bare_value(subject: Subject) -> None:
    for name in _secrets(subject):
        with pytest.raises(ValidationError, match="env:NAME"):
            subject.settings(**{name: "a bare value"})


def test_the_readme_documents_every_setting(subject: Subject) -> None:
    missing = set(subject.spec.settings.model_fields) - set(re.findall(r"`(\w+)`", _readme(subject)))
    assert not missing, f"README.md says nothing of the settings {sorted(missing)}"


def test_the_readme_documents_every_write_with_its_class(subject: Subject) -> None:
    rows = [row for row in _readme(subject).splitlines() if row.startswith("|")]
    for write in subject.spec.writes:
        names = (write.canonical, "".join(word.capitalize() for word in write.canonical.split("-")))
        steps = write.step.split(", ")
        assert any(
            any(f"| {name} |" in row for name in names)
            and all(step in row for step in steps)
            and f"| {write.kind} |" in row
            for row in rows
        ), f"no row with {write.canonical}, {write.step}, {write.kind}"


def test_the_topics_are_there(subject: Subject) -> None:
    spec, name = subject.spec, subject.name
    wanted = {f"raw.{name}.{entity}" for entity in spec.reads}
    wanted |= {f"raw.{name}.notification", f"position.{name}"} if spec.reads else set()
    wanted |= {f"effect.{name}", f"parked.{name}"} if spec.writes else set()
    wanted |= {f"customer-request.{name}" for write in spec.writes if write.canonical == "customer-request"}
    missing = wanted - {topic.name for topic in load_topics()}
    assert not missing, f"topics.yaml lacks {sorted(missing)}; lines for it:\n{topic_lines(name)}"


def test_the_sandbox_knows_nothing_of_its_connector(subject: Subject) -> None:
    own = f"penstock.connectors.{subject.name}.sandbox"
    for path in (subject.folder / "sandbox").rglob("*.py"):
        for module in _imported(path):
            if module.startswith("penstock"):
                assert module.startswith((own, *SANDBOX_MAY_IMPORT)), f"{path.name} imports {module}"


def test_every_waiver_is_of_a_case_and_says_why(subject: Subject) -> None:
    cases = {
        name
        for path in Path(__file__).parent.glob("test_conformance_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
    }
    for name, why in subject.facts.waivers.items():
        assert name.partition("[")[0] in cases, f"there is no case {name}"
        assert len(why) > 20, f"{name}: give the reason"


def _readme(subject: Subject) -> str:
    return (subject.folder / "README.md").read_text(encoding="utf-8")


def _secrets(subject: Subject) -> list[str]:
    return [name for name, field in subject.spec.settings.model_fields.items() if _holds_secret(field.annotation)]


def _holds_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(_holds_secret(inner) for inner in getattr(annotation, "__args__", ()))


def _secret_values(settings: Any) -> Iterator[str]:
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr) and value.get_secret_value():
            yield value.get_secret_value()
        elif hasattr(type(value), "model_fields"):
            yield from _secret_values(value)


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: absolute imports only"
            yield node.module or ""
