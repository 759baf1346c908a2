"""Webhooks: verified, put on the log, and only then answered."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from penstock.checkpoints import reach
from penstock.connectors.contract import Source, WebhookRefusedError
from penstock.ingress.extract import notify
from penstock.ingress.notes import note_bytes
from penstock.log.kafka import KafkaSettings

log = structlog.get_logger()

BODY_LIMIT = 1024 * 1024
LOG_TIMEOUT = 10.0


class Webhooks:
    """`POST /webhooks/<system>/<instance>`: 202 once the broker has it, 503 when it does not take it (send again)."""

    def __init__(self, sources: Iterable[Source], producer: AIOKafkaProducer, settings: KafkaSettings) -> None:
        self._sources = {(source.system, source.instance): source for source in sources}
        self._producer = producer
        self._settings = settings
        self.counts: dict[str, int] = {"accepted": 0, "refused": 0, "unavailable": 0}

    def routes(self) -> list[BaseRoute]:
        return [Route("/webhooks/{system}/{instance}", self.receive, methods=["POST"])]

    async def receive(self, request: Request) -> Response:
        source = self._sources.get((request.path_params["system"], request.path_params["instance"]))
        if source is None:
            return _refusal(404, "no such system and instance in this flow")
        try:
            body = await _body(request)
            headers = {name.lower(): value for name, value in request.headers.items()}
            notes = source.receive(body, headers, datetime.now(UTC))
        except WebhookRefusedError as error:
            self.counts["refused"] += 1
            where = f"{source.system}:{source.instance}"
            log.warning("webhook_refused", system=where, status=error.status, reason=str(error))
            return _refusal(error.status, str(error))
        except ClientDisconnect:
            return _refusal(400, "the connection ended before the body did")
        reach("ingress.webhook-received")
        try:
            sends = [notify(self._producer, self._settings, note, note_bytes(note)) for note in notes]
            await asyncio.wait_for(asyncio.gather(*sends), LOG_TIMEOUT)
        except (KafkaError, TimeoutError) as error:
            self.counts["unavailable"] += 1
            log.warning("webhook_not_logged", system=source.system, reason=type(error).__name__)
            return JSONResponse(
                {"error": "the log does not answer; send it again"}, status_code=503, headers={"Retry-After": "5"}
            )
        reach("ingress.webhook-logged")
        self.counts["accepted"] += 1
        return JSONResponse({"accepted": len(notes)}, status_code=202)


async def _body(request: Request) -> bytes:
    """The raw bytes that the signature covers. Raises WebhookRefusedError over the limit."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise WebhookRefusedError(413, f"body over {BODY_LIMIT} bytes")
    return bytes(body)


def _refusal(status: int, reason: str) -> Response:
    return JSONResponse({"error": reason}, status_code=status)
