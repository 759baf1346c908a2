"""What the API takes in: one model per write (systems/clarity.md 3.3, 3.5, 5). A member left out is not set."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from penstock.connectors.clarity.sandbox.checks import Body, Number, Positive, Signed, Text, Time
from penstock.connectors.clarity.sandbox.lifecycle import STATUSES
from penstock.records.money import is_currency

EVENT_TYPES = (
    "order.created",
    "order.updated",
    "order.status_changed",
    "order.cancelled",
    "payment.received",
    "refund.created",
    "shipment.created",
    "shipment.updated",
    "product.created",
    "product.updated",
    "product.deleted",
    "inventory.updated",
    "customer.created",
    "customer.updated",
    "webhook.test",
)
_PATTERNS = frozenset(EVENT_TYPES) | {f"{name.partition('.')[0]}.*" for name in EVENT_TYPES}
MAX_ENTRIES = 500


def _status(text: str) -> str:
    if text not in STATUSES:
        raise PydanticCustomError("choice", "is no order status; the name is exact, such as On Hold")
    return text


def _currency(text: str) -> str:
    if not is_currency(text):
        raise PydanticCustomError("choice", "must be a currency code of ISO 4217")
    return text


def _event(text: str) -> str:
    if text not in _PATTERNS:
        raise PydanticCustomError("choice", "is no event; take one such as order.created, or order.*")
    return text


def _url(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        raise PydanticCustomError("format", "must be an https address")
    return text


Currency = Annotated[str, AfterValidator(_currency)]
Status = Annotated[str, AfterValidator(_status)]
EventPattern = Annotated[str, AfterValidator(_event)]
Url = Annotated[str, AfterValidator(_url)]
Attributes = dict[str, Any] | None


class OrderPatch(Body):
    version: int | None = None
    custom_key: Text | None = None
    erp_status: str | None = None
    notes: str | None = None
    attributes: Attributes = None


class StatusChange(Body):
    status: Status
    comment: str | None = None
    notify_customer: bool = False


class ShipmentItem(Body):
    sales_order_item_id: int
    sku: str | None = None
    quantity: Positive


class ShipmentPost(Body):
    custom_key: Text | None = None
    sales_order_id: int
    status: Literal["pending", "shipped"] = "shipped"
    carrier: str | None = None
    service: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None
    shipped_date: Time | None = None
    items: Annotated[list[ShipmentItem], Field(min_length=1)]
    packages: list[dict[str, Any]] = Field(default=[])


class ShipmentPatch(Body):
    version: int | None = None
    custom_key: Text | None = None
    status: Literal["pending", "shipped", "delivered", "cancelled"] = "pending"
    carrier: str | None = None
    service: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None
    shipped_date: Time | None = None
    packages: list[dict[str, Any]] | None = None


class RefundItem(Body):
    sales_order_item_id: int
    sku: str | None = None
    quantity: Positive
    amount: Number | None = None


class RefundPost(Body):
    sales_order_id: int
    amount: Positive
    currency: Currency
    reason: str | None = None
    custom_key: Text | None = None
    payment_id: int | None = None
    items: list[RefundItem] = Field(default=[])


class ProductPrice(Body):
    list_price: Number = Field(alias="list")
    sale: Number | None = None
    currency: Currency


class ProductPut(Body):
    version: int | None = None
    custom_key: Text | None = None
    name: Text
    description: str | None = None
    type_key: Literal["simple", "variantMaster", "variant", "kit", "service"] = "simple"
    parent_key: str | None = None
    uom: Text = "EA"
    weight: Number | None = None
    price: ProductPrice | None = None
    tax_code: str | None = None
    active: bool = True
    attributes: Attributes = None
    images: list[Any] | None = None
    categories: list[Any] | None = None


class AccountPut(Body):
    version: int | None = None
    custom_key: Text | None = None
    name: Text
    tax_id: str | None = None
    credit_limit: Number | None = None
    payment_terms: str | None = None
    price_lists: list[str] | None = None
    active: bool = True


class PriceEntry(Body):
    sku: Text
    currency: Currency
    list_price: Number = Field(alias="list")
    sale: Number | None = None
    account_key: Text | None = None


class StockEntry(Body):
    sku: Text
    location_key: Text
    section_key: Text | None = None
    quantity_on_hand: Signed
    as_of: Time | None = None


class Entries(Body):
    """The outside of a bulk request; each entry is checked by itself."""

    entries: Annotated[list[Any], Field(min_length=1, max_length=MAX_ENTRIES)]


class WebhookPost(Body):
    url: Url
    events: Annotated[list[EventPattern], Field(min_length=1)]
    active: bool = True
    secret: Text | None = None
