"""The admin actions: what buyers and clerks do, events that did not happen, switches."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from pydantic import BaseModel

from penstock.connectors.clarity.sandbox import back_office, catalogue_desk, checkout, forms
from penstock.connectors.clarity.sandbox.answers import ApiError
from penstock.connectors.clarity.sandbox.events import NORMAL, Event
from penstock.connectors.clarity.sandbox.forms import Json
from penstock.connectors.clarity.sandbox.options import SWITCHES, Options
from penstock.connectors.clarity.sandbox.shop import Shop
from penstock.connectors.clarity.sandbox.tables import RESOURCES
from penstock.sandbox.engine import ActionError, Sandbox

Handler = Callable[[Shop, Any], Json]


def register_actions(sandbox: Sandbox, shop: Shop) -> None:
    """Put every action into the sandbox: JSON checked by its form, done in one unit of work, events sent after."""
    handlers: dict[str, tuple[type[BaseModel], Handler]] = {
        "place-order": (forms.PlaceOrder, _place_order),
        "place-orders": (forms.PlaceOrders, _place_orders),
        "update-order": (forms.UpdateOrder, back_office.update_order),
        "pay-order": (forms.PayOrder, back_office.pay_order),
        "cancel-order": (forms.CancelOrder, back_office.cancel_order),
        "refund-order": (forms.RefundOrder, back_office.refund_order),
        "set-status": (forms.SetStatus, back_office.set_status),
        "change-product": (forms.ChangeProduct, catalogue_desk.change_product),
        "add-product": (forms.AddProduct, catalogue_desk.add_product),
        "remove-product": (forms.RemoveProduct, catalogue_desk.remove_product),
        "change-customer": (forms.ChangeCustomer, catalogue_desk.change_customer),
        "add-customer": (forms.AddCustomer, catalogue_desk.add_customer),
        "change-stock": (forms.ChangeStock, catalogue_desk.change_stock),
        "emit-webhook": (forms.EmitWebhook, _emit_webhook),
        "rotate-secret": (forms.RotateSecret, _rotate_secret),
        "set-options": (forms.SetOptions, _set_options),
    }
    for name, (form, handler) in handlers.items():
        sandbox.actions[name] = _action(shop, form, handler)


def _action(shop: Shop, form: type[BaseModel], handler: Handler) -> Callable[[Json], Awaitable[Json]]:
    async def act(given: Json) -> Json:
        wish = form.model_validate(given)
        fate = wish.fate() if isinstance(wish, forms.Form) else NORMAL
        try:
            with shop.work(fate):
                return handler(shop, wish)
        except ApiError as error:
            raise ActionError(error.message) from error

    return act


def _place_order(shop: Shop, form: forms.PlaceOrder) -> Json:
    return back_office.shown(checkout.place_order(shop, form))


def _place_orders(shop: Shop, form: forms.PlaceOrders) -> Json:
    wish = forms.PlaceOrder.model_validate(form.model_dump(exclude={"count"}, exclude_unset=True))
    return {"orders": [_place_order(shop, wish) for _ in range(form.count)]}


def _emit_webhook(shop: Shop, form: forms.EmitWebhook) -> Json:
    if form.resource not in RESOURCES:
        raise ActionError(f"resource: there is no {form.resource!r}; there are {', '.join(RESOURCES)}")
    doc = shop.store.get(form.resource, form.id) or {"id": form.id, "customKey": None, "version": 1}
    shop.outbox.pending.append(
        Event(
            form.type,
            form.resource,
            doc,
            sequence=form.sequence,
            version=form.version,
            forged=form.forged,
            age=form.age,
        )
    )
    return {"type": form.type, "resource": form.resource, "id": form.id}


def _rotate_secret(shop: Shop, form: forms.RotateSecret) -> Json:
    rotated = []
    for row in shop.store.rows("webhooks", "id, secrets"):
        if form.id in {None, row["id"]}:
            kept = orjson.loads(row["secrets"])
            keys = [*(kept[-form.keep :] if form.keep else []), form.secret]
            shop.storage.update("webhooks", "id", row["id"], {"secrets": orjson.dumps(keys)})
            rotated.append(row["id"])
    return {"webhooks": rotated}


def _set_options(shop: Shop, form: forms.SetOptions) -> Json:
    given = form.model_extra or {}
    fixed = given.keys() - SWITCHES
    if fixed:
        raise ActionError(f"{', '.join(sorted(fixed))} cannot be changed now; {', '.join(sorted(SWITCHES))} can")
    checked = Options.model_validate({**shop.options.model_dump(), **given})
    for name in given:
        setattr(shop.options, name, getattr(checked, name))
    return {name: getattr(shop.options, name) for name in sorted(SWITCHES)}
