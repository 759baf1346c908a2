"""place-order: a buyer goes through the shop's checkout. What is not given is chosen by seed and order number."""

import random
from decimal import Decimal

from penstock.connectors.prestashop.sandbox import orders, states, world
from penstock.connectors.prestashop.sandbox.forms import DiscountForm, LineForm, PersonForm, PlaceOrder
from penstock.connectors.prestashop.sandbox.money import ZERO
from penstock.connectors.prestashop.sandbox.seed import address_row, country_id, customer_row
from penstock.connectors.prestashop.sandbox.shop import Shop
from penstock.sandbox.engine import ActionError
from penstock.sandbox.people import Address, Customer
from penstock.sandbox.storage import Row

PAYMENTS = ("ps_checkout", "ps_checkout", "ps_checkout", "ps_wirepayment", "ps_checkpayment", "ps_cashondelivery")
GUEST_GROUP, CUSTOMER_GROUP = 2, 3
UPS, COLISSIMO = 3, 4
COLISSIMO_COUNTRIES = ("FR", "BE")


def place_order(shop: Shop, form: PlaceOrder) -> Row:
    """Place one order; returns its row. ActionError when the wish cannot be met."""
    with shop.storage.transaction():
        dice = random.Random(f"{shop.seed}:order:{_last(shop)}")
        buyer = _buyer(shop, form, dice)
        delivery, invoice = _addresses(shop, buyer, dice)
        draft = _draft(shop, form, dice, buyer, delivery, invoice)
        module = draft.module
        paid = form.paid if form.paid is not None else module == "ps_checkout"
        first = world.PAYMENT_ACCEPTED if paid and module == "ps_checkout" else world.MODULES[module][1]
        order = orders.place(shop, draft, first, mail=True)
        if paid and first != world.PAYMENT_ACCEPTED:
            states.change_state(shop, order, world.PAYMENT_ACCEPTED)
            states.add_history(shop, order["id"], world.PAYMENT_ACCEPTED, mail=True)
        if paid and module == "ps_checkout":
            _card(shop, order, buyer, dice)
        if form.message:
            add_message(shop, order, form.message, private=False)
        return shop.get("orders", order["id"])


def find_sku(shop: Shop, sku: str) -> tuple[int, int]:
    """(product, combination) of a SKU; combination 0 for a plain product."""
    found = shop.storage.one("SELECT id, id_product FROM combinations WHERE reference = ?", (sku,))
    if found is not None:
        return found["id_product"], found["id"]
    found = shop.storage.one("SELECT id FROM products WHERE reference = ?", (sku,))
    if found is None:
        raise ActionError(f"no product or combination has the SKU {sku!r}")
    variants = shop.storage.one("SELECT reference FROM combinations WHERE id_product = ? LIMIT 1", (found["id"],))
    if variants is not None:
        raise ActionError(f"{sku!r} has combinations; name one of them, e.g. {variants['reference']!r}")
    return found["id"], 0


def add_message(shop: Shop, order: Row, text: str, *, private: bool) -> Row:
    """A message of the customer on the order's thread."""
    found = shop.rows("customer_threads", "id_order = ?", (order["id"],))
    customer = shop.get("customers", order["id_customer"])
    thread = (
        found[0]
        if found
        else shop.add(
            "customer_threads",
            {
                "id_lang": order["id_lang"],
                "id_shop": order["id_shop"],
                "id_customer": order["id_customer"],
                "id_order": order["id"],
                "email": customer["email"],
                "token": customer["secure_key"][:12],
                "status": "open",
            },
        )
    )
    return shop.add("customer_messages", {"id_customer_thread": thread["id"], "message": text, "private": int(private)})


def _last(shop: Shop) -> int:
    found = shop.storage.one("SELECT seq FROM sqlite_sequence WHERE name = 'orders'")
    return found["seq"] if found else 0


def _buyer(shop: Shop, form: PlaceOrder, dice: random.Random) -> Row:
    if form.new_customer is not None:
        return _register(shop, form.new_customer, guest=False)
    if form.guest is not None:
        return _register(shop, PersonForm(email=form.guest, country=form.country or "FR"), guest=True)
    if form.customer_id is not None:
        found = shop.load("customers", form.customer_id)
        if found is None:
            raise ActionError(f"customer_id: no customer {form.customer_id}")
        return found
    known = [person for person in shop.catalogue.customers if form.country in {None, person.addresses[0].country}]
    if not known:
        raise ActionError(f"country: no customer lives in {form.country!r}")
    return shop.get("customers", dice.choice(known).number)


def _register(shop: Shop, person: PersonForm, *, guest: bool) -> Row:
    customer = Customer(0, person.firstname, person.lastname, person.email, person.company, "0000-00-00", ())
    row = customer_row(shop, customer)
    group = GUEST_GROUP if guest else CUSTOMER_GROUP
    saved = shop.add("customers", {**row, "id_default_group": group, "is_guest": int(guest)})
    shop.set_links("customers", saved["id"], "groups", [{"id": group}])
    address = Address(
        company=person.company,
        firstname=person.firstname,
        lastname=person.lastname,
        address1=person.address1,
        address2=person.address2,
        postcode=person.postcode,
        city=person.city,
        country=person.country,
        state=person.state,
        phone=person.phone,
        vat_number=person.vat_number,
    )
    shop.add("addresses", address_row(shop, saved["id"], address, "My address"))
    return saved


