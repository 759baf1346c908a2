"""Names that replays give to what they write: runs, and the event ids of records that are written again.

What a replay writes again has an event id of its own, `<event id>~<run>`, and so a fate of its own: a fate that is
final stays as it is.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime

REPLAY = "replay"
"""Header of every record that a replay has written: its run. It gives way to live records."""
RESYNC = "resync"
"""Header of a record that says nothing new: the one target that it is sent to is to be compared with it."""
_RUN = re.compile(r"~(\d{8}T\d{6}Z[0-9a-f]{4})$")


def new_run(at: datetime) -> str:
    """A name that sorts by time. `at` is UTC.

    >>> new_run(datetime(2026, 3, 4, 9, 6))[:-4]
    '20260304T090600Z'
    """
    return f"{at:%Y%m%dT%H%M%SZ}{secrets.token_hex(2)}"


def replayed(event_id: str, run: str) -> str:
    """The event id under which `run` writes an event again; of one that is a replay itself, that of the first."""
    return f"{original(event_id)}~{run}"


def run_of(event_id: str) -> str:
    """The run that wrote an event again; empty for one that comes from its source.

    >>> run_of("prestashop:1:order:41:0f3a~20260304T090600Z12ab")
    '20260304T090600Z12ab'
    """
    found = _RUN.search(event_id)
    return found[1] if found else ""


def original(event_id: str) -> str:
    """The event id that the source's own event has."""
    return _RUN.sub("", event_id)
