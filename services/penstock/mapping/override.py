"""Lays a flow's override over a mapping: fields and lets are replaced, added or removed; places stay true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from penstock.mapping.errors import MappingSyntaxError, Place, Problem, nearest
from penstock.mapping.source import Expression, Group, MappingSource, OverrideSource, Rows, Spec, Value


def apply_override(mapping: MappingSource, override: OverrideSource) -> MappingSource:
    """The mapping with the override laid over it. Raises MappingSyntaxError for a wrong name."""
    if override.name != mapping.name:
        message = f"this overrides {override.name!r}, but was laid over {mapping.name!r}"
        raise MappingSyntaxError([Problem(Place(override.file, 1), message)])
    root = mapping.root
    problems = []
    for path, place in override.remove.items():
        removed = _without(root, path.split("."))
        if isinstance(removed, Group):
            root = removed
        else:
            problems.append(Problem(place, f"there is no field {path!r} to remove{removed}"))
    if problems:
        raise MappingSyntaxError(problems)
    return replace(mapping, root=_merged(root, override.root))


def _merged(base: Group, over: Group) -> Group:
    fields = dict(base.fields)
    for name, spec in over.fields.items():
        fields[name] = _merged_spec(fields.get(name), spec)
    return replace(base, let={**base.let, **over.let}, fields=fields, when=over.when or base.when)


def _merged_spec(base: Spec | None, over: Spec) -> Spec:
    """Nested `fields` go into the object or list that is there; anything else replaces it."""
    if isinstance(over, Group):
        if isinstance(base, Group):
            return _merged(base, over)
        if isinstance(base, Rows) and isinstance(base.entry, Group):
            inner = _moved(replace(over, when=None), over.place.field)
            return replace(base, entry=_merged(base.entry, inner), when=over.when or base.when)
    return over


def _moved(group: Group, path: str) -> Group:
    """The group with its places inside the rows of `path`: `Lines.Item` is `Lines[].Item`."""

    def at(place: Place) -> Place:
        return replace(place, field=f"{path}[]{place.field.removeprefix(path)}")

    def expression(one: Expression) -> Expression:
        return replace(one, place=at(one.place))

    def maybe(one: Expression | None) -> Expression | None:
        return None if one is None else expression(one)

    def spec(one: Spec) -> Spec:
        if isinstance(one, Value):
            return replace(one, expression=expression(one.expression), place=at(one.place), when=maybe(one.when))
        if isinstance(one, Group):
            return moved(one)
        entry = moved(one.entry) if isinstance(one.entry, Group) else expression(one.entry)
        rows, where, when = expression(one.rows), maybe(one.where), maybe(one.when)
        return replace(one, place=at(one.place), rows=rows, entry=entry, where=where, when=when)

    def moved(one: Group) -> Group:
        return Group(
            place=at(one.place),
            let={name: expression(each) for name, each in one.let.items()},
            fields={name: spec(each) for name, each in one.fields.items()},
            when=maybe(one.when),
        )

    return moved(group)


def _without(group: Group, path: list[str]) -> Group | str:
    """The group without the field, or the hint on what there is instead."""
    name, *rest = path
    spec = group.fields.get(name)
    if spec is None:
        return nearest(name, group.fields)
    if not rest:
        return replace(group, fields=_dropped(group.fields, name))
    inner = spec.entry if isinstance(spec, Rows) else spec
    if not isinstance(inner, Group):
        return f"; {name} has no fields of its own"
    removed = _without(inner, rest)
    if isinstance(removed, str):
        return removed
    kept: Spec = replace(spec, entry=removed) if isinstance(spec, Rows) else removed
    return replace(group, fields={**group.fields, name: kept})


def _dropped(fields: Mapping[str, Spec], name: str) -> dict[str, Spec]:
    return {key: spec for key, spec in fields.items() if key != name}
