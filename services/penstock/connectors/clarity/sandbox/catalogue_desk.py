"""What clerks of the shop do to products, stock and customers."""

from decimal import Decimal

from penstock.connectors.clarity.sandbox import stock, upserts, world
from penstock.connectors.clarity.sandbox.back_office import changed_contact
from penstock.connectors.clarity.sandbox.bodies import AccountPut, ProductPut
from penstock.connectors.clarity.sandbox.buyers import add_contact
from penstock.connectors.clarity.sandbox.forms import (
    AddCustomer,
    AddProduct,
    ChangeCustomer,
    ChangeProduct,
    ChangeStock,
    Json,
    RemoveProduct,
)
from penstock.connectors.clarity.sandbox.keys import claim_key
from penstock.connectors.clarity.sandbox.money import at_least, unit
from penstock.connectors.clarity.sandbox.seed import TAX_CODES, product_fields
from penstock.connectors.clarity.sandbox.shop import Shop
from penstock.connectors.clarity.sandbox.store import Doc
from penstock.sandbox.engine import ActionError

USER_MEMBERS = frozenset({"userName", "email", "active", "accountId"})


def change_product(shop: Shop, form: ChangeProduct) -> Json:
    """Checked as the API checks it; `price` may be the list price alone."""
    product = _product(shop, form.sku)
    fields = dict(form.fields)
    if isinstance(fields.get("price"), str | int | float):
        shown = product["price"] or {"sale": None, "currency": world.HOME_CURRENCY}
        fields["price"] = {**shown, "list": str(fields["price"])}
    body = ProductPut.model_validate({"name": product["name"], **fields})
    return upserts.upsert(shop, "products", form.sku, body, product)


def add_product(shop: Shop, form: AddProduct) -> Json:
    claim_key(shop, "products", form.sku)
    if form.parent_key is not None:
        _product(shop, form.parent_key)
    home = world.HOME_CURRENCY
    fields = product_fields(
        form.sku,
        form.name,
        description=form.description,
        typeKey="variant" if form.parent_key else "simple",
        parentKey=form.parent_key,
        weight=at_least(form.weight, 2),
        price={"list": unit(form.price, home), "sale": None, "currency": home},
        taxCode=TAX_CODES[form.tax],
    )
    product = shop.store.add("products", fields)
    upserts.set_list_price(shop, product)
    shop.store.add("inventory", stock.stock_fields(form.sku, world.LOCATION, None, form.stock))
    shop.outbox.fire("product.created", "products", product)
    return product


def remove_product(shop: Shop, form: RemoveProduct) -> Json:
    product = _product(shop, form.sku)
    shop.store.remove("products", product["id"])
    for row in shop.store.where("inventory", sku=form.sku):
        shop.store.remove("inventory", row["id"])
    shop.outbox.fire("product.deleted", "products", product)
    return {"id": product["id"], "customKey": form.sku}


def change_stock(shop: Shop, form: ChangeStock) -> Json:
    rows = shop.store.where("inventory", sku=form.sku)
    row = next((one for one in rows if form.location_key in {None, one["locationKey"]}), None)
    if row is None:
        raise ActionError(f"{form.sku!r} has no stock row{f' at {form.location_key}' if form.location_key else ''}")
    before = Decimal(row["quantityOnHand"]) if form.quantity_on_hand is None else form.quantity_on_hand
    stock.set_on_hand(row, before + form.by)
    stock.save(shop, row)
    return row


def add_customer(shop: Shop, form: AddCustomer) -> Json:
    """A contact and a user, and an account of the contact's company where one is asked for."""
    account = None
    if form.account:
        if not form.contact.company:
            raise ActionError("contact.company: an account needs a company")
        given = {"name": form.contact.company, "paymentTerms": form.payment_terms}
        limit = None if form.credit_limit is None else at_least(form.credit_limit, 2)
        fields: Doc = {
            "customKey": None,
            **given,
            "taxId": None,
            "creditLimit": limit,
            "priceLists": [],
            "active": True,
        }
        account = shop.store.add("accounts", fields)
        shop.outbox.fire("customer.created", "accounts", account)
    contact = add_contact(shop, form.contact.model_copy(update={"email": form.contact.email or form.email}))
    user = {
        "accountId": account["id"] if account else None,
        "userName": form.email,
        "email": form.email,
        "contactId": contact["id"],
        "active": True,
    }
    made = shop.store.add("users", user)
    shop.store.save("contacts", contact, owner=made["id"])
    shop.outbox.fire("customer.created", "users", made)
    return {"userId": made["id"], "accountId": made["accountId"], "contactId": contact["id"]}


def change_customer(shop: Shop, form: ChangeCustomer) -> Json:
    if (form.account_id is None) == (form.user_id is None):
        raise ActionError("name one of accountId and userId")
    if form.account_id is not None:
        return _change_account(shop, form.account_id, form.fields)
    user = shop.store.get("users", form.user_id or 0)
    if user is None:
        raise ActionError(f"userId: there is no user {form.user_id}")
    wrong = form.fields.keys() - USER_MEMBERS
    if wrong:
        raise ActionError(f"fields: a user has no {', '.join(sorted(wrong))}")
    user.update(form.fields)
    previous = shop.store.save("users", user) or {}
    if form.contact:
        contact = changed_contact(shop.store.need("contacts", user["contactId"]), form.contact)
        if shop.store.save("contacts", contact) is not None and not previous:
            user = shop.store.touch("users", user["id"])  # else nobody who polls users would see it
            previous = {"contactId": user["contactId"]}
    if previous:
        shop.outbox.fire("customer.updated", "users", user, previous)
    return user


def _change_account(shop: Shop, number: int, fields: Json) -> Json:
    account = shop.store.get("accounts", number)
    if account is None:
        raise ActionError(f"accountId: there is no account {number}")
    body = AccountPut.model_validate({"name": account["name"], **fields})
    if "custom_key" in body.model_fields_set:
        claim_key(shop, "accounts", body.custom_key, number)
        account["customKey"] = body.custom_key
    return upserts.upsert(shop, "accounts", account["customKey"], body, account)


def _product(shop: Shop, sku: str) -> Doc:
    found = shop.store.by_key("products", sku)
    if found is None:
        raise ActionError(f"there is no product {sku!r}")
    return found
