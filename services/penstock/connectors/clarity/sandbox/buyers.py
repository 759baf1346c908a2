"""Who places an order: a user, a guest, or somebody chosen by the dice."""

import random
from dataclasses import dataclass
from typing import Any

from penstock.connectors.clarity.sandbox.forms import ContactForm, PlaceOrder
from penstock.connectors.clarity.sandbox.shop import Shop
from penstock.connectors.clarity.sandbox.store import Doc
from penstock.sandbox.engine import ActionError

HOME_SHARE = 0.75  # so many of the chosen buyers live in the US
SNAPSHOT = ("id", "firstName", "lastName", "company", "email", "phone", "address")


@dataclass(frozen=True, slots=True)
class Buyer:
    """`user` is None for a guest, `account` without a company. Contacts as an order shows them."""

    user: Doc | None
    account: Doc | None
    email: str
    billing: Doc
    shipping: Doc


def buyer_of(shop: Shop, form: PlaceOrder, dice: random.Random) -> Buyer:
    """The buyer that the form names, or one by the dice. ActionError."""
    account = _account(shop, form.account)
    user = _user(shop, form, account, dice)
    owner = None if user is None else user["id"]
    if account is None and user is not None and user["accountId"] is not None:
        account = shop.store.need("accounts", user["accountId"])
    if user is not None:
        known = shop.store.where("contacts", owner=user["id"])
        billing, shipping = known[0], known[-1] if dice.random() < 0.5 else known[0]
    else:
        billing = shipping = _guest_contact(shop, form, dice)
    if form.contact is not None:
        shipping = add_contact(shop, form.contact, owner)
        billing = shipping
    if form.billing_contact is not None:
        billing = add_contact(shop, form.billing_contact, owner)
    email = form.email or (user["email"] if user else "")
    return Buyer(user, account, email, _snapshot(billing), _snapshot(shipping))


def add_contact(shop: Shop, form: ContactForm, owner: int | None = None) -> Doc:
    fields = form.model_dump(by_alias=True)
    return shop.store.add("contacts", {"customKey": None, **fields}, owner=owner)


def _account(shop: Shop, given: int | str | None) -> Doc | None:
    if given is None:
        return None
    if isinstance(given, int):
        found = shop.store.get("accounts", given)
    else:
        named = shop.store.where("accounts", name=given)
        found = shop.store.by_key("accounts", given) or (named[0] if named else None)
    if found is None:
        raise ActionError(f"account: there is none with the id, customKey or name {given!r}")
    return found


def _user(shop: Shop, form: PlaceOrder, account: Doc | None, dice: random.Random) -> Doc | None:
    if form.user_id is not None:
        found = shop.store.get("users", form.user_id)
        if found is None:
            raise ActionError(f"userId: there is no user {form.user_id}")
        return found
    if form.email is not None:
        return None
    if account is not None:
        users = shop.store.where("users", accountId=account["id"])
        if not users:
            raise ActionError(f"account {account['id']} has no user; name an email")
        return dice.choice(users)
    people = shop.catalogue.customers
    country = form.country or ("US" if dice.random() < HOME_SHARE else None)
    known = [one for one in people if country is None or one.addresses[0].country == country]
    if not known and form.contact is None:
        raise ActionError(f"country: no customer lives in {country!r}; give a contact")
    chosen = dice.choice(known or people)
    return shop.store.where("users", email=chosen.email)[0]


def _guest_contact(shop: Shop, form: PlaceOrder, dice: random.Random) -> Doc:
    if form.contact is not None:
        return {}
    land = form.country or "US"
    known = [one for one in shop.catalogue.customers if one.addresses[0].country == land and not one.company]
    if not known:
        raise ActionError(f"country: nobody to take a guest's address from lives in {land!r}; give a contact")
    person = dice.choice(known)
    address = person.addresses[0]
    contact = ContactForm.model_validate(
        {
            "firstName": person.firstname,
            "lastName": person.lastname,
            "email": form.email,
            "phone": address.phone,
            "address": {
                "street1": address.address1,
                "street2": address.address2 or None,
                "city": address.city,
                "regionCode": address.state or None,
                "postalCode": address.postcode,
                "countryCode": address.country,
            },
        }
    )
    return add_contact(shop, contact)


def _snapshot(contact: dict[str, Any]) -> Doc:
    return {name: contact[name] for name in SNAPSHOT}
