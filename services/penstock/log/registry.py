"""A small schema registry for one machine: Confluent's REST API, its state in the compacted topic `_schemas`.

One process only: two writers could give one id to two schemas. It answers a write only after it has read its own
record back, so what it said survives its own death and the broker's.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
import structlog
from aiokafka.errors import KafkaError
from confluent_kafka import Message
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from penstock.log.kafka import KafkaSettings, admin, async_producer
from penstock.log.loader import Loader, LoaderError
from penstock.log.registry_state import Refusal, RegistryState, Version, level_record, normal
from penstock.log.topics import Topic, apply, plan

TOPIC = "_schemas"
CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"
_MAXIMUM_BODY = 2 * 1024 * 1024
_WRITE_TIMEOUT = 20.0

_log = structlog.get_logger()
Handler = Callable[[Request], Awaitable[object]]


class SchemaRegistry:
    """State, log and routes of the registry. Use `open()`."""

    def __init__(self, settings: KafkaSettings, topic: str = TOPIC) -> None:
        self._settings = settings
        self._topic = settings.topic(topic)
        self._state = RegistryState()
        self._loader = Loader(settings, self._take, name="registry")
        self._writing = asyncio.Lock()

    @asynccontextmanager
    async def open(self) -> Any:
        """Create the topic if needed, load it, and be able to write while the context is open."""
        await asyncio.to_thread(self._prepare)
        self._producer = async_producer(self._settings, linger_ms=0, request_timeout_ms=int(_WRITE_TIMEOUT * 1000))
        await self._producer.start()
        try:
            yield self
        finally:
            await self._producer.stop()
            await asyncio.to_thread(self._loader.close)

    def healthy(self) -> bool:
        try:
            return self._loader.caught_up()
        except LoaderError:
            return False

    def routes(self) -> list[Route]:
        subject, version = "/subjects/{subject}", "/versions/{version}"
        table: list[tuple[str, str, Handler]] = [
            ("GET", "/subjects", self._subjects),
            ("POST", subject, self._find),
            ("GET", f"{subject}/versions", self._versions),
            ("POST", f"{subject}/versions", self._register),
            ("GET", f"{subject}{version}", self._version),
            ("GET", "/schemas/ids/{id:int}", self._schema),
            ("POST", f"/compatibility{subject}/versions", self._compatible),
            ("POST", f"/compatibility{subject}{version}", self._compatible),
            ("GET", "/config", self._level),
            ("PUT", "/config", self._set_level),
            ("GET", "/config/{subject}", self._level),
            ("PUT", "/config/{subject}", self._set_level),
        ]
        return [Route(path, _answering(handler), methods=[method]) for method, path, handler in table]

    def _prepare(self) -> None:
        topic = Topic(self._topic, 1, 1, {"cleanup.policy": "compact"}, "kind and subject", "schemas", has_schema=False)
        client = admin(self._settings)
        apply(client, plan(client, [topic]))
        self._loader.follow(self._topic)
        self._loader.wait_caught_up(60)

    def _take(self, messages: Sequence[Message]) -> None:
        for message in messages:
            value = message.value()
            try:
                self._state.apply(orjson.loads(message.key() or b""), orjson.loads(value) if value else None)
            except (ValueError, KeyError, TypeError, AttributeError):
                _log.warning("registry-record-skipped", topic=self._topic, offset=message.offset())

    async def _write(self, key: dict[str, Any], value: dict[str, Any]) -> None:
        """Write one record and wait until it has come back. Call it with the lock held."""
        try:
            sent = await self._producer.send_and_wait(self._topic, orjson.dumps(value), key=orjson.dumps(key))
            await asyncio.to_thread(self._loader.wait_position, (self._topic, 0), sent.offset, _WRITE_TIMEOUT)
        except (KafkaError, LoaderError, TimeoutError) as error:
            raise Refusal(50001, f"Error in the backend data store: {error}") from error

    async def _subjects(self, _: Request) -> object:
        return self._state.subjects()

    async def _versions(self, request: Request) -> object:
        return sorted(self._state.versions(request.path_params["subject"]))

    async def _version(self, request: Request) -> object:
        return _shown(self._state.version(request.path_params["subject"], request.path_params["version"]))

    async def _schema(self, request: Request) -> object:
        return {"schema": self._state.schema(request.path_params["id"])}

    async def _find(self, request: Request) -> object:
        subject, text = request.path_params["subject"], await _schema_of(request)
        return _shown(self._state.find(subject, text))

    async def _register(self, request: Request) -> object:
        subject, text = request.path_params["subject"], await _schema_of(request)
        async with self._writing:
            try:
                return {"id": self._state.find(subject, text).id}
            except Refusal:
                version = self._state.next(subject, text)
            await self._write(*version.record())
        _log.info("schema-registered", subject=subject, version=version.version, id=version.id)
        return {"id": version.id}

    async def _compatible(self, request: Request) -> object:
        subject, text = request.path_params["subject"], await _schema_of(request)
        reasons = self._state.incompatible(subject, text, request.path_params.get("version"))
        answer: dict[str, Any] = {"is_compatible": not reasons}
        if request.query_params.get("verbose") == "true":
            answer["messages"] = reasons
        return answer

    async def _level(self, request: Request) -> object:
        default = request.query_params.get("defaultToGlobal") == "true"
        return {"compatibilityLevel": self._state.level(request.path_params.get("subject"), default=default)}

    async def _set_level(self, request: Request) -> object:
        subject, level = request.path_params.get("subject"), (await _json(request)).get("compatibility")
        async with self._writing:
            await self._write(*level_record(subject, level))
        return {"compatibility": level}


def _shown(version: Version) -> dict[str, Any]:
    return {"subject": version.subject, "version": version.version, "id": version.id, "schema": version.schema}


async def _schema_of(request: Request) -> str:
    body = await _json(request)
    return normal(body.get("schema"), body.get("schemaType"), body.get("references"))


async def _json(request: Request) -> dict[str, Any]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAXIMUM_BODY:
            raise Refusal(413, f"the body is over {_MAXIMUM_BODY} bytes")
    try:
        said = orjson.loads(body)
    except ValueError as error:
        raise Refusal(400, f"the body is no JSON: {error}") from error
    if not isinstance(said, dict):
        raise Refusal(400, "the body is no JSON object")
    return said


def _answering(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Wrap a handler: its value as JSON, a Refusal as the API's error object."""

    @functools.wraps(handler)
    async def answer(request: Request) -> Response:
        status = 200
        try:
            said = await handler(request)
        except Refusal as refusal:
            status, said = refusal.status, {"error_code": refusal.code, "message": str(refusal)}
        return Response(orjson.dumps(said), status, media_type=CONTENT_TYPE)

    return answer
