"""The customers of the catalogue: names with accents, companies, eight address systems' worth of oddities."""

import random
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Address:
    """`country` ISO 3166-1 alpha-2; `state` its code where the country has states ("" elsewhere)."""

    company: str
    firstname: str
    lastname: str
    address1: str
    address2: str
    postcode: str
    city: str
    country: str
    state: str
    phone: str
    vat_number: str


@dataclass(frozen=True, slots=True)
class Customer:
    """One or two addresses; the first is the usual one."""

    number: int
    firstname: str
    lastname: str
    email: str
    company: str
    birthday: str
    addresses: tuple[Address, ...]


class Land(NamedTuple):
    """What people and places of a country look like. A `#` in a pattern stands for a digit."""

    first: tuple[str, ...]
    last: tuple[str, ...]
    streets: tuple[str, ...]
    places: tuple[tuple[str, str, str], ...]  # postcode, city, state
    phone: str
    vat: str
    companies: tuple[str, ...]


LANDS: dict[str, Land] = {
    "FR": Land(
        ("Zoé", "Léa", "François", "Hélène", "Jérôme", "Maëlle", "Benoît", "Agnès"),
        ("Lefèvre", "Müller-Roux", "D'Aubigné", "Girard", "Çelik", "Noël", "Bréhat", "Le Goff"),
        ("{n} rue de l'Église", "{n} bis, av. du Gal Leclerc", "{n} bd Saint-Michel", "{n} allée des Tilleuls"),
        (("75011", "Paris", ""), ("69002", "Lyon", ""), ("13006", "Marseille", ""), ("97400", "Saint-Denis", "")),
        "+33 6 ## ## ## ##",
        "FR##9########",
        ("Épicerie du Port SARL", "Atelier Bréhat", "Hôtel des Voyageurs SAS"),
    ),
    "DE": Land(
        ("Jürgen", "Käthe", "Björn", "Sören", "Anneliese", "Uwe"),
        ("Weiß", "Schröder", "Groß", "Müller", "von Bülow", "Kühn"),
        ("Königstraße {n}", "Lange Str. {n}a", "Am Großen Wannsee {n}", "Müllerstr. {n}"),
        (("10115", "Berlin", ""), ("80331", "München", ""), ("50667", "Köln", ""), ("01067", "Dresden", "")),
        "+49 151 #######",
        "DE#########",
        ("Weiß & Söhne GmbH", "Hofladen Kühn e.K.", "Gasthof zur Post GmbH"),
    ),
    "US": Land(
        ("Mary", "James", "José", "Shaniqua", "Robert", "Linda"),
        ("O'Connor", "Smith", "Nguyen", "García", "Johnson-Lee", "Baker"),
        ("{n} N Main St", "{n} W 5th Ave Apt 4B", "{n} Martin Luther King Jr Blvd", "PO Box {n}"),
        (
            ("10001", "New York", "NY"),
            ("94103", "San Francisco", "CA"),
            ("78701", "Austin", "TX"),
            ("02108", "Boston", "MA"),
            ("33101", "Miami", "FL"),
        ),
        "(555) 01#-####",
        "",
        ("Baker & Daughters LLC", "Main Street Diner Inc.", "Bay Area Gifts Co."),
    ),
    "GB": Land(
        ("Siân", "Oliver", "Niamh", "Graham", "Priya"),
        ("Ó Briain", "Smythe", "MacDonald", "Patel", "Featherstonehaugh"),
        ("{n} High Street", "Flat 2, {n} King's Rd", "The Old Rectory, Church Ln", "{n} St. John's Sq"),
        (
            ("SW3 4UH", "London", ""),
            ("EH1 1YZ", "Edinburgh", ""),
            ("M1 1AE", "Manchester", ""),
            ("B33 8TH", "Birmingham", ""),
        ),
        "+44 7700 900###",
        "GB#########",
        ("Featherstone & Co Ltd", "The Tea Room (Bath) Ltd"),
    ),
    "ES": Land(
        ("Íñigo", "Begoña", "José María", "Núria", "Álvaro"),
        ("Muñoz", "Ibáñez", "García López", "Peña", "Güell"),
        ("C/ Mayor, {n}, 3º B", "Avda. de la Constitución {n}", "Pza. España {n}"),
        (("28013", "Madrid", ""), ("08001", "Barcelona", ""), ("41001", "Sevilla", ""), ("15001", "A Coruña", "")),
        "+34 6## ### ###",
        "ESB########",
        ("Muñoz e Hijos S.L.", "Cafetería Güell S.A."),
    ),
    "IT": Land(
        ("Nicolò", "Chiara", "Giosuè", "Lucia", "Matteo"),
        ("D'Angelo", "Rossi", "Lo Presti", "Bianchi", "Dalò"),
        ("Via Garibaldi {n}", "P.zza del Duomo {n}/A", "C.so Vittorio Emanuele II {n}"),
        (("20121", "Milano", "MI"), ("00184", "Roma", "RM"), ("80121", "Napoli", "NA"), ("39100", "Bolzano", "BZ")),
        "+39 3## ### ####",
        "IT###########",
        ("Fratelli Bianchi S.r.l.", "Osteria Dalò S.a.s."),
    ),
    "BE": Land(
        ("Anaïs", "Joris", "Noémie", "Pieter"),
        ("Van den Broeck", "Dupont", "Lemaître", "De Smet"),
        ("Rue Neuve {n} bte 3", "Kerkstraat {n}", "Grote Markt {n}"),
        (("1000", "Bruxelles", ""), ("9000", "Gent", ""), ("4000", "Liège", "")),
        "+32 4## ## ## ##",
        "BE0#########",
        ("De Smet BVBA", "Lemaître SPRL"),
    ),
}
WEIGHTS = {"FR": 30, "DE": 20, "US": 18, "GB": 10, "ES": 8, "IT": 8, "BE": 6}
MAIL_HOSTS = ("mail.example", "post.example", "inbox.example")


