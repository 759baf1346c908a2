"""Why a replay does not begin, or does not go on."""

from __future__ import annotations


class RefusedError(Exception):
    """It might double something, or makes no sense; the message says what, and what to do."""


class StalledError(Exception):
    """Nothing that was sent gets a fate any more."""
