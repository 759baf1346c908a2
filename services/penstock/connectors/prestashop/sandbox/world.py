"""Fixed rows of a fresh shop: order states, countries, currencies, taxes, carriers, settings."""

from decimal import Decimal
from typing import NamedTuple

FIRST_DAY = "2025-01-02 09:00:00"


class State(NamedTuple):
    """A default order state (systems/prestashop.md 5). Flags: invoice, logable, delivery, shipped, paid."""

    number: int
    name: str
    french: str
    flags: tuple[int, int, int, int, int]
    template: str
    module: str = ""
    color: str = "#34209E"


ORDER_STATES = (
    State(
        1, "Awaiting check payment", "En attente du paiement par chèque", (0, 0, 0, 0, 0), "cheque", "ps_checkpayment"
    ),
    State(2, "Payment accepted", "Paiement accepté", (1, 1, 0, 0, 1), "payment", color="#3498D8"),
    State(3, "Processing in progress", "En cours de préparation", (1, 1, 1, 0, 1), "preparation", color="#3498D8"),
    State(4, "Shipped", "Expédié", (1, 1, 1, 1, 1), "shipped", color="#01B887"),
    State(5, "Delivered", "Livré", (1, 1, 1, 1, 1), "", color="#01B887"),
    State(6, "Canceled", "Annulé", (0, 0, 0, 0, 0), "order_canceled", color="#2C3E50"),
    State(7, "Refunded", "Remboursé", (1, 0, 0, 0, 0), "refund", color="#01B887"),
    State(8, "Payment error", "Erreur de paiement", (0, 0, 0, 0, 0), "payment_error", color="#E74C3C"),
    State(9, "On backorder (paid)", "En attente de réapprovisionnement (payé)", (1, 0, 0, 0, 1), "outofstock"),
    State(
        10,
        "Awaiting bank wire payment",
        "En attente de virement bancaire",
        (0, 0, 0, 0, 0),
        "bankwire",
        "ps_wirepayment",
    ),
    State(11, "Remote payment accepted", "Paiement à distance accepté", (1, 1, 0, 0, 1), "payment", color="#3498D8"),
    State(12, "On backorder (not paid)", "En attente de réapprovisionnement (non payé)", (0, 0, 0, 0, 0), "outofstock"),
    State(
        13,
        "Awaiting Cash On Delivery validation",
        "En attente de validation (paiement à la livraison)",
        (0, 0, 0, 0, 0),
        "cashondelivery",
        "ps_cashondelivery",
    ),
)
PAYMENT_ACCEPTED, CANCELED, PAYMENT_ERROR, REMOTE_PAYMENT = 2, 6, 8, 11


class Country(NamedTuple):
    number: int
    iso: str
    zone: int
    prefix: int
    name: str
    french: str
    zip_format: str
    vat: bool  # the shop charges French VAT there


COUNTRIES = (
    Country(1, "DE", 1, 49, "Germany", "Allemagne", "NNNNN", vat=True),
    Country(2, "AT", 1, 43, "Austria", "Autriche", "NNNN", vat=True),
    Country(3, "BE", 1, 32, "Belgium", "Belgique", "NNNN", vat=True),
    Country(4, "CA", 2, 1, "Canada", "Canada", "LNL NLN", vat=False),
    Country(6, "ES", 1, 34, "Spain", "Espagne", "NNNNN", vat=True),
    Country(8, "FR", 1, 33, "France", "France", "NNNNN", vat=True),
    Country(10, "IT", 1, 39, "Italy", "Italie", "NNNNN", vat=True),
    Country(12, "LU", 1, 352, "Luxembourg", "Luxembourg", "NNNN", vat=True),
    Country(13, "NL", 1, 31, "Netherlands", "Pays-Bas", "NNNN LL", vat=True),
    Country(14, "PL", 1, 48, "Poland", "Pologne", "NN-NNN", vat=True),
    Country(15, "PT", 1, 351, "Portugal", "Portugal", "NNNN-NNN", vat=True),
    Country(17, "GB", 7, 44, "United Kingdom", "Royaume-Uni", "", vat=False),
    Country(19, "CH", 7, 41, "Switzerland", "Suisse", "NNNN", vat=False),
    Country(21, "US", 2, 1, "United States", "États-Unis", "NNNNN", vat=False),
    Country(26, "IE", 1, 353, "Ireland", "Irlande", "", vat=True),
)
ZONES = {1: "Europe", 2: "North America", 3: "Asia", 7: "Europe (non-EU)"}

