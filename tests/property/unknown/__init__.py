"""Writes whose reply is lost after the target has done them: none doubled, none lost (docs/delivery.md)."""
