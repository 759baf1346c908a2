"""What people at the site do, as actions of the admin API: each one transaction, by the rules of the site."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from penstock.connectors.infor.sandbox.actions import billing, clerk, shipping
from penstock.connectors.infor.sandbox.actions.inputs import Input
from penstock.connectors.infor.sandbox.site import Site
from penstock.connectors.infor.sandbox.values import IdoError, in_range
from penstock.sandbox.engine import ActionError
from penstock.sandbox.faults import CLOCK_SHIFT, FaultBox

Act = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
_Given = TypeVar("_Given", bound=Input)


class ShiftClock(Input):
    """Seconds by which the site's clock jumps; negative: back. It stays until the faults are replaced."""

    seconds: float


def actions(site: Site, faults: FaultBox) -> dict[str, Act]:
    """By name. A refusal of the site is an ActionError with its text."""

    def bind(model: type[_Given], work: Callable[[Site, _Given], dict[str, Any]]) -> Act:
        async def act(given: dict[str, Any]) -> dict[str, Any]:
            checked = model.model_validate(given)
            try:
                with in_range(), site.storage.transaction():
                    return work(site, checked)
            except IdoError as error:
                raise ActionError(str(error)) from error

        return act

    def shift_clock(_: Site, given: ShiftClock) -> dict[str, Any]:
        faults.add([{"kind": CLOCK_SHIFT, "seconds": given.seconds, "times": None}])
        return {"local_time": site.tables.now().isoformat(sep=" ")}

    return {
        "ship": bind(shipping.Ship, shipping.ship),
        "set-tracking": bind(shipping.SetTracking, shipping.set_tracking),
        "invoice": bind(billing.Invoice, billing.invoice),
        "post-invoices": bind(billing.PostInvoices, billing.post_invoices),
        "receive-payment": bind(billing.ReceivePayment, billing.receive_payment),
        "post-payments": bind(billing.PostPayments, billing.post_payments),
        "change-stock": bind(clerk.ChangeStock, clerk.change_stock),
        "add-item": bind(clerk.AddItem, clerk.add_item),
        "change-status": bind(clerk.ChangeStatus, clerk.change_status),
        "hold-credit": bind(clerk.Hold, clerk.hold_credit),
        "release-credit": bind(clerk.Hold, clerk.release_credit),
        "change-customer": bind(clerk.ChangeCustomer, clerk.change_customer),
        "change-order": bind(clerk.ChangeOrder, clerk.change_order),
        "change-order-line": bind(clerk.ChangeOrderLine, clerk.change_order_line),
        "place-phone-order": bind(clerk.PhoneOrder, clerk.place_phone_order),
        "delete-order": bind(clerk.DeleteOrder, clerk.delete_order),
        "shift-clock": bind(ShiftClock, shift_clock),
    }
