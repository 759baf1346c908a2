"""What a schema registry must do for penstock. Runs against the embedded one, and against PENSTOCK_TEST_REGISTRY."""

import json
import os
import secrets
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from penstock.log.registry_client import RegistryClient, RegistryError
from penstock.log.schemas import load_schemas

pytestmark = pytest.mark.kafka

OTHER = os.environ.get("PENSTOCK_TEST_REGISTRY")
REGISTRIES = ["embedded", *([pytest.param("other", marks=pytest.mark.external_registry)] if OTHER else [])]


@pytest.fixture(params=REGISTRIES)
def url(request: pytest.FixtureRequest) -> str:
    if request.param == "other":
        return str(OTHER)
    address: str = request.getfixturevalue("registry_url")
    return address


@pytest.fixture
def registry(url: str) -> Iterator[RegistryClient]:
    client = RegistryClient(url)
    yield client
    client.close()


@pytest.fixture
def http(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, trust_env=False) as client:
        yield client


@pytest.fixture
def subject() -> str:
    return f"canonical.thing-{secrets.token_hex(4)}-value"


def schema(*optional: str, name: str = "Thing", **required: str) -> str:
    """A record schema that no other test has."""
    fields: list[dict[str, Any]] = [{"name": each, "type": ["null", "string"], "default": None} for each in optional]
    fields += [{"name": each, "type": kind} for each, kind in required.items()]
    return json.dumps({"type": "record", "name": name, "namespace": "test", "fields": fields})


def unique() -> str:
    return f"f_{secrets.token_hex(6)}"


def test_a_schema_is_found_again_by_id_subject_and_text(registry: RegistryClient, subject: str) -> None:
    text = schema(unique())
    number = registry.register(subject, text)
    assert json.loads(registry.schema(number)) == json.loads(text)
    assert registry.lookup(subject, text) == number
    assert subject in registry.subjects()


def test_registering_again_gives_the_same_id(registry: RegistryClient, subject: str, http: httpx.Client) -> None:
    text = schema(unique())
    number = registry.register(subject, text)
    assert registry.register(subject, json.dumps(json.loads(text), indent=4)) == number
    assert http.get(f"/subjects/{subject}/versions").json() == [1]


def test_one_schema_has_one_id_in_all_subjects(registry: RegistryClient, subject: str) -> None:
    text = schema(unique())
    assert registry.register(subject, text) == registry.register(f"other-{subject}", text)


def test_versions_count_up_and_latest_is_the_last(registry: RegistryClient, subject: str, http: httpx.Client) -> None:
    field = unique()
    first, second = schema(field), schema(field, "more")
    ids = [registry.register(subject, text) for text in (first, second)]
    assert http.get(f"/subjects/{subject}/versions").json() == [1, 2]
    latest = http.get(f"/subjects/{subject}/versions/latest").json()
    assert (latest["subject"], latest["version"], latest["id"]) == (subject, 2, ids[1])
    assert json.loads(http.get(f"/subjects/{subject}/versions/1").json()["schema"]) == json.loads(first)


def test_a_new_subject_takes_anything(registry: RegistryClient, subject: str) -> None:
    assert registry.compatible(subject, schema(unique())) == []
    assert registry.lookup(subject, schema("a")) is None


def test_backward_refuses_what_cannot_read_old_records(registry: RegistryClient, subject: str) -> None:
    field = unique()
    registry.set_compatibility(subject, "BACKWARD")
    registry.register(subject, schema(field))
    breaking = schema(field, added="string")
    assert registry.compatible(subject, breaking) != []
    with pytest.raises(RegistryError) as refused:
        registry.register(subject, breaking)
    assert refused.value.code == 409
    assert registry.lookup(subject, breaking) is None


def test_full_transitive_looks_at_every_version(registry: RegistryClient, subject: str) -> None:
    field = unique()
    registry.set_compatibility(subject, "FULL_TRANSITIVE")
    assert registry.compatibility(subject) == "FULL_TRANSITIVE"
    registry.register(subject, schema(field, "unit"))
    registry.register(subject, schema(field))
    unit_is_a_number = json.loads(schema(field))
    unit_is_a_number["fields"].append({"name": "unit", "type": ["null", "long"], "default": None})
    with pytest.raises(RegistryError) as refused:  # the second version has no unit, but the first has a text
        registry.register(subject, json.dumps(unit_is_a_number))
    assert refused.value.code == 409


def test_none_takes_anything(registry: RegistryClient, subject: str) -> None:
    registry.set_compatibility(subject, "NONE")
    registry.register(subject, schema(unique()))
    assert registry.register(subject, schema(added="string", **{unique(): "long"}))


def test_a_level_counts_for_its_subject_only(registry: RegistryClient, subject: str) -> None:
    before = registry.compatibility()
    registry.set_compatibility(subject, "NONE")
    assert registry.compatibility() == before
    assert registry.compatibility(f"other-{subject}") == before


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/subjects/{s}/versions", None, 404, 40401),
        ("GET", "/subjects/{s}/versions/1", None, 404, 40401),
        ("POST", "/subjects/{s}", {"schema": '"string"'}, 404, 40401),
        ("GET", "/schemas/ids/999999", None, 404, 40403),
        ("POST", "/subjects/{s}/versions", {"schema": '{"type":"strng"}'}, 422, 42201),
        ("POST", "/subjects/{s}/versions", {"schema": "{"}, 422, 42201),
        ("PUT", "/config/{s}", {"compatibility": "SOMEWHAT"}, 422, 42203),
    ],
)
def test_a_refusal_has_confluents_error_code(
    http: httpx.Client, subject: str, method: str, path: str, body: object, status: int, code: int
) -> None:
    answer = http.request(method, path.replace("{s}", subject), json=body)
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert answer.json()["message"]


@pytest.mark.parametrize(("version", "status", "code"), [("9", 404, 40402), ("x", 422, 42202), ("0", 422, 42202)])
def test_a_wrong_version_is_told_from_an_unknown_one(
    registry: RegistryClient, http: httpx.Client, subject: str, version: str, status: int, code: int
) -> None:
    registry.register(subject, schema(unique()))
    answer = http.get(f"/subjects/{subject}/versions/{version}")
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)


def test_penstocks_schemas_can_be_registered_twice(registry: RegistryClient) -> None:
    schemas = load_schemas()
    ids = registry.register_all(schemas)
    assert registry.register_all(schemas) == ids
    assert registry.compatibility(schemas["Order"].subject) == "FULL_TRANSITIVE"
