"""What leaves the shop, under the switches `unknown_status` and `custom_key`."""

from typing import Any

import orjson

from penstock.connectors.clarity.sandbox.options import Options


def shown_body(options: Options, body: bytes) -> bytes:
    """A stored document as it is answered: byte for byte, unless a switch says otherwise."""
    if options.unknown_status is None and options.custom_key == "shown":
        return body
    return orjson.dumps(shown(options, orjson.loads(body)))


def shown(options: Options, value: Any) -> Any:
    if isinstance(value, list):
        return [shown(options, one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {key: shown(options, one) for key, one in value.items()}
    if options.unknown_status is not None and "orderNumber" in found:
        found["status"] = options.unknown_status
    if options.custom_key != "shown" and "customKey" in found:
        if options.custom_key == "null":
            found["customKey"] = None
        else:
            del found["customKey"]
    return found
