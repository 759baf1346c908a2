"""Words of a filter: strings, numbers, names, operators. What no filter may hold is refused here by name."""

import re
from dataclasses import dataclass

from penstock.connectors.infor.sandbox.values import IdoError

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<comment>--|/\*|\*/)
      | (?P<string>[Nn]?'(?:[^']|'')*')
      | (?P<number>\d+(?:\.\d*)?|\.\d+)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<op><>|!=|<=|>=|!<|!>|=|<|>)
      | (?P<mark>[(),])
      | (?P<arithmetic>[-+*/%])""",
    re.VERBOSE,
)


class IllegalFilterError(IdoError):
    """The filter steps outside of the subset that the service takes (4.2)."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Mongoose.IDO.IllegalFilterException: The filter is not valid: {reason}.")


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: string, number, name, op, mark, arithmetic or end; `at`: position in the filter, from 1."""

    kind: str
    text: str
    at: int

    def is_word(self, *words: str) -> bool:
        return self.kind == "name" and self.text.upper() in words

    def __str__(self) -> str:
        return "its end" if self.kind == "end" else f"[{self.text}] at position {self.at}"


def tokens(text: str) -> list[Token]:
    """Split a filter; the last token is of kind `end`. Raises IllegalFilterError."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            what = "a string without its end" if text[at] == "'" else f"the character [{text[at]}]"
            raise IllegalFilterError(f"{what} at position {at + 1}")
        kind = match.lastgroup or ""
        if kind == "comment":
            raise IllegalFilterError(f"comments are not allowed, [{match[0]}] at position {at + 1}")
        if kind != "space":
            found.append(Token(kind, match[0], at + 1))
        at = match.end()
    return [*found, Token("end", "", len(text) + 1)]
