"""The admin actions: what buyers do in the shop and clerks in its back office."""

from collections.abc import Awaitable, Callable
from typing import Any

from penstock.connectors.prestashop.sandbox import back_office, checkout, forms
from penstock.connectors.prestashop.sandbox.shop import Shop
from penstock.sandbox.engine import Sandbox

Json = dict[str, Any]
Handler = Callable[[Shop, Any], Json]


def register_actions(sandbox: Sandbox, shop: Shop) -> None:
    """Put every action into the sandbox: JSON checked by its form, done in one transaction, webhooks sent after."""
    handlers: dict[str, tuple[type[forms.Form], Handler]] = {
        "place-order": (forms.PlaceOrder, _place_order),
        "place-orders": (forms.PlaceOrders, _place_orders),
        "pay-order": (forms.PayOrder, back_office.pay_order),
        "cancel-order": (forms.OrderForm, back_office.cancel_order),
        "set-state": (forms.SetState, back_office.set_state),
        "change-order": (forms.ChangeOrder, back_office.change_order),
        "refund-order": (forms.RefundOrder, back_office.refund_order),
        "add-message": (forms.AddMessage, back_office.add_message),
        "change-address": (forms.ChangeFields, back_office.change_address),
        "change-customer": (forms.ChangeFields, back_office.change_customer),
        "change-stock": (forms.ChangeStock, back_office.change_stock),
        "add-product": (forms.AddProduct, back_office.add_product),
    }
    for name, (form, handler) in handlers.items():
        sandbox.actions[name] = _action(shop, form, handler)


def _action(shop: Shop, form: type[forms.Form], handler: Handler) -> Callable[[Json], Awaitable[Json]]:
    async def act(given: Json) -> Json:
        wish = form.model_validate(given)
        try:
            with shop.storage.transaction():
                done = handler(shop, wish)
        except BaseException:
            shop.hooks.discard()
            raise
        shop.hooks.flush(wish.webhook, wish.seconds)
        return done

    return act


def _place_order(shop: Shop, form: forms.PlaceOrder) -> Json:
    return _summary(shop, checkout.place_order(shop, form))


def _place_orders(shop: Shop, form: forms.PlaceOrders) -> Json:
    wish = forms.PlaceOrder.model_validate(form.model_dump(exclude={"count"}))
    return {"orders": [_summary(shop, checkout.place_order(shop, wish)) for _ in range(form.count)]}


def _summary(shop: Shop, order: Json) -> Json:
    currency = shop.get("currencies", order["id_currency"])["iso_code"]
    shown = ("id", "reference", "total_paid", "id_customer", "id_cart", "current_state", "module", "date_add")
    return {**{name: order[name] for name in shown}, "currency": currency}
