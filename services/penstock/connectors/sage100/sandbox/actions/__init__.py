"""What people in the company do, as actions of the admin API: each one transaction, under a clerk's user key."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pydantic import BaseModel, Field

from penstock.connectors.sage100.sandbox.actions import clerk, inventory, shipping
from penstock.connectors.sage100.sandbox.actions.inputs import Input
from penstock.connectors.sage100.sandbox.company import Company
from penstock.connectors.sage100.sandbox.dictionary.columns import FieldError
from penstock.connectors.sage100.sandbox.errors import RefusedError
from penstock.connectors.sage100.sandbox.limits import Limits
from penstock.connectors.sage100.sandbox.store import CLERK
from penstock.sandbox.engine import ActionError

Act = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
_Given = TypeVar("_Given", bound=BaseModel)


class LockRecord(Input):
    """`record`: a path such as `SO/SalesOrder/0012345` or `AR/Customer/01-WEB0001`; the latter also stops orders."""

    record: str
    seconds: float = Field(60, gt=0)
    lockedBy: str = "JSMITH"  # noqa: N815 - as the error body spells it


class UnlockRecord(Input):
    record: str


class ExclusiveMode(Input):
    """0 ends it."""

    seconds: float = Field(60, ge=0)


class TakeSeats(Input):
    """Other users take license seats."""

    seats: int = Field(2, ge=0)
    seconds: float = Field(60, gt=0)


def actions(company: Company, limits: Limits) -> dict[str, Act]:
    """By name. A refusal of the company is an ActionError with its text."""

    def bind(model: type[_Given], work: Callable[[Company, _Given], dict[str, Any]]) -> Act:
        async def act(given: dict[str, Any]) -> dict[str, Any]:
            checked = model.model_validate(given)
            try:
                with company.store.acting(CLERK), company.store.storage.transaction():
                    return work(company, checked)
            except RefusedError as error:
                raise ActionError(f"{error.code}: {error}") from error
            except FieldError as error:
                raise ActionError(str(error)) from error

        return act

    def lock(_: Company, given: LockRecord) -> dict[str, Any]:
        company.locks.hold(given.record, given.lockedBy, given.seconds)
        return {"locks": company.locks.listed()}

    def unlock(_: Company, given: UnlockRecord) -> dict[str, Any]:
        return {"was_locked": company.locks.release(given.record), "locks": company.locks.listed()}

    def exclusive(_: Company, given: ExclusiveMode) -> dict[str, Any]:
        limits.start_exclusive(given.seconds)
        return {"seconds": given.seconds}

    def take_seats(_: Company, given: TakeSeats) -> dict[str, Any]:
        limits.take_seats(given.seats, given.seconds)
        return {"seats": given.seats}

    return {
        "enter-invoice": bind(shipping.EnterInvoice, shipping.enter),
        "add-tracking": bind(shipping.AddTracking, shipping.add_tracking),
        "post-invoice": bind(shipping.PostInvoice, shipping.post),
        "ship": bind(shipping.Ship, shipping.ship),
        "receive-payment": bind(clerk.ReceivePayment, clerk.receive_payment),
        "enter-order": bind(clerk.EnterOrder, clerk.enter_order),
        "hold-order": bind(clerk.HoldOrder, clerk.hold_order),
        "release-order": bind(clerk.OneOrder, clerk.release_order),
        "close-order": bind(clerk.OneOrder, clerk.close_order),
        "delete-order": bind(clerk.OneOrder, clerk.delete_order),
        "set-customer": bind(clerk.SetCustomer, clerk.set_customer),
        "change-stock": bind(inventory.ChangeStock, inventory.change_stock),
        "change-item": bind(inventory.ChangeItem, inventory.change_item),
        "add-item": bind(inventory.AddItem, inventory.add_item),
        "add-alias": bind(inventory.AddAlias, inventory.add_alias),
        "change-price-code": bind(inventory.ChangePriceCode, inventory.change_price_code),
        "lock": bind(LockRecord, lock),
        "unlock": bind(UnlockRecord, unlock),
        "exclusive-mode": bind(ExclusiveMode, exclusive),
        "take-seats": bind(TakeSeats, take_seats),
    }
