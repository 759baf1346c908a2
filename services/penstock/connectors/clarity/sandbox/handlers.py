"""Reads and single writes: orders, shipments, refunds, products, accounts (systems/clarity.md 3.3, 3.5)."""

import orjson

from penstock.connectors.clarity.sandbox import orders, refunds, shipping, upserts
from penstock.connectors.clarity.sandbox.answers import Answer, etag, invalid, not_found
from penstock.connectors.clarity.sandbox.bodies import OrderPatch, RefundPost, ShipmentPatch, ShipmentPost, StatusChange
from penstock.connectors.clarity.sandbox.call import Call
from penstock.connectors.clarity.sandbox.checks import check_version, checked, if_match, merge, parse_object
from penstock.connectors.clarity.sandbox.keys import claim_key
from penstock.connectors.clarity.sandbox.shop import Shop
from penstock.connectors.clarity.sandbox.shown import shown_body
from penstock.connectors.clarity.sandbox.store import Doc
from penstock.connectors.clarity.sandbox.tables import RESOURCES


def read(shop: Shop, call: Call, name: str) -> Answer:
    number = call.number(name)
    found = shop.store.raw(name, number)
    if found is None:
        raise not_found(f"{RESOURCES[name].noun} {number}")
    body, version = found
    return Answer(200, shown_body(shop.options, body), {"ETag": etag(version)})


def read_by_key(shop: Shop, call: Call, name: str) -> Answer:
    rows = shop.store.rows(name, "body, version", customKey=call.args[0])
    if not rows:
        raise not_found(f"{RESOURCES[name].noun} with the customKey {call.args[0]!r}")
    return Answer(200, shown_body(shop.options, rows[0]["body"]), {"ETag": etag(rows[0]["version"])})


def written(shop: Shop, call: Call, name: str, doc: Doc, *, created: bool = False) -> Answer:
    """The answer of a single write: the document and its ETag, and its Location when it is new."""
    headers = {"ETag": etag(doc["version"])}
    if created:
        headers["Location"] = f"{call.base}/api/v1/{name}/{doc['id']}"
    return Answer(201 if created else 200, shown_body(shop.options, orjson.dumps(doc)), headers)


def patch_order(shop: Shop, call: Call) -> Answer:
    version = if_match(call.if_match, required=True)
    given = parse_object(call.body)
    doc = shop.document("sales-orders", call.number("sales-orders"))
    check_version(doc, version)
    body = checked(OrderPatch, given)
    check_version(doc, body.version)
    claim_key(shop, "sales-orders", body.custom_key, doc["id"])
    merge(doc, body.model_dump(by_alias=True, exclude_unset=True, exclude={"version"}))
    return written(shop, call, "sales-orders", orders.save(shop, doc))


def post_status(shop: Shop, call: Call) -> Answer:
    given = parse_object(call.body)
    doc = shop.document("sales-orders", call.number("sales-orders"))
    body = checked(StatusChange, given)
    if body.status != doc["status"]:
        orders.turn(shop, doc, body.status, body.comment)
        orders.save(shop, doc)
        if body.notify_customer:
            shop.notify("status", doc, body.status)
    return written(shop, call, "sales-orders", doc)


def post_shipment(shop: Shop, call: Call) -> Answer:
    made = shipping.create(shop, checked(ShipmentPost, parse_object(call.body)))
    return written(shop, call, "shipments", made, created=True)


def patch_shipment(shop: Shop, call: Call) -> Answer:
    version = if_match(call.if_match, required=True)
    given = parse_object(call.body)
    doc = shop.document("shipments", call.number("shipments"))
    check_version(doc, version)
    body = checked(ShipmentPatch, given)
    check_version(doc, body.version)
    claim_key(shop, "shipments", body.custom_key, doc["id"])
    changes = body.model_dump(by_alias=True, exclude_unset=True, exclude={"version", "status"})
    if "packages" in changes:
        changes["packages"] = changes["packages"] or []
    merge(doc, changes)
    if "status" in body.model_fields_set:
        shipping.move(shop, doc, body.status)
    previous = shop.store.save("shipments", doc)
    if previous is not None:
        shop.outbox.fire("shipment.updated", "shipments", doc, previous)
    return written(shop, call, "shipments", doc)


def post_refund(shop: Shop, call: Call) -> Answer:
    made = refunds.create(shop, checked(RefundPost, parse_object(call.body)))
    return written(shop, call, "refunds", made, created=True)


def put_by_key(shop: Shop, call: Call, name: str) -> Answer:
    version = if_match(call.if_match, required=False)
    given = parse_object(call.body)
    key = call.args[0]
    found = shop.store.by_key(name, key)
    if found is not None:
        check_version(found, version)
    body = checked(upserts.BODIES[name], given)
    if found is not None:
        check_version(found, body.version)
    if "custom_key" in body.model_fields_set and body.custom_key != key:
        raise invalid("customKey", "choice", f"must be left out or be {key!r}, the key of the address")
    doc = upserts.upsert(shop, name, key, body, found)
    return written(shop, call, name, doc, created=found is None)
