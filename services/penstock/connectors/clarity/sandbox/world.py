"""Fixed facts of the shop: tax rates, ways of shipping, exchange rates."""

from decimal import Decimal
from typing import NamedTuple

from penstock.records.money import to_minor_unit

FIRST_DAY = "2025-01-02T09:00:00Z"
LOCATION, SECOND_LOCATION = "AUS-1", "RNO-1"
HOME_CURRENCY = "USD"

# Sales tax of the states where the shop has to charge it (city rates); food and vouchers are exempt.
US_RATES = {
    "TX": Decimal("0.0825"),
    "NY": Decimal("0.08875"),
    "CA": Decimal("0.08625"),
    "FL": Decimal("0.07"),
    "MA": Decimal("0.0625"),
    "WA": Decimal("0.1035"),
    "IL": Decimal("0.1025"),
}
SHIPPING_TAXED_STATES = frozenset({"NY", "WA"})
# VAT, standard and reduced, where prices are shown with the tax in them
VAT_RATES = {
    "FR": (Decimal("0.20"), Decimal("0.055")),
    "DE": (Decimal("0.19"), Decimal("0.07")),
    "ES": (Decimal("0.21"), Decimal("0.10")),
    "IT": (Decimal("0.22"), Decimal("0.10")),
    "BE": (Decimal("0.21"), Decimal("0.06")),
}
# The catalogue's prices are in EUR: how much one EUR is. Currencies without a price list are converted so.
PER_EUR = {
    "EUR": Decimal(1),
    "USD": Decimal("1.085"),
    "GBP": Decimal("0.85"),
    "CAD": Decimal("1.48"),
    "JPY": Decimal(160),
    "KWD": Decimal("0.333"),
}
LISTED_CURRENCIES = ("USD", "EUR")


class Method(NamedTuple):
    """A way of shipping; `price` in USD, without tax."""

    code: str
    name: str
    carrier: str
    price: Decimal


METHODS = (
    Method("UPS_GROUND", "UPS Ground", "UPS", Decimal("12.00")),
    Method("FEDEX_2DAY", "FedEx 2Day", "FedEx", Decimal("24.50")),
    Method("USPS_PRIORITY", "USPS Priority Mail", "USPS", Decimal("9.85")),
    Method("FREE", "Free shipping", "UPS", Decimal("0.00")),
)
CARD_METHODS = ("credit_card", "paypal")


def tax_rate(country: str, region: str | None, tax_class: str) -> Decimal:
    """Rate as a fraction; `tax_class` is `standard`, `reduced` or `zero`."""
    if tax_class == "zero":
        return Decimal(0)
    if country == "US":
        return US_RATES.get(region or "", Decimal(0)) if tax_class == "standard" else Decimal(0)
    rates = VAT_RATES.get(country)
    return Decimal(0) if rates is None else rates[tax_class == "reduced"]


def tax_name(country: str, region: str | None, rate: Decimal) -> str:
    """`TX 8.25%`, `FR 20%`, `Exempt`."""
    if not rate:
        return "Exempt"
    percent = f"{rate * 100:f}".rstrip("0").rstrip(".")
    return f"{(region if country == 'US' else country) or country} {percent}%"


def to_currency(euros: Decimal, currency: str) -> Decimal:
    """An amount in EUR in another currency, rounded to its smallest unit. KeyError."""
    return to_minor_unit(euros * PER_EUR[currency], currency)


def from_home(dollars: Decimal, currency: str) -> Decimal:
    """An amount of the home currency in another. KeyError."""
    return dollars if currency == HOME_CURRENCY else to_currency(dollars / PER_EUR[HOME_CURRENCY], currency)
