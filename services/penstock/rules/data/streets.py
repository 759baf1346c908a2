"""Street words and their abbreviations, by country, and the one direction in which a country's lines are written.

`form: "variant variant"`: each variant becomes the form. A variant with a dot is only found with its dot.

- expand: written out. The national address files (La Poste, Deutsche Post, PAF, Correos, Poste Italiane) hold full
  words, ERP users search for them, and a label printer can shorten but not lengthen.
- abbreviate (US, CA): USPS Publication 28 and Canada Post ask for the abbreviation, and carriers validate against it.
  Directions (North, Southwest) are left alone: `West Point Ln` has a name, not a direction.

Where a variant counts as a street word:
- leading: first word of a line or of a part after a comma, house number and `bis` apart (`12 bis, av. Foch`)
- trailing: last word before the end, a comma, a direction or a unit (`5th Avenue NW Apt 4`); never the only word
- anywhere: any word
- units: before a number or a single letter (`Suite 400`, `Apartment B`)
- attached: the end of a longer word, also with the house number right behind (`Müllerstr.5`)
- prefixes: the beginning of the first word (`C/Mayor`)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from penstock.rules.data.words import listed


@dataclass(frozen=True, slots=True)
class StreetWords:
    """See the module's text for the places; `direction` is the one way in which the words are changed."""

    direction: Literal["expand", "abbreviate"]
    leading: Mapping[str, str] = field(default_factory=dict)
    trailing: Mapping[str, str] = field(default_factory=dict)
    anywhere: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    attached: Mapping[str, str] = field(default_factory=dict)
    prefixes: Mapping[str, str] = field(default_factory=dict)


_FRENCH = {
    "Allée": "all all.",
    "Avenue": "av av. ave ave.",
    "Boulevard": "bd bd. bld bld. blvd blvd. boul. bvd",
    "Chemin": "chem. chem ch.",
    "Cours": "crs crs.",
    "Faubourg": "fbg fbg. fg fg.",
    "Impasse": "imp imp.",
    "Lotissement": "lot.",
    "Passage": "pass.",
    "Place": "pl pl.",
    "Promenade": "prom.",
    "Quai": "qu.",
    "Résidence": "rés. res.",
    "Route": "rte rte.",
    "Rue": "r.",
    "Square": "sq sq.",
    "Traverse": "trav.",
}
_FRENCH_ANYWHERE = {"Bâtiment": "bât bât. bat.", "Appartement": "appt appt."}
_GERMAN = {"Straße": "str str.", "Platz": "pl."}
_GERMAN_ATTACHED = {"straße": "str. str", "platz": "pl."}
_SWISS_ATTACHED = {"strasse": "str. str", "platz": "pl."}
_DUTCH_ATTACHED = {"straat": "str. str"}
_SPANISH = {
    "Avenida": "av av. avd avd. avda avda.",
    "Calle": "c. c/ cl cl.",
    "Camino": "cno cno.",
    "Carretera": "ctra ctra. crta crta.",
    "Glorieta": "gta gta.",
    "Paseo": "pº p.º pso pso.",
    "Plaza": "pl. pza pza. plza plza.",
    "Polígono": "pol. pgno pgno.",
    "Ronda": "rda rda.",
    "Travesía": "trva trva. trav.",
    "Urbanización": "urb urb.",
}
_ITALIAN = {
    "Corso": "c.so cso",
    "Largo": "l.go lgo",
    "Località": "loc. loc",
    "Piazza": "p.za p.zza pza pzza p.zza.",
    "Piazzale": "p.le p.zale ple",
    "Strada": "str. s.da",
    "Via": "v.",
    "Viale": "v.le vle",
    "Vicolo": "v.lo vic.",
}
_PORTUGUESE = {"Avenida": "av av.", "Largo": "lgo lgo.", "Praça": "pç. pça pça.", "Rua": "r.", "Travessa": "tv. tv"}
_ENGLISH = {
    "Avenue": "av av. ave ave.",
    "Close": "cl cl.",
    "Court": "ct ct.",
    "Crescent": "cres cres.",
    "Drive": "dr dr.",
    "Gardens": "gdns gdns.",
    "Grove": "gr gr. grv",
    "Lane": "ln ln.",
    "Place": "pl pl.",
    "Road": "rd rd.",
    "Square": "sq sq.",
    "Street": "st st.",
    "Terrace": "ter ter. terr terr.",
}
_AUSTRALIAN = _ENGLISH | {
    "Circuit": "cct cct.",
    "Highway": "hwy hwy.",
    "Parade": "pde pde.",
    "Boulevard": "bvd blvd blvd.",
}
_USPS = {
    "Aly": "alley aly.",
    "Ave": "avenue ave. av av. aven",
    "Blvd": "boulevard blvd. boul",
    "Cir": "circle cir.",
    "Ct": "court ct.",
    "Cres": "crescent cres.",
    "Xing": "crossing xing.",
    "Dr": "drive dr.",
    "Expy": "expressway expy.",
    "Fwy": "freeway fwy.",
    "Hwy": "highway hwy.",
    "Hts": "heights hts.",
    "Ln": "lane ln.",
    "Pkwy": "parkway pkwy. pky",
    "Pl": "place pl.",
    "Plz": "plaza plz.",
    "Rd": "road rd.",
    "Sq": "square sq.",
    "St": "street st. str",
    "Ter": "terrace ter. terr",
    "Trl": "trail trl.",
    "Tpke": "turnpike tpke.",
}
_USPS_UNITS = {
    "Apt": "apartment apt.",
    "Bldg": "building bldg.",
    "Dept": "department dept.",
    "Fl": "floor fl.",
    "Rm": "room rm.",
    "Ste": "suite ste.",
}
_CANADIAN = {
    "Ave": "avenue ave.",
    "Blvd": "boulevard blvd.",
    "Cres": "crescent cres.",
    "Crt": "court crt.",
    "Dr": "drive dr.",
    "Pl": "place pl.",
    "Rd": "road rd.",
    "Sq": "square sq.",
    "St": "street st.",
    "Terr": "terrace terr.",
}


