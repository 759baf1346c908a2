"""Why letters died, in groups, and what to do about each kind, in plain words. Pure."""

import hashlib
import json
import re
from dataclasses import dataclass

from penstock.mapping.trace import HIDDEN

_PARTICULAR = re.compile(
    r"'[^']*'|\"[^\"]*\"|[\w.+-]+@[\w.-]+|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b(?=\w*\d)[0-9a-f]{8,}\b|\d+"
)
"""What differs between two letters of one cause: quoted values, ids, addresses, numbers."""
LONGEST = 160
TELLING_LETTERS, TELLING_DIGITS = 3, 6
"""A quoted value with fewer of both tells nothing of a person."""
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


@dataclass(frozen=True, slots=True, order=True)
class Cause:
    """stage, error class, the message without what is particular to one document, and the rule where one is named."""

    stage: str
    error_class: str
    message: str
    rule: str = ""

    @property
    def id(self) -> str:
        """Short name of the cause, for `--where cause=…`."""
        text = f"{self.stage}\n{self.error_class}\n{self.message}\n{self.rule}"
        return hashlib.sha256(text.encode()).hexdigest()[:6]

    @property
    def remedy(self) -> str:
        return remedy_of(self.stage, self.error_class)


def cause_of(stage: str, error_class: str, error: str, rule: str = "") -> Cause:
    """The cause of a letter, by its reason headers.

    >>> cause_of("processors", "BadValue", "order.yaml:7: total: '12,5' is no number").message
    'order.yaml:#: total: # is no number'
    """
    # a rule says it all; the text of a KeyError is the name that is missing
    plain = error if error_class == "KeyError" else _PARTICULAR.sub("#", error)
    words = "" if rule else " ".join(plain.split())[:LONGEST]
    return Cause(stage, error_class, words, rule)


def without_values(error: str, document: bytes) -> str:
    """An error text without what it quotes of the document: words and long numbers that stand there as a value.

    >>> without_values("total: 'Ada Brook' is no number", b'{"total": "Ada Brook"}')
    "total: '•••' is no number"
    """

    def shown(found: re.Match[str]) -> str:
        quote, text = found[0][0], found[0][1:-1]
        tells = sum(map(str.isalpha, text)) >= TELLING_LETTERS or sum(map(str.isdigit, text)) >= TELLING_DIGITS
        escaped = json.dumps(text)[1:-1]
        forms = [each.encode() for each in (text, escaped, escaped.replace("\\", "\\\\"))]
        is_name = any(form + b'":' in document or form + b'\\":' in document for form in forms)
        is_there = any(form in document for form in forms)
        return f"{quote}{HIDDEN}{quote}" if tells and is_there and not is_name else found[0]

    return _QUOTED.sub(shown, error)


_DOCUMENT = (
    "The document itself is unfit. Correct it in the source system: its next version takes the letter's place by "
    "itself. If the source cannot be corrected, `penstock dlq edit` repairs this one, and `penstock dlq discard` gives "
    "it up."
)
_MAPPING = (
    "The mapping cannot work with a value of the document. `penstock dlq show PLACE` names the field and line. Correct "
    "the mapping or the value in the source, restart the processors, then `penstock dlq retry`."
)
_TABLE = (
    "A code table has no entry for a value. Add it to the table that the message names, restart the service, then "
    "`penstock dlq retry`."
)
_WIRE = (
    "The bytes are not what this topic holds: another program wrote to it, or the registry has lost a schema. Find who "
    "writes there. If the registry is back, `penstock dlq retry`; what never was a record of ours, `penstock dlq "
    "discard`."
)
_SOURCE = (
    "The source system answered, and refused: a missing right, or a document that it cannot show or that is too large. "
    "Grant the right that the message names (`penstock check`), or correct the document there; then `penstock dlq "
    "retry` has it read again."
)
_BUG = (
    "This is a fault in penstock or a connector, not in the document. Report it with the output of `penstock dlq "
    "show`. After the update `penstock dlq retry`. Until then enter the document by hand only if you "
    "`penstock dlq discard` the letter: else it would be there twice."
)
_BY_CLASS = {
    "InvalidDocumentError": _DOCUMENT,
    "UnicodeDecodeError": _DOCUMENT,
    "MissingName": _MAPPING,
    "BadValue": _MAPPING,
    "MappingError": _MAPPING,
    "UnknownCode": _TABLE,
    "WireError": _WIRE,
    "HeadersError": _WIRE,
    "SourceRefusedError": _SOURCE,
}


def remedy_of(stage: str, error_class: str) -> str:
    """What to do, in plain words."""
    if error_class == "ValueError" and stage == "ingress":
        return _WIRE
    return _BY_CLASS.get(error_class, _BUG)
