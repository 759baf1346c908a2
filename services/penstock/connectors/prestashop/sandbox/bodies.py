"""The XML of a write request: one or several entities, read loosely (systems/prestashop.md 2)."""

from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from penstock.connectors.prestashop.sandbox.call import Call, php_int
from penstock.connectors.prestashop.sandbox.errors import ApiError, Refused, php_warning

PHP_NOISE_OF_BAD_XML = 3


@dataclass(slots=True)
class SentEntity:
    """Texts by field; multilingual values by language id, 0 = a bare text for every language."""

    values: dict[str, str] = field(default_factory=dict)
    texts: dict[str, dict[int, str]] = field(default_factory=dict)
    associations: dict[str, list[dict[str, str]]] | None = None

    def has(self, name: str) -> bool:
        return name in self.values


def parse_entities(call: Call, *, warnings_shown: bool, old: bool) -> list[SentEntity]:
    """The children of the root, whatever it is called. 127 for a body that is not XML."""
    body = call.body.removeprefix(b"xml=")
    try:
        root = fromstring(body)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        text = body.decode("utf-8", "replace")
        message = f"XML error : String could not be parsed as XML\nXML length : {len(body)}\nOriginal XML : {text}"
        noise = [php_warning(old=old)] * PHP_NOISE_OF_BAD_XML if warnings_shown and body.strip() else []
        raise Refused(*noise, ApiError(500, 127, message)) from error
    return [_entity(child) for child in root]


def _entity(element: Element) -> SentEntity:
    sent = SentEntity()
    for child in element:
        name = _local(child.tag)
        if name == "associations":
            sent.associations = {_local(group.tag): [_entry(row) for row in group] for group in child}
            continue
        sent.values[name] = "".join(child.itertext()) if not len(child) else child.text or ""
        sent.texts[name] = {
            php_int(text.get("id") or ""): text.text or "" for text in child if _local(text.tag) == "language"
        }
    return sent


def _entry(element: Element) -> dict[str, str]:
    return {_local(child.tag): child.text or "" for child in element}


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