US_STATES = (
    "AL Alabama,AK Alaska,AZ Arizona,AR Arkansas,CA California,CO Colorado,CT Connecticut,DE Delaware,FL Florida,"
    "GA Georgia,HI Hawaii,ID Idaho,IL Illinois,IN Indiana,IA Iowa,KS Kansas,KY Kentucky,LA Louisiana,ME Maine,"
    "MD Maryland,MA Massachusetts,MI Michigan,MN Minnesota,MS Mississippi,MO Missouri,MT Montana,NE Nebraska,"
    "NV Nevada,NH New Hampshire,NJ New Jersey,NM New Mexico,NY New York,NC North Carolina,ND North Dakota,OH Ohio,"
    "OK Oklahoma,OR Oregon,PA Pennsylvania,RI Rhode Island,SC South Carolina,SD South Dakota,TN Tennessee,TX Texas,"
    "UT Utah,VT Vermont,VA Virginia,WA Washington,WV West Virginia,WI Wisconsin,WY Wyoming,DC District of Columbia"
)
CA_STATES = "ON Ontario,QC Quebec,BC British Columbia,AB Alberta,MB Manitoba,SK Saskatchewan,NS Nova Scotia"
IT_STATES = "MI Milano,RM Roma,NA Napoli,BZ Bolzano,TO Torino,FI Firenze,VE Venezia,BO Bologna"
STATES = {"US": US_STATES, "CA": CA_STATES, "IT": IT_STATES}

# id: (rate, English name); the tax rules group of the same id charges it in the countries with VAT
TAXES = {
    1: ("20.000", "TVA FR 20%"),
    2: ("10.000", "TVA FR 10%"),
    3: ("5.500", "TVA FR 5.5%"),
    4: ("2.100", "TVA FR 2.1%"),
}
TAX_GROUP_OF = {"standard": 1, "reduced": 3, "zero": 0}
STANDARD_TAX_GROUP = 1


class Carrier(NamedTuple):
    """`price`: net EUR per parcel. Number 2 was edited in the back office and lives on as 4 with the same reference."""

    number: int
    reference: int
    name: str
    deleted: int
    price: Decimal
    url: str
    delay: str


CARRIERS = (
    Carrier(1, 1, "Click and collect", 0, Decimal("0.00"), "", "Pick up in-store"),
    Carrier(2, 2, "Colissimo", 1, Decimal("4.50"), "https://track.colissimo.example/@", "2 to 3 days"),
    Carrier(3, 3, "UPS Standard", 0, Decimal("12.90"), "https://track.ups.example/?num=@", "3 to 5 days"),
    Carrier(4, 2, "Colissimo", 0, Decimal("5.00"), "https://track.colissimo.example/@", "2 to 3 days"),
)
DEFAULT_CARRIER = 4
WRAPPING_PRICE = Decimal("2.00")

MODULES = {
    # payment module: (name on the order, first state)
    "ps_wirepayment": ("Bank transfer", 10),
    "ps_checkpayment": ("Payments by check", 1),
    "ps_cashondelivery": ("Cash on delivery (COD)", 13),
    "ps_checkout": ("Card payment", 10),
}
INVOICE_PREFIX = "#IN"
GROUPS = {1: "Visitor", 2: "Guest", 3: "Customer"}
LANGUAGES = (
    (1, "English (English)", "en", "en-US"),
    (2, "Français (French)", "fr", "fr-FR"),
    (3, "Deutsch (German)", "de", "de-DE"),
)


def configuration(time_zone: str) -> dict[str, str]:
    """Settings that the resource `configurations` shows."""
    return {
        "PS_TIMEZONE": time_zone,
        "PS_CURRENCY_DEFAULT": "1",
        "PS_LANG_DEFAULT": "1",
        "PS_COUNTRY_DEFAULT": "8",
        "PS_SHOP_NAME": "Maison Penstock",
        "PS_WEBSERVICE": "1",
        "PS_INVOICE_PREFIX": INVOICE_PREFIX,
        "PS_OS_CHEQUE": "1",
        "PS_OS_PAYMENT": "2",
        "PS_OS_PREPARATION": "3",
        "PS_OS_SHIPPING": "4",
        "PS_OS_DELIVERED": "5",
        "PS_OS_CANCELED": "6",
        "PS_OS_REFUND": "7",
        "PS_OS_ERROR": "8",
        "PS_OS_OUTOFSTOCK_PAID": "9",
        "PS_OS_BANKWIRE": "10",
        "PS_OS_WS_PAYMENT": "11",
        "PS_OS_OUTOFSTOCK_UNPAID": "12",
        "PS_OS_COD_VALIDATION": "13",
        "PS_ORDER_OUT_OF_STOCK": "0",
        "PS_PRICE_ROUND_MODE": "2",
        "PS_ROUND_TYPE": "2",
        "PS_STOCK_MANAGEMENT": "1",
        "PS_WEIGHT_UNIT": "kg",
    }
