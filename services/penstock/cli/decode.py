"""`penstock decode`: records of the log as JSON lines, from a kcat pipe or from a topic."""

import base64
import sys
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, BinaryIO

import orjson
import typer

from penstock.cli.errors import CommandError, Exit
from penstock.cli.options import Bootstrap, Registry, kafka, reachable, registry
from penstock.log.headers import texts
from penstock.log.scan import scan
from penstock.log.wire import Codec, WireError

FRAME = r"%t %p %o %K %S\n%k%s"
_LARGEST = 64 * 1024 * 1024

app = typer.Typer(add_completion=False)


@app.command(
    epilog=f"Examples: `kcat -b 127.0.0.1:9092 -C -e -q -t canonical.order -f '{FRAME}' | penstock decode`, "
    "`penstock decode --topic fate | jq .value.state`"
)
def decode(
    topic: Annotated[str | None, typer.Option(help="Read this topic, from its start to its present end.")] = None,
    since: Annotated[datetime | None, typer.Option(help="With --topic: skip older records (local time).")] = None,
    bootstrap: Bootstrap = None,
    registry_url: Registry = None,
) -> None:
    """Print each record as one JSON line: place, key, headers (with --topic) and value; Avro decoded, JSON as it is.

    A value that is neither is given as text, or as base64 in `value_base64`. From a pipe two framings are understood:
    kcat's `-f` format of the example, and `-f '%R%s'` (values only).
    """
    with reachable():
        codec = Codec(registry(registry_url), schemas={})
        lines = _from_pipe(sys.stdin.buffer) if topic is None else _from_topic(bootstrap, topic, since)
        for place, value in lines:
            sys.stdout.buffer.write(orjson.dumps(place | _value(codec, value), default=_plain) + b"\n")
            sys.stdout.buffer.flush()  # whoever follows a topic sees each record at once


def _from_topic(
    bootstrap: str | None, topic: str, since: datetime | None
) -> Iterator[tuple[dict[str, Any], bytes | None]]:
    settings = kafka(bootstrap)
    for record in scan(settings, settings.topic(topic), since=since.astimezone() if since else None):
        place = {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "at": record.at,
            "key": _text(record.key),
            "headers": texts(record.headers),
        }
        yield place, record.value


def _from_pipe(stream: BinaryIO) -> Iterator[tuple[dict[str, Any], bytes | None]]:
    """Frames of the two formats. `%R` begins with a zero byte, or 0xff for a tombstone; a topic's name with neither."""
    while first := stream.read(1):
        if first in {b"\0", b"\xff"}:
            yield {}, _exactly(stream, int.from_bytes(first + stream.read(3), "big", signed=True))
            continue
        head = first + stream.readline(400)
        try:
            topic, partition, offset, key_size, size = head.decode("ascii").split()
            numbers = int(key_size), int(size)
        except ValueError as error:
            raise CommandError(
                f"the pipe is not framed as expected (it has {head[:60]!r}): use kcat -C -f '{FRAME}'", Exit.USAGE
            ) from error
        key = _exactly(stream, numbers[0])
        place = {"topic": topic, "partition": int(partition), "offset": int(offset), "key": _text(key)}
        yield place, _exactly(stream, numbers[1])


def _exactly(stream: BinaryIO, size: int) -> bytes | None:
    if size < 0:
        return None
    if size > _LARGEST:
        raise CommandError(f"a frame of {size} bytes: the pipe is not framed as kcat -f '{FRAME}' does", Exit.USAGE)
    data = stream.read(size)
    if len(data) < size:
        raise CommandError("the pipe ended in the middle of a record")
    return data


def _value(codec: Codec, value: bytes | None) -> dict[str, Any]:
    if value is None:
        return {"value": None}
    if value[:1] == b"\0":
        try:
            name, record = codec.decode(value)
        except WireError as error:
            return {"error": str(error), "value_base64": base64.b64encode(value).decode()}
        return {"record": name, "value": record}
    try:
        return {"value": orjson.loads(value)}
    except ValueError:
        pass
    try:
        return {"value": value.decode()}
    except UnicodeDecodeError:
        return {"value_base64": base64.b64encode(value).decode()}


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode("utf-8", "backslashreplace")


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    raise TypeError(f"{type(value).__name__} has no JSON form")
