"""How words are capitalised, by language, and which languages a country writes its addresses in."""

from __future__ import annotations


def listed(words: str) -> frozenset[str]:
    """The words of a text, parted by spaces."""
    return frozenset(words.split())


LANGUAGES = {
    "FR": "fr",
    "MC": "fr",
    "RE": "fr",
    "GP": "fr",
    "MQ": "fr",
    "GF": "fr",
    "LU": "fr de",
    "BE": "fr nl",
    "CH": "de fr it",
    "DE": "de",
    "AT": "de",
    "LI": "de",
    "NL": "nl",
    "ES": "es",
    "MX": "es",
    "AR": "es",
    "CL": "es",
    "CO": "es",
    "PE": "es",
    "IT": "it",
    "SM": "it",
    "PT": "pt",
    "BR": "pt",
    "US": "en",
    "GB": "en",
    "IE": "en",
    "AU": "en",
    "NZ": "en",
    "CA": "en fr",
}

# Turkish and Azeri have two letters i, which plain upper and lower case would mix up: their texts are left alone.
CASE_LEFT_ALONE = frozenset({"TR", "AZ"})

# Small words inside a street or a city, lower case unless they begin it.
SMALL_WORDS = {
    "fr": "à au aux chez de des du en ès et la le les lès lez près sous sur",
    "de": "am an auf bei dem den der des die das im in ob und unter vom von vor zu zum zur",
    "nl": "aan bij de den der en het in op ten ter te van",
    "es": "al de del e el en la las los y",
    "it": "a ai al alla con da dal dalla degli dei del della delle dell di e in nel sul su",
    "pt": "da das de do dos e",
    "en": "and at by in of on the under upon",
}

# Part of a house number (12 bis): small, and not the word that a text begins with.
NUMBER_WORDS = frozenset({"bis", "ter", "quater"})

# What stands before an apostrophe: lower case inside a street or city (`rue de l'Église`, `via dell'Orso`).
ELISIONS = {"fr": "d j l qu", "it": "all d dall dell l nell sull", "en": "", "de": "", "nl": "", "es": "", "pt": ""}
# A capital follows these even without the languages above: O'Connor, D'Angelo, N'Diaye. Elsewhere it is King's.
NAME_PREFIXES = listed("all d dall dell l m n nell o qu sull")

# Small words of family names; true: a capital at the beginning of the name (Van den Broeck in Belgium, van den Broek
# in the Netherlands). A country that is not here writes every word with a capital (De Luca, Van Buren).
NAME_WORDS = {
    "FR": ("de des du d", False),
    "LU": ("de des du d von", False),
    "CH": ("de du von zu d", False),
    "BE": ("de den der la le les van von", True),
    "DE": ("auf dem den der und van vom von zu zum zur", False),
    "AT": ("dem den der und van vom von zu zum zur", False),
    "NL": ("de den der het in op te ten ter van von", False),
    "ES": ("de del la las los y", False),
    "MX": ("de del la las los y", False),
    "AR": ("de del la las los y", False),
    "PT": ("da das de do dos e", False),
    "BR": ("da das de do dos e", False),
}

# Names in Mac that take a second capital. Machado, Macedo, Mack and Mackay do not, so there is no rule, only a list.
MAC_NAMES = listed(
    """macalister macallister macarthur macaulay macbeth maccallum macdonald macdonell macdougall macduff macfarlane
    macgregor macinnes macintosh macintyre mackenzie mackinnon mackintosh maclachlan maclaren maclean maclennan macleod
    macmillan macnab macneil macphail macpherson macqueen macrae mactaggart macwilliam"""
)

# Words with a form of their own, whatever the rules say.
FIXED_FORMS = {"c/o": "c/o", "po": "PO"} | {
    roman.lower(): roman for roman in listed("II III IV VI VII VIII IX XI XII XIII XIV XV XVI XVII XVIII XX XXIII")
}
FIXED_FORMS_BY_LANGUAGE = {
    "en": {"ne": "NE", "nw": "NW", "se": "SE", "sw": "SW", "usa": "USA"},
    "fr": {"zi": "ZI", "za": "ZA", "zac": "ZAC", "bp": "BP", "cs": "CS", "hlm": "HLM"},
}
# Endings of ordinal numbers, written small: 5th, 2e, 1er.
ORDINALS = {"en": "st nd rd th", "fr": "e er ere ère eme ème nd nde", "es": "a o", "it": "a o", "pt": "a o", "nl": "e"}
