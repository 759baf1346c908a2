"""Webhook subscriptions and their deliveries (systems/clarity.md 4)."""

import secrets
from datetime import timedelta

import orjson

from penstock.connectors.clarity.sandbox.answers import Answer, answer, etag, not_found
from penstock.connectors.clarity.sandbox.bodies import WebhookPost
from penstock.connectors.clarity.sandbox.call import Call
from penstock.connectors.clarity.sandbox.checks import checked, parse_object
from penstock.connectors.clarity.sandbox.lists import listed
from penstock.connectors.clarity.sandbox.shop import Shop
from penstock.connectors.clarity.sandbox.store import Doc

KEPT_DAYS = 30


def subscribe(shop: Shop, call: Call) -> Answer:
    """201 with the secret, which nothing shows again."""
    body = checked(WebhookPost, parse_object(call.body))
    secret = body.secret or secrets.token_urlsafe(32)
    doc = add(shop, body.url, body.events, [secret], active=body.active)
    headers = {"ETag": etag(doc["version"]), "Location": f"{call.base}/api/v1/webhooks/{doc['id']}"}
    return answer({**doc, "secret": secret}, 201, headers)


def unsubscribe(shop: Shop, call: Call) -> Answer:
    shop.store.remove("webhooks", _webhook(shop, call)["id"])
    return Answer(204)


def deliveries(shop: Shop, call: Call) -> Answer:
    """The deliveries of the last 30 days."""
    number = _webhook(shop, call)["id"]
    since = (shop.clock.utc() - timedelta(days=KEPT_DAYS)).timestamp()
    return listed(shop, call, "deliveries", at_least={"updated": since}, webhookId=number)


def redeliver(shop: Shop, call: Call) -> Answer:
    """202; sent once more at once. `deliveryId` is the delivery's id or the X-Clarity-Delivery of one attempt."""
    webhook = _webhook(shop, call)
    wanted = call.args[1]
    found = shop.store.get("deliveries", int(wanted)) if wanted.isascii() and wanted.isdigit() else None
    if found is None:
        sql = "SELECT body FROM deliveries WHERE webhookId = ? AND instr(body, ?)"
        rows = shop.storage.query(sql, (webhook["id"], f'{{"id":"{wanted}"'.encode()))
        found = orjson.loads(rows[0]["body"]) if rows else None
    if found is None or found["webhookId"] != webhook["id"]:
        raise not_found(f"delivery {wanted!r} of webhook {webhook['id']}")
    shop.sandbox.background(shop.sender.attempt(found["id"], again=True))
    return answer(found, 202)


def add(shop: Shop, url: str, events: list[str], keys: list[str], *, active: bool = True) -> Doc:
    fields = {"url": url, "events": events, "active": active, "disabledReason": None}
    return shop.store.add("webhooks", fields, secrets=orjson.dumps(keys))


def subscribe_at_start(shop: Shop) -> None:
    """The subscription of the option `webhook_url`: one, with the secrets and events of now."""
    options = shop.options
    if options.webhook_url is None:
        return
    keys = orjson.dumps(options.webhook_secrets)
    known = next((doc for doc in shop.store.where("webhooks") if doc["url"] == options.webhook_url), None)
    if known is None:
        add(shop, options.webhook_url, options.webhook_events, options.webhook_secrets)
    else:
        known.update(events=options.webhook_events, active=True, disabledReason=None)
        shop.store.save("webhooks", known, secrets=keys, failing_since=None)


def _webhook(shop: Shop, call: Call) -> Doc:
    return shop.document("webhooks", call.number("webhooks"))
