"""Confluent's wire format: a zero byte, the schema's id as four bytes, the Avro record."""

import io
import json
from collections.abc import Mapping
from typing import Any, cast

import fastavro

from penstock.log.avro_writer import MISFIT, Record, compile_writer, misfit
from penstock.log.registry_client import RegistryClient, RegistryError
from penstock.log.schemas import Schema, load_schemas

_MAGIC = 0
_HEAD = 5


class WireError(ValueError):
    """Bytes that are no record in the wire format, or a record that does not fit its schema."""


class Codec:
    """Encodes and decodes records. Made once at start, where it asks the registry for the ids of all schemas.

    With `register`, schemas that the registry does not have are registered (demo and tests); without it they must be
    there (`penstock schemas register`). A schema id met later for the first time is asked for then, blocking.
    """

    def __init__(
        self,
        registry: RegistryClient | str,
        schemas: Mapping[str, Schema] | None = None,
        *,
        register: bool = False,
    ) -> None:
        self._registry = RegistryClient.from_env(url=registry) if isinstance(registry, str) else registry
        self._schemas = dict(load_schemas() if schemas is None else schemas)
        ids = self._registry.register_all(self._schemas) if register else self._known_ids()
        self._heads = {name: bytes([_MAGIC]) + number.to_bytes(4, "big") for name, number in ids.items()}
        self._writers = {name: compile_writer(schema.definition) for name, schema in self._schemas.items()}
        self._parsed = {name: fastavro.parse_schema(schema.definition) for name, schema in self._schemas.items()}
        self._readers: dict[int, tuple[str, Any, Any]] = {
            number: (name, self._parsed[name], None) for name, number in ids.items()
        }

    def encode(self, name: str, record: Record) -> bytes:
        """`name` is the record's name without namespace, e.g. `Order`. Decimals are Decimal, times aware datetimes.

        Raises:
            WireError: the record does not fit; names the field where it can.
        """
        try:
            return self._heads[name] + self._writers[name](record)
        except MISFIT as error:
            if name not in self._schemas:
                raise WireError(f"there is no record {name!r}, only {', '.join(sorted(self._schemas))}") from None
            said = misfit(self._schemas[name].definition, record, name) or repr(error)
            raise WireError(f"the record does not fit its schema: {said}") from error

    def decode(self, data: bytes) -> tuple[str, dict[str, Any]]:
        """(record name, record), as the current schema reads it.

        Raises:
            WireError: not in the wire format, an unknown schema id, or damaged.
            RegistryError: the registry did not answer for a schema id met for the first time.
        """
        if len(data) < _HEAD or data[0] != _MAGIC:
            raise WireError(f"not in Confluent's wire format: it begins with {data[:_HEAD].hex(' ') or 'nothing'}")
        number = int.from_bytes(data[1:_HEAD], "big")
        name, writer, reader = self._readers.get(number) or self._learn(number)
        stream = io.BytesIO(data)
        stream.seek(_HEAD)
        try:
            record = cast("dict[str, Any]", fastavro.schemaless_reader(stream, writer, reader))
        except Exception as error:
            # whatever damaged bytes lead the library into
            raise WireError(f"the record cannot be read with schema {number} ({name}): {error!r}") from error
        if stream.tell() != len(data):
            raise WireError(f"{len(data) - stream.tell()} bytes follow the record of schema {number} ({name})")
        return name, record

    def _known_ids(self) -> dict[str, int]:
        found = {name: self._registry.lookup(schema.subject, schema.text) for name, schema in self._schemas.items()}
        if missing := [name for name, number in found.items() if number is None]:
            raise WireError(
                f"schemas not registered at {self._registry.url}: {', '.join(missing)}. Run `penstock schemas register`"
            )
        return {name: number for name, number in found.items() if number is not None}

    def _learn(self, number: int) -> tuple[str, Any, Any]:
        try:
            definition = json.loads(self._registry.schema(number))
        except RegistryError as error:
            if error.code:
                raise WireError(f"schema id {number} is not known: {error}") from error
            raise
        name = str(definition.get("name", "")).rpartition(".")[2]
        # Records of an earlier or later version are read as the version that this process knows.
        self._readers[number] = (name, fastavro.parse_schema(definition), self._parsed.get(name))
        return self._readers[number]
