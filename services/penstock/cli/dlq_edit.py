"""The edited bytes of a dead letter: by JSON pointer, from a file, or in a person's editor."""

import os
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from penstock.cli import payloads
from penstock.cli.errors import CommandError, Exit
from penstock.cli.letters import name_of
from penstock.cli.logview import LogView, header
from penstock.cli.options import reachable, registry
from penstock.log.scan import Record
from penstock.log.wire import Codec


def edited_bytes(
    view: LogView, letter: Record, file: Path | None, sets: Sequence[str], url: str | None, *, as_bytes: bool
) -> bytes:
    """The bytes to publish. Raises CommandError when they are no longer this document."""
    if file is not None and sets:
        raise CommandError("give --file or --set, not both", Exit.USAGE)
    topic, original = view.name(header(letter, "dlq-topic")), letter.value or b""
    if as_bytes:
        if file is None:
            raise CommandError("--as-bytes needs --file", Exit.USAGE)
        return payloads.checked(topic, original, _read(file))

    def codec() -> Codec:
        return Codec(registry(url))

    with reachable():
        document = payloads.readable(topic, original, codec)
        if document is None:
            raise CommandError(
                f"{name_of(letter)} holds no document that can be read: write `dlq show --bytes` to a file, correct "
                "it, and give it with --file and --as-bytes",
                Exit.NO,
            )
        for each in sets:
            pointer, equals, text = each.partition("=")
            if not equals:
                raise CommandError(f"--set {each}: write /json/pointer=VALUE", Exit.USAGE)
            payloads.changed(document, pointer, text)
        if file is not None:
            document = payloads.loads(_read(file))
        elif not sets:
            text = _in_editor(payloads.text_of(document))
            if text == payloads.text_of(document):
                return original
            document = payloads.loads(text.encode())
        return payloads.rewritten(topic, original, document, codec)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}", Exit.USAGE) from error


def _in_editor(text: str) -> str:
    """What a person makes of it in $VISUAL or $EDITOR; the file is theirs alone, and is gone afterwards."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise CommandError("set EDITOR, or give --set or --file", Exit.USAGE)
    with tempfile.TemporaryDirectory(prefix="penstock-edit-") as folder:
        path = Path(folder) / "document.json"
        path.write_text(text, encoding="utf-8")
        try:
            subprocess.run([*shlex.split(editor), str(path)], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise CommandError(f"{editor} failed: {error}; nothing was changed", Exit.NO) from error
        return path.read_text(encoding="utf-8")
