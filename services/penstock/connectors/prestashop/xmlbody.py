"""XML bodies of writes, and XML answers: the webservice reads nothing else (systems/prestashop.md 1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from penstock.connectors.prestashop.wire import UnreadableError

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class UnwritableTextError(ValueError):
    """A text that XML cannot carry. The message names the field, never the text."""


def entity(node: str, fields: Mapping[str, str | int]) -> bytes:
    """`<prestashop><node><field>value</field>…`, values without surrounding space (systems/prestashop.md 2)."""
    root = Element("prestashop", {"xmlns:xlink": "http://www.w3.org/1999/xlink"})
    parent = SubElement(root, node)
    for name, value in fields.items():
        SubElement(parent, name).text = _value(name, value)
    written: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


def edited(answer: bytes, node: str, fields: Mapping[str, str | int], drop: frozenset[str] = frozenset()) -> bytes:
    """The entity of an XML answer with some fields replaced, as a body for PUT: a field left out would be nulled.

    `drop` names read-only fields; associations are left out, which keeps them as they are.
    """
    root = parsed(answer)
    source = root.find(node)
    if source is None:
        raise UnreadableError(f"no <{node}> in the answer")
    merged: dict[str, str | int] = {}
    for child in source:
        if child.tag in drop or child.tag == "associations":
            continue
        if len(child):
            raise UnreadableError(f"<{child.tag}> is multilingual: PUT of <{node}> is not supported")
        merged[child.tag] = child.text or ""
    return entity(node, {**merged, **fields})


def parsed(answer: bytes) -> Element:
    """Raises UnreadableError; entities and document types are refused before they can grow."""
    try:
        root: Element = fromstring(answer, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise UnreadableError(f"no XML: {type(error).__name__}") from error
    return root


def error_codes(root: Element) -> tuple[int, ...]:
    codes = (node.text or "" for node in root.iterfind("errors/error/code"))
    return tuple(int(code) if code.strip().isdigit() else 0 for code in codes)


def _value(name: str, value: str | int) -> str:
    text = str(value).strip()
    if _FORBIDDEN.search(text):
        raise UnwritableTextError(f"{name} holds a control character that XML cannot carry: remove it at the source")
    return text
