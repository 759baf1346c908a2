"""What a schema registry knows and decides, without Kafka or HTTP. Its records are those of Confluent's `_schemas`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import avro.errors
import avro.schema

from penstock.log.schemas import incompatibilities

LEVELS = ("BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE", "NONE")
DEFAULT_LEVEL = "BACKWARD"


class Refusal(Exception):  # noqa: N818 - it is an answer of the API, not a failure
    """An answer other than success, with Confluent's error code (its first three digits are the HTTP status)."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def status(self) -> int:
        return int(str(self.code)[:3])


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a subject. `version` counts from 1; `id` is global and belongs to the schema's text."""

    subject: str
    version: int
    id: int
    schema: str

    def record(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Key and value for `_schemas`."""
        key = {"keytype": "SCHEMA", "subject": self.subject, "version": self.version, "magic": 1}
        value = {
            "subject": self.subject,
            "version": self.version,
            "id": self.id,
            "schema": self.schema,
            "deleted": False,
        }
        return key, value


def normal(schema: object, kind: object = "AVRO", references: object = None) -> str:
    """The text under which a schema is kept: its JSON without spaces. Refusal 42201 when it is no Avro schema."""
    if kind not in (None, "AVRO") or references:
        raise Refusal(42201, "only Avro schemas without references are supported")
    try:
        if not isinstance(schema, str):
            raise TypeError("field `schema` must be the schema as a text")  # noqa: TRY301 - one answer for all
        definition = json.loads(schema)
        avro.schema.make_avsc_object(definition)
    except (ValueError, TypeError, RecursionError, avro.errors.AvroException) as error:
        raise Refusal(42201, f"Invalid schema: {error}") from error
    return json.dumps(definition, separators=(",", ":"), ensure_ascii=False)


def level_record(subject: str | None, level: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """Key and value for `_schemas`; no subject: the global level. Refusal 42203 for an unknown level."""
    if level not in LEVELS:
        raise Refusal(42203, f"Invalid compatibility level {level!r}. Valid values are {', '.join(LEVELS)}")
    return {"keytype": "CONFIG", "subject": subject, "magic": 0}, {"compatibilityLevel": level}


class RegistryState:
    """Everything that the records of `_schemas` say, in log order."""

    def __init__(self) -> None:
        self._subjects: dict[str, dict[int, Version]] = {}
        self._texts: dict[int, str] = {}
        self._ids: dict[str, int] = {}
        self._levels: dict[str | None, str] = {None: DEFAULT_LEVEL}

    def apply(self, key: dict[str, Any], value: dict[str, Any] | None) -> None:
        """Take in one record. Kinds of records that we do not write are passed over."""
        subject = key.get("subject")
        if key.get("keytype") == "CONFIG":
            if value is None:
                self._levels.pop(subject, None)
            else:
                self._levels[subject] = value["compatibilityLevel"]
        elif key.get("keytype") == "SCHEMA" and isinstance(subject, str):
            if value is None or value.get("deleted"):
                self._subjects.get(subject, {}).pop(key["version"], None)
                return
            version = Version(subject, value["version"], value["id"], value["schema"])
            self._subjects.setdefault(subject, {})[version.version] = version
            self._texts[version.id] = version.schema
            self._ids.setdefault(version.schema, version.id)

    def subjects(self) -> list[str]:
        return sorted(subject for subject, versions in self._subjects.items() if versions)

    def versions(self, subject: str) -> dict[int, Version]:
        """Versions by number. Refusal 40401 for an unknown subject."""
        versions = self._subjects.get(subject)
        if not versions:
            raise Refusal(40401, f"Subject '{subject}' not found.")
        return versions

    def version(self, subject: str, number: str) -> Version:
        """The version of this number or `latest`. Refusal 42202 for no number, 40402 for an unknown one."""
        versions = self.versions(subject)
        if number in {"latest", "-1"}:
            return versions[max(versions)]
        if not number.isascii() or not number.isdigit() or not 0 < int(number[:12]) < 2**31:
            raise Refusal(42202, f"The specified version '{number[:40]}' is not a valid version id.")
        if int(number) not in versions:
            raise Refusal(40402, f"Version {number} not found.")
        return versions[int(number)]

    def find(self, subject: str, text: str) -> Version:
        """The version of a subject with exactly this text. Refusal 40403 when there is none."""
        for version in self.versions(subject).values():
            if version.schema == text:
                return version
        raise Refusal(40403, "Schema not found")

    def schema(self, number: int) -> str:
        """Text by id. Refusal 40403."""
        if number not in self._texts:
            raise Refusal(40403, f"Schema {number} not found")
        return self._texts[number]

    def level(self, subject: str | None, *, default: bool = True) -> str:
        """Level of a subject (None: the global one). Refusal 40408 when it has none of its own and not `default`."""
        if subject in self._levels:
            return self._levels[subject]
        if not default:
            raise Refusal(40408, f"Subject '{subject}' does not have subject-level compatibility configured")
        return self._levels[None]

    def incompatible(self, subject: str, text: str, number: str | None = None) -> list[str]:
        """Why `text` may not follow: the versions that the level names, or only version `number`."""
        level = self.level(subject)
        if number is not None:
            against = [self.version(subject, number)]
        else:
            versions = self._subjects.get(subject) or {}
            ordered = [versions[each] for each in sorted(versions)]
            against = ordered if level.endswith("_TRANSITIVE") else ordered[-1:]
        return [
            f"version {version.version}: {why}"
            for version in against
            for why in incompatibilities(text, version.schema, level)
        ]

    def next(self, subject: str, text: str) -> Version:
        """The version that registering `text` would add. Refusal 409 when it is not compatible."""
        if reasons := self.incompatible(subject, text):
            message = f'Schema being registered is incompatible with an earlier schema for subject "{subject}"'
            raise Refusal(409, f"{message}: {'; '.join(reasons)}")
        number = max(self._subjects.get(subject, ()), default=0) + 1
        return Version(subject, number, self._ids.get(text) or max(self._texts, default=0) + 1, text)