def _found_by(*tables: Mapping[str, str]) -> dict[str, str]:
    """Variant -> form."""
    return {variant: form for table in tables for form, variants in table.items() for variant in variants.split()}


_FR = StreetWords("expand", leading=_found_by(_FRENCH), anywhere=_found_by(_FRENCH_ANYWHERE))
_DE = StreetWords("expand", anywhere=_found_by(_GERMAN), attached=_found_by(_GERMAN_ATTACHED))
_GB = StreetWords("expand", trailing=_found_by(_ENGLISH))
_AU = StreetWords("expand", trailing=_found_by(_AUSTRALIAN))
_ES = StreetWords("expand", leading=_found_by(_SPANISH), prefixes={"c/": "Calle"})
_PT = StreetWords("expand", leading=_found_by(_PORTUGUESE))

STREETS: Mapping[str, StreetWords] = {
    "FR": _FR,
    "MC": _FR,
    "LU": _FR,
    "DE": _DE,
    "AT": _DE,
    "CH": StreetWords("expand", leading=_found_by(_FRENCH), attached=_found_by(_SWISS_ATTACHED)),
    "NL": StreetWords("expand", attached=_found_by(_DUTCH_ATTACHED)),
    "BE": StreetWords(
        "expand",
        leading=_found_by(_FRENCH),
        anywhere=_found_by({"Boîte": "bte bte."}),
        attached=_found_by(_DUTCH_ATTACHED),
    ),
    "ES": _ES,
    "IT": StreetWords("expand", leading=_found_by(_ITALIAN)),
    "PT": _PT,
    "BR": _PT,
    "GB": _GB,
    "IE": _GB,
    "AU": _AU,
    "NZ": _AU,
    "US": StreetWords("abbreviate", trailing=_found_by(_USPS), units=_found_by(_USPS_UNITS)),
    "CA": StreetWords("abbreviate", trailing=_found_by(_CANADIAN), units=_found_by(_USPS_UNITS)),
}

# Countries that write `PO Box`.
PO_BOX = listed("US CA GB IE AU NZ")
# May stand behind the trailing street word.
DIRECTIONS = listed("n s e w ne nw se sw north south east west northeast northwest southeast southwest")
# Begin the unit, so that the street word is in front of them.
UNIT_WORDS = listed(
    "apt apt. apartment bldg bldg. building dept dept. fl fl. floor rm rm. room ste ste. suite unit lot"
)
HOUSE_NUMBER_WORDS = frozenset({"bis", "ter", "quater"})
# Begin like an abbreviation and are none: care of, without number.
NOT_STREETS = frozenset({"c/o", "s/n"})
