"""Inputs of the admin actions, as JSON. A field that is not known is an error."""

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Mode = Literal["normal", "lost", "duplicate", "late"]


class Form(BaseModel):
    """`webhook` decides what becomes of the webhooks about the order; `seconds` is how late a late one is."""

    model_config = ConfigDict(extra="forbid")

    webhook: Mode = "normal"
    seconds: float = 5.0


class LineForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sku: str
    quantity: int = Field(default=1, ge=0)


class DiscountForm(BaseModel):
    """`amount` is gross, in EUR."""

    model_config = ConfigDict(extra="forbid")

    name: str = "Welcome"
    percent: Decimal | None = None
    amount: Decimal | None = None
    free_shipping: bool = False


class PersonForm(BaseModel):
    """A customer who is new to the shop, with one address."""

    model_config = ConfigDict(extra="forbid")

    firstname: str = "Zoé"
    lastname: str = "Lefèvre"
    email: str
    company: str = ""
    vat_number: str = ""
    address1: str = "12 rue de la Paix"
    address2: str = ""
    postcode: str = "75002"
    city: str = "Paris"
    country: str = "FR"
    state: str = ""
    phone: str = "+33 1 23 45 67 89"


class PlaceOrder(Form):
    """Everything is optional: what is not given is chosen by the seed and the order's number.

    `guest`: e-mail of a buyer without an account. `country`: choose a customer who lives there. `wrong_totals`: the
    amount due is some cents off. `unknown_sku`: one line is of a SKU that the ERP does not know.
    """

    customer_id: int | None = None
    guest: str | None = None
    new_customer: PersonForm | None = None
    country: str | None = None
    currency: str | None = None
    lines: list[LineForm] | None = None
    payment: Literal["ps_wirepayment", "ps_checkpayment", "ps_checkout", "ps_cashondelivery"] | None = None
    paid: bool | None = None
    discount: DiscountForm | bool | None = None
    gift: bool | str = False
    message: str = ""
    carrier_id: int | None = None
    shop_id: int | None = None
    wrong_totals: bool = False
    unknown_sku: bool = False


class PlaceOrders(PlaceOrder):
    count: int = Field(default=10, ge=1, le=10_000)


class OrderForm(Form):
    id: int


class PayOrder(OrderForm):
    """`amount`: a part payment; without it what is still due, and the state Payment accepted."""

    amount: Decimal | None = None
    transaction_id: str = ""


class SetState(OrderForm):
    state: int


class ChangeOrder(OrderForm):
    """The lines as they are to be; a quantity of 0 removes one."""

    lines: list[LineForm]


class RefundOrder(OrderForm):
    """`lines` empty: all that is left. `restock` puts the goods back; `shipping` is paid back too."""

    lines: list[LineForm] = []
    shipping: bool = False
    restock: bool = False


class AddMessage(OrderForm):
    message: str
    private: bool = False


class ChangeFields(Form):
    """Fields of a customer or address, by the names of the webservice."""

    id: int
    fields: dict[str, str | int]


class ChangeStock(Form):
    """Of a SKU: `quantity` as it is to be, or `by` how much it moves."""

    sku: str
    quantity: int | None = None
    by: int = 0
    shop_id: int | None = None


class AddProduct(Form):
    """`combinations`: SKUs of variants; each gets a value of the option Colour."""

    sku: str
    name: str = "New product"
    price: Decimal = Decimal("19.90")
    tax: Literal["standard", "reduced", "zero"] = "standard"
    weight: Decimal = Decimal("0.50")
    stock: int = 50
    combinations: list[str] = []