def _addresses(shop: Shop, buyer: Row, dice: random.Random) -> tuple[Row, Row]:
    """Delivery and invoice address: the first, and for some buyers with two the second for delivery."""
    known = shop.rows("addresses", "id_customer = ? AND deleted = 0", (buyer["id"],))
    if not known:
        raise ActionError(f"customer {buyer['id']} has no address")
    return (known[-1] if dice.random() < 0.5 else known[0]), known[0]


def _draft(shop: Shop, form: PlaceOrder, dice: random.Random, buyer: Row, delivery: Row, invoice: Row) -> orders.Draft:
    lines = _lines(shop, form, dice)
    currency = form.currency or ("USD" if delivery["id_country"] == country_id("US") else "EUR")
    found = shop.storage.one("SELECT id FROM currencies WHERE iso_code = ?", (currency,))
    if found is None:
        raise ActionError(f"currency: the shop has no {currency!r}; it has EUR and USD")
    module: str = form.payment or dice.choice(PAYMENTS)
    id_shop = form.shop_id or shop.options.shop_id
    near = delivery["id_country"] in {country_id(iso) for iso in COLISSIMO_COUNTRIES}
    draft = orders.Draft(
        id_customer=buyer["id"],
        id_address_delivery=delivery["id"],
        id_address_invoice=invoice["id"],
        id_currency=found["id"],
        id_lang=buyer["id_lang"] or 1,
        id_cart=0,
        id_carrier=form.carrier_id or (COLISSIMO if near else UPS),
        lines=lines,
        module=module,
        payment=world.MODULES[module][0],
        id_shop=id_shop,
        discount=_discount(form.discount),
        wrapped=bool(form.gift),
        gift_message=form.gift if isinstance(form.gift, str) else "",
        extra=Decimal(dice.choice((-7, 3, 11))) / 100 if form.wrong_totals else ZERO,
    )
    draft.id_cart = _cart(shop, draft)
    return draft


def _lines(shop: Shop, form: PlaceOrder, dice: random.Random) -> list[orders.CartLine]:
    wanted = form.lines
    if wanted is None:
        strange = shop.catalogue.unknown_to_erp
        known = [item.sku for item in shop.catalogue.items() if item.sku not in strange]
        wanted = [LineForm(sku=sku, quantity=dice.randint(1, 4)) for sku in dice.sample(known, dice.randint(1, 4))]
    if form.unknown_sku:
        wanted = [*wanted, LineForm(sku=dice.choice(sorted(shop.catalogue.unknown_to_erp)))]
    if not wanted:
        raise ActionError("lines: an order needs at least one")
    return [orders.CartLine(*find_sku(shop, line.sku), line.quantity) for line in wanted if line.quantity]


def _discount(given: DiscountForm | bool | None) -> orders.Discount | None:
    if not given:
        return None
    if given is True:
        return orders.Discount("Welcome", percent=Decimal(10))
    return orders.Discount(given.name, given.percent, given.amount, given.free_shipping)


def _cart(shop: Shop, draft: orders.Draft) -> int:
    row = {
        "id_address_delivery": draft.id_address_delivery,
        "id_address_invoice": draft.id_address_invoice,
        "id_currency": draft.id_currency,
        "id_customer": draft.id_customer,
        "id_lang": draft.id_lang,
        "id_shop_group": 1,
        "id_shop": draft.id_shop,
        "id_carrier": draft.id_carrier,
        "gift": int(draft.wrapped),
        "gift_message": draft.gift_message,
        "delivery_option": f'{{"{draft.id_address_delivery}":"{draft.id_carrier},"}}',
    }
    cart = shop.add("carts", row)
    rows = [
        {
            "id_product": line.id_product,
            "id_product_attribute": line.id_combination,
            "id_address_delivery": 0 if shop.options.version == "9" else draft.id_address_delivery,
            "id_customization": 0,
            "quantity": line.quantity,
        }
        for line in draft.lines
    ]
    shop.set_links("carts", cart["id"], "cart_rows", rows)
    return int(cart["id"])


def _card(shop: Shop, order: Row, buyer: Row, dice: random.Random) -> None:
    """What a card payment leaves on the payment row."""
    card = {
        "transaction_id": f"{dice.getrandbits(64):016X}",
        "card_number": f"XXXXXXXXXXXX{dice.randint(0, 9999):04d}",
        "card_brand": dice.choice(("Visa", "Mastercard")),
        "card_expiration": f"{dice.randint(1, 12):02d}/2029",
        "card_holder": f"{buyer['firstname']} {buyer['lastname']}",
    }
    shop.storage.update("order_payments", "order_reference", order["reference"], card)
