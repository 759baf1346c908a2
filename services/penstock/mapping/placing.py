"""From a Python exception in a compiled mapping to the line, field and path of the mapping that it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import FrameType
from typing import Any

from penstock.mapping.codegen import FUNCTION
from penstock.mapping.errors import BadValue, MappingError
from penstock.mapping.nodes import Look, Name, Node, path_text
from penstock.mapping.runtime import missing
from penstock.mapping.writer import Scope, Site


def placed(error: Exception, mapping: str, filename: str, sites: Sequence[Site]) -> MappingError:
    """`error`, raised by the function compiled as `filename`, as a MappingError that knows its place."""
    variables: dict[str, Any] = {}
    at: tuple[FrameType, int] | None = None
    outermost: FrameType | None = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == filename:
            at = (trace.tb_frame, trace.tb_lineno)
            if trace.tb_frame.f_code.co_name == FUNCTION:
                variables = dict(trace.tb_frame.f_locals)
        outermost = trace.tb_frame
        trace = trace.tb_next
    if at is None or not 1 <= at[1] <= len(sites):
        found = error if isinstance(error, MappingError) else _unexpected(error)
        found.mapping = mapping
        return found
    frame, line = at
    site = sites[line - 1]
    found = _reason(error, site, variables | frame.f_locals, in_mapping=outermost is frame)
    if found.place is None:
        found.mapping = mapping
        found.expression = site.expression.text
        place = site.expression.place
        found.place = replace(place, field=_numbered(place.field, site.lists, variables))
    return found


def _reason(error: Exception, site: Site, variables: Mapping[str, Any], *, in_mapping: bool) -> MappingError:
    if isinstance(error, MappingError):
        return error
    if in_mapping and isinstance(error, KeyError | IndexError | TypeError):
        if isinstance(site.node, Name):
            return missing(variables.get("doc"), "", site.node.name)
        if isinstance(site.node, Look):
            name = path_text(site.node.base)
            base = _value(site.node.base, site.scope, variables) if name else {}
            return missing(base, name or "the value", site.node.key)
    return _unexpected(error)


def _unexpected(error: Exception) -> MappingError:
    return BadValue(f"{type(error).__name__}: {error}")


def _value(node: Node, scope: Scope, variables: Mapping[str, Any]) -> Any:
    if isinstance(node, Look):
        return _value(node.base, scope, variables)[node.key]
    if isinstance(node, Name) and node.name in scope:
        return variables[scope[node.name]]
    return variables["doc"][node.name] if isinstance(node, Name) else None


def _numbered(template: str, lists: tuple[str, ...], variables: Mapping[str, Any]) -> str:
    for name in lists:
        template = template.replace("[]", f"[{len(variables.get(name, ()))}]", 1)
    return template
