"""Customers that were there before the web shop: some of the catalogue's people, and some cases for matching.

`01-WEBSHOP` is the house account. Customers of the catalogue are `01-ACC` and their number with four digits.
"""

from collections.abc import Iterable, Mapping

from penstock.sandbox.catalogue import Catalogue
from penstock.sandbox.people import Address, Customer

_EXISTING = 12
_COUNTRY = {"US": "USA", "FR": "FRA", "DE": "DEU", "GB": "GBR", "ES": "ESP", "IT": "ITA", "BE": "BEL"}
_SALESPERSON = {"SalespersonDivisionNo": "01", "SalespersonNo": "0100"}
Rows = Iterable[Mapping[str, str]]


def customers(goods: Catalogue, today: str) -> Rows:
    """House account, people of the catalogue, and six that are there twice in one way or another."""
    people = existing(goods)
    plain = [{**_customer(person, today), **_credit(at)} for at, person in enumerate(people)]
    return [_house(today), *plain, *_doubles(goods, people, today)]


def existing(goods: Catalogue) -> list[Customer]:
    """American customers of the catalogue that the company already knows."""
    return [person for person in goods.customers if person.addresses[0].country == "US"][:_EXISTING]


def number_of(person: Customer) -> str:
    return f"ACC{person.number:04d}"


def contacts(goods: Catalogue) -> Rows:
    """One contact each."""
    return [
        {
            "ARDivisionNo": "01",
            "CustomerNo": number_of(person),
            "ContactCode": "MAIN",
            "ContactName": f"{person.firstname} {person.lastname}",
            "EmailAddress": person.email.lower(),
            "TelephoneNo1": person.addresses[0].phone,
        }
        for person in existing(goods)
    ]


def ship_tos(goods: Catalogue) -> Rows:
    """The second address of those who have one."""
    return [
        {
            "ARDivisionNo": "01",
            "CustomerNo": number_of(person),
            "ShipToCode": "0001",
            "ShipToName": _name(person.addresses[1]),
            **{f"ShipTo{name}": value for name, value in _place(person.addresses[1], "Address").items()},
            "TelephoneNo": person.addresses[1].phone,
            "WarehouseCode": "001",
            "TaxSchedule": "DEFAULT",
        }
        for person in existing(goods)
        if len(person.addresses) > 1
    ]


def _credit(at: int) -> dict[str, str]:
    """One with a small limit that is nearly used up, one on hold, one inactive; every other one has a large limit."""
    return {
        0: {"CreditLimit": "500.00", "CurrentBalance": "480.00"},
        1: {"CreditHold": "Y"},
        2: {"CustomerStatus": "I"},
    }.get(at, {"CreditLimit": "25000.00"} if at % 2 else {})


def _doubles(goods: Catalogue, people: list[Customer], today: str) -> Rows:
    """The same e-mail twice, the same name and zip twice (of somebody whose e-mail is not on file)."""
    twice = people[3]
    stranger = [person for person in goods.customers if person.addresses[0].country == "US"][_EXISTING]
    by_name = {**_customer(stranger, today), "EmailAddress": ""}
    return [
        {**_customer(twice, today), "CustomerNo": "OLD0001"},
        {**by_name, "CustomerNo": "OLD0002"},
        {**by_name, "CustomerNo": "OLD0003", "AddressLine1": "PO Box 17", "EmailAddress": "office@old.example"},
    ]


def _customer(person: Customer, today: str) -> dict[str, str]:
    address = person.addresses[0]
    return {
        "ARDivisionNo": "01",
        "CustomerNo": number_of(person),
        "CustomerName": _name(address),
        **_place(address, "AddressLine"),
        "TelephoneNo": address.phone,
        "EmailAddress": person.email.lower(),
        "ContactCode": "MAIN",
        "TermsCode": "01",
        **_SALESPERSON,
        "DateEstablished": today,
    }


def _house(today: str) -> dict[str, str]:
    return {
        "ARDivisionNo": "01",
        "CustomerNo": "WEBSHOP",
        "CustomerName": "Web shop house account",
        "AddressLine1": "1 Commerce Way",
        "City": "Springfield",
        "State": "IL",
        "ZipCode": "62701",
        "CountryCode": "USA",
        "EmailAddress": "webshop@acme.example",
        "TermsCode": "04",
        **_SALESPERSON,
        "DateEstablished": today,
    }


def _name(address: Address) -> str:
    return (address.company or f"{address.firstname} {address.lastname}")[:50]


def _place(address: Address, line: str) -> dict[str, str]:
    return {
        f"{line}1": address.address1[:40],
        f"{line}2": address.address2[:40],
        "City": address.city[:30],
        "State": address.state[:2],
        "ZipCode": address.postcode[:10],
        "CountryCode": _COUNTRY[address.country],
    }
