"""Bookmarks: the values of the `orderby` columns at both edges of a page, and nothing else (systems/infor.md 4.2).

Rows that tie with the page's edge are therefore skipped by the next page: an odd answer that a client must know.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import ParseError as XmlError
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from penstock.connectors.infor.sandbox.model import Prop
from penstock.connectors.infor.sandbox.values import IdoError, Stored, parse, show


class BookmarkError(IdoError):
    """Damaged, or made for another `orderby`."""

    def __init__(self) -> None:
        super().__init__("The bookmark is not valid for this request.")


@dataclass(frozen=True, slots=True)
class OrderBy:
    """One column of the order."""

    prop: Prop
    descending: bool


Edge = tuple[Stored, ...]


def write_bookmark(order: Sequence[OrderBy], first: Edge, last: Edge) -> str:
    """The bookmark of a page whose edges hold these values, in the order of `order`."""
    names = "".join(f"<p>{column.prop.name}</p>" for column in order)
    downs = "".join(f"<f>{'true' if column.descending else 'false'}</f>" for column in order)
    return f"<B><P>{names}</P><D>{downs}</D><F>{_values(order, first)}</F><L>{_values(order, last)}</L></B>"


def read_bookmark(text: str, order: Sequence[OrderBy]) -> tuple[Edge, Edge]:
    """First and last edge. Raises BookmarkError."""
    try:
        root: Element = fromstring(text, forbid_dtd=True)
    except (XmlError, DefusedXmlException, ValueError) as error:
        raise BookmarkError from error
    if root.tag != "B" or [child.tag for child in root] != ["P", "D", "F", "L"]:
        raise BookmarkError
    names, downs, first, last = root
    if [child.text for child in names] != [column.prop.name for column in order]:
        raise BookmarkError
    if [child.text == "true" for child in downs] != [column.descending for column in order]:
        raise BookmarkError
    return _edge(order, first), _edge(order, last)


def _values(order: Sequence[OrderBy], edge: Edge) -> str:
    return "".join(_value(column.prop, value) for column, value in zip(order, edge, strict=True))


def _value(prop: Prop, value: Stored) -> str:
    shown = show(prop.kind, value)
    return "<n/>" if shown is None else f"<v>{escape(shown, {chr(13): '&#13;'})}</v>"


def _edge(order: Sequence[OrderBy], given: Element) -> Edge:
    if len(given) != len(order):
        raise BookmarkError
    try:
        return tuple(
            None if child.tag == "n" else parse(column.prop.kind, child.text or "")
            for child, column in zip(given, order, strict=True)
        )
    except IdoError as error:
        raise BookmarkError from error


def beyond(order: Sequence[OrderBy], edge: Edge, *, backwards: bool) -> tuple[str, list[Stored]]:
    """SQL for the rows strictly after the edge (before it, when `backwards`). Nulls come first in ascending order."""
    choices: list[str] = []
    params: list[Stored] = []
    equal_sql: list[str] = []
    equal_params: list[Stored] = []
    for column, value in zip(order, edge, strict=True):
        sql = column.prop.sql
        if column.descending == backwards:  # towards greater values
            after, after_params = (f"{sql} IS NOT NULL", []) if value is None else (f"{sql} > ?", [value])
        elif value is None:
            after, after_params = "0", []
        else:
            after, after_params = f"({sql} < ? OR {sql} IS NULL)", [value]
        choices.append("(" + " AND ".join([*equal_sql, after]) + ")")
        params += [*equal_params, *after_params]
        equal_sql.append(f"{sql} IS ?")
        equal_params.append(value)
    return f"({' OR '.join(choices)})", params
