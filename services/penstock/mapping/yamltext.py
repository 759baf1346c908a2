"""YAML with line numbers, and without the parts of YAML that surprise (aliases, tags, merge keys, double keys).

Every scalar stays the text that was written: `yes`, `3` and `2025-01-01` mean nothing by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from penstock.mapping.errors import MappingSyntaxError, Place, Problem

MAX_BYTES = 512 * 1024
MAX_DEPTH = 24

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of YAML: text, a list of blocks, or named blocks."""

    value: str | list[Block] | dict[str, Block]
    line: int
    quoted: bool = False


def load(file: str, text: str) -> dict[str, Block]:
    """The named blocks at the top of a YAML file. Raises MappingSyntaxError."""
    if len(text) > MAX_BYTES:
        raise _wrong(file, 1, f"the file is larger than {MAX_BYTES // 1024} kB")
    try:
        _refuse_surprises(file, text)
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _wrong(file, mark.line + 1 if mark else 1, f"not YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise _wrong(file, 1, f"not YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(root, yaml.MappingNode):
        raise _wrong(file, 1, "the file must hold `key: value` lines")
    top = _block(file, root).value
    assert isinstance(top, dict)  # noqa: S101 - a MappingNode becomes a dict
    return top


def _refuse_surprises(file: str, text: str) -> None:
    depth = 0
    for token in yaml.scan(text, Loader=_Loader):
        line = token.start_mark.line + 1
        if isinstance(token, yaml.AliasToken | yaml.AnchorToken | yaml.TagToken | yaml.DirectiveToken):
            raise _wrong(file, line, "anchors, aliases, tags and directives of YAML are not used here")
        if isinstance(
            token,
            yaml.BlockMappingStartToken
            | yaml.BlockSequenceStartToken
            | yaml.FlowMappingStartToken
            | yaml.FlowSequenceStartToken,
        ):
            depth += 1
            if depth > MAX_DEPTH:
                raise _wrong(file, line, f"nested deeper than {MAX_DEPTH} levels")
        elif isinstance(token, yaml.BlockEndToken | yaml.FlowMappingEndToken | yaml.FlowSequenceEndToken):
            depth -= 1


def _block(file: str, node: Any) -> Block:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        return Block(node.value, line, quoted=node.style in ("'", '"'))
    if isinstance(node, yaml.SequenceNode):
        return Block([_block(file, item) for item in node.value], line)
    entries: dict[str, Block] = {}
    for key, value in node.value:
        key_line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise _wrong(file, key_line, "a key must be plain text")
        if key.value in entries:
            raise _wrong(
                file, key_line, f"{key.value!r} is given twice; the first is on line {entries[key.value].line}"
            )
        entries[key.value] = _at(_block(file, value), key_line)
    return Block(entries, line)


def _at(block: Block, line: int) -> Block:
    """Errors name the line of the key: that is where the reader looks."""
    return Block(block.value, line, block.quoted)


def _wrong(file: str, line: int, message: str) -> MappingSyntaxError:
    return MappingSyntaxError([Problem(Place(file, line), message)])