def people(dice: random.Random, count: int) -> tuple[Customer, ...]:
    """`count` customers with distinct e-mail addresses."""
    return tuple(_customer(dice, number) for number in range(1, count + 1))


def _customer(dice: random.Random, number: int) -> Customer:
    country = dice.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    land = LANDS[country]
    firstname, lastname = dice.choice(land.first), dice.choice(land.last)
    company = dice.choice(land.companies) if dice.random() < 0.25 else ""
    vat = _digits(dice, land.vat) if company else ""
    addresses = tuple(
        _address(dice, country, company=company, firstname=firstname, lastname=lastname, vat=vat)
        for _ in range(1 if dice.random() < 0.7 else 2)
    )
    email = f"{_plain(firstname)}.{_plain(lastname)}{number}@{dice.choice(MAIL_HOSTS)}"
    birthday = f"{dice.randint(1945, 2004)}-{dice.randint(1, 12):02d}-{dice.randint(1, 28):02d}"
    return Customer(number, firstname, lastname, email, company, birthday, addresses)


def _address(dice: random.Random, country: str, *, company: str, firstname: str, lastname: str, vat: str) -> Address:
    land = LANDS[country]
    postcode, city, state = dice.choice(land.places)
    return Address(
        company=company,
        firstname=firstname,
        lastname=lastname,
        address1=dice.choice(land.streets).format(n=dice.randint(1, 180)),
        address2=dice.choice(("", "", "", "c/o Reception", "Bât. C, 2e étage" if country == "FR" else "2nd floor")),
        postcode=postcode,
        city=dice.choice((city, city, city, city.upper())),
        country=country,
        state=state,
        phone=_digits(dice, land.phone),
        vat_number=vat,
    )


def _digits(dice: random.Random, pattern: str) -> str:
    return "".join(str(dice.randint(0, 9)) if char == "#" else char for char in pattern)


def _plain(name: str) -> str:
    """ASCII letters only: the local part of an e-mail address."""
    split = unicodedata.normalize("NFKD", name.replace("ß", "ss")).lower()
    return "".join(char for char in split if char.isascii() and char.isalpha())
