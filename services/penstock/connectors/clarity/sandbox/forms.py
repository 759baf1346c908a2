"""Inputs of the admin actions, as JSON in lowerCamelCase or snake_case. An unknown member is an error."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from penstock.connectors.clarity.sandbox.bodies import EVENT_TYPES
from penstock.connectors.clarity.sandbox.events import Fate, Mode

Json = dict[str, Any]


def _event_type(text: str) -> str:
    if text not in EVENT_TYPES:
        raise ValueError(f"there is no event {text!r}; there are {', '.join(EVENT_TYPES)}")
    return text


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Form(Strict):
    """`webhook`: what becomes of the deliveries; `seconds`: how late a late one is (out of order: at most)."""

    webhook: Mode = "normal"
    seconds: float = 5.0

    def fate(self) -> Fate:
        return Fate(self.webhook, self.seconds)


class LineForm(Strict):
    """`discount`: an amount off the line. `unit_price`: in place of the shop's. `tax_rate`: a fraction."""

    sku: str
    quantity: Decimal = Field(default=Decimal(1), ge=0, decimal_places=4)
    discount: Decimal = Field(default=Decimal(0), ge=0)
    unit_price: Decimal | None = Field(default=None, ge=0, decimal_places=4)
    tax_rate: Decimal | None = Field(default=None, ge=0, lt=1)


class DiscountForm(Strict):
    """The order's own discount: an amount, or a percentage of the sub-total."""

    code: str = "WELCOME"
    amount: Decimal | None = Field(default=None, ge=0)
    percent: Decimal | None = Field(default=None, ge=0, le=100)


class AddressForm(Strict):
    street1: str = "400 Main St"
    street2: str | None = None
    city: str = "Austin"
    region_code: str | None = "TX"
    postal_code: str = "78701"
    country_code: str = "US"


class ContactForm(Strict):
    first_name: str = "Dana"
    last_name: str = "Ruiz"
    company: str | None = None
    email: str | None = None
    phone: str | None = "+1 512 555 0100"
    address: AddressForm = AddressForm()


class MethodForm(Strict):
    code: str
    name: str = ""
    carrier: str = "UPS"


class PlaceOrder(Form):
    """Everything is optional: what is not given is chosen by the seed and the order's number.

    `email` without `user_id`: a guest. `account`: id, customKey or name. `country`: of the buyer who is chosen.
    `contact`: in place of the buyer's addresses. `tax_rate`: of all lines. `paid`: true is a captured payment, false
    none, `authorized` one that is not captured. `wrong_total` is added to totals.total. `unknown_sku`: one line more,
    of a SKU that the ERP does not know.
    """

    lines: list[LineForm] | None = Field(default=None, min_length=1)
    user_id: int | None = None
    email: str | None = None
    account: int | str | None = None
    country: str | None = None
    contact: ContactForm | None = None
    billing_contact: ContactForm | None = None
    currency: str | None = None
    tax_included: bool | None = None
    tax_rate: Decimal | None = Field(default=None, ge=0, lt=1)
    shipping_taxed: bool | None = None
    order_discount: Decimal | DiscountForm | None = None
    shipping: Decimal | None = Field(default=None, ge=0)
    handling: Decimal | None = Field(default=None, ge=0)
    fees: Decimal | None = Field(default=None, ge=0)
    payment_method: str | None = None
    paid: bool | Literal["authorized"] | None = None
    payment_terms: str | None = None
    purchase_order_number: str | None = None
    shipping_method: str | MethodForm | None = None
    requested_ship_date: str | None = None
    notes: str | None = None
    attributes: Json = {}
    wrong_total: Decimal | None = None
    unknown_sku: bool = False


class PlaceOrders(PlaceOrder):
    count: int = Field(default=10, ge=1, le=10_000)


class OrderForm(Form):
    id: int


class UpdateLine(Strict):
    """The quantity as it is to be; 0 takes the line away, a new SKU adds one."""

    sku: str
    quantity: Decimal = Field(ge=0, decimal_places=4)


class UpdateOrder(OrderForm):
    """`shipping_contact`, `billing_contact`: members that change; `address` in them too by member."""

    lines: list[UpdateLine] = []
    notes: str | None = None
    purchase_order_number: str | None = None
    shipping_contact: Json = {}
    billing_contact: Json = {}
    attributes: Json = {}


class PayOrder(OrderForm):
    """`amount`: a part payment; without it an authorised payment is captured, or else what is due is paid."""

    amount: Decimal | None = Field(default=None, gt=0)
    method: str = "credit_card"
    transaction_id: str | None = None


class RefundLine(Strict):
    """`quantity` null: all of the line that was not refunded."""

    sku: str
    quantity: Decimal | None = Field(default=None, gt=0)


class RefundOrder(OrderForm):
    """Without `lines` and `amount`: all that is left. `amount` stands in place of the sum of the lines."""

    lines: list[RefundLine] = []
    amount: Decimal | None = Field(default=None, gt=0)
    reason: str | None = "returned"


class SetStatus(OrderForm):
    """`force`: no matter what the status machine says, and any text."""

    status: str
    comment: str | None = None
    force: bool = False


class CancelOrder(OrderForm):
    comment: str | None = None


class ChangeProduct(Form):
    """`fields`: members of the product that change."""

    sku: str
    fields: Json = Field(min_length=1)


class AddProduct(Form):
    """`price`: list price in USD. `parent_key`: of a variant."""

    sku: str
    name: str = "New product"
    description: str | None = None
    price: Decimal = Field(default=Decimal("19.90"), ge=0)
    tax: Literal["standard", "reduced", "zero"] = "standard"
    weight: Decimal = Decimal("0.50")
    stock: Decimal = Decimal(50)
    parent_key: str | None = None


class RemoveProduct(Form):
    sku: str


class ChangeCustomer(Form):
    """Members of an account, a user, or the contact of a user (`contact`, with `address` by member)."""

    account_id: int | None = None
    user_id: int | None = None
    fields: Json = {}
    contact: Json = {}


class AddCustomer(Form):
    """A person with one address; with a `company` in the contact and `account`, an account as well."""

    email: str
    contact: ContactForm = ContactForm()
    account: bool = False
    payment_terms: str | None = None
    credit_limit: Decimal | None = None


class ChangeStock(Form):
    """`quantity_on_hand` as it is to be, or `by` how much it moves."""

    sku: str
    location_key: str | None = None
    quantity_on_hand: Decimal | None = None
    by: Decimal = Decimal(0)


class EmitWebhook(Form):
    """An event that did not happen. `id` may be of nothing. `sequence`, `version`: in place of the true ones (a stale
    event). `forged`: signed with a wrong secret, sent once. `age`: how old the timestamp is, in seconds."""

    type: Annotated[str, AfterValidator(_event_type)]
    resource: str = "sales-orders"
    id: int
    sequence: int | None = Field(default=None, ge=1)
    version: int | None = Field(default=None, ge=1)
    forged: bool = False
    age: float = 0


class RotateSecret(Strict):
    """The new secret signs beside the `keep` newest of those that are there. Without `id`: of every webhook."""

    secret: str
    id: int | None = None
    keep: int = Field(default=1, ge=0)


class SetOptions(BaseModel):
    """Switches of the sandbox, by the names of its options; checked there."""

    model_config = ConfigDict(extra="allow")
