"""Words of the catalogue: things sold, materials, options."""

from typing import NamedTuple

Material = tuple[str, str, frozenset[str]]


class Thing(NamedTuple):
    """A kind of product. `price` = lowest and highest net EUR; `kinds` choose the materials; `options` the variants."""

    code: str
    name: str
    category: str
    tax: str
    price: tuple[int, int]
    kinds: frozenset[str]
    options: tuple[str, ...]


CLOTH, HARD, EAT, READ = (frozenset({kind}) for kind in ("cloth", "hard", "eat", "read"))

THINGS = (
    Thing("APR", "apron", "Kitchen", "standard", (15, 45), CLOTH, ("colour",)),
    Thing("TTL", "tea towel", "Kitchen", "standard", (6, 18), CLOTH, ("colour",)),
    Thing("OVM", "oven mitt", "Kitchen", "standard", (9, 25), CLOTH, ("colour",)),
    Thing("TCL", "tablecloth", "Table", "standard", (25, 90), CLOTH, ("colour", "size")),
    Thing("NAP", "napkin", "Table", "standard", (4, 12), CLOTH, ("colour",)),
    Thing("RUN", "table runner", "Table", "standard", (12, 40), CLOTH, ("colour",)),
    Thing("SHT", "fitted sheet", "Bedroom", "standard", (30, 120), CLOTH, ("size",)),
    Thing("DVT", "duvet cover", "Bedroom", "standard", (45, 190), CLOTH, ("colour", "size")),
    Thing("PIL", "pillow case", "Bedroom", "standard", (9, 35), CLOTH, ("colour",)),
    Thing("BLK", "blanket", "Bedroom", "standard", (35, 150), CLOTH, ("colour",)),
    Thing("TWL", "bath towel", "Bathroom", "standard", (12, 45), CLOTH, ("colour", "size")),
    Thing("BRB", "bathrobe", "Bathroom", "standard", (40, 110), CLOTH, ("size",)),
    Thing("CUR", "curtain", "Living room", "standard", (30, 130), CLOTH, ("colour", "size")),
    Thing("CSH", "cushion", "Living room", "standard", (12, 50), CLOTH, ("colour",)),
    Thing("BAG", "shopping bag", "Kitchen", "standard", (5, 20), CLOTH, ("colour",)),
    Thing("SHR", "work shirt", "Clothing", "standard", (25, 80), CLOTH, ("size",)),
    Thing("SCF", "scarf", "Clothing", "standard", (15, 70), CLOTH, ("colour",)),
    Thing("BWL", "bowl", "Table", "standard", (6, 40), HARD, ("colour",)),
    Thing("PLT", "plate", "Table", "standard", (6, 35), HARD, ("size",)),
    Thing("MUG", "mug", "Table", "standard", (5, 22), HARD, ("colour",)),
    Thing("VAS", "vase", "Living room", "standard", (14, 120), HARD, ("size",)),
    Thing("LMP", "table lamp", "Living room", "standard", (35, 220), HARD, ("colour",)),
    Thing("TRY", "serving tray", "Kitchen", "standard", (15, 60), HARD, ("size",)),
    Thing("CAN", "candle holder", "Living room", "standard", (7, 45), HARD, ("colour",)),
    Thing("JAR", "storage jar", "Kitchen", "standard", (6, 30), HARD, ("size",)),
    Thing("POT", "plant pot", "Garden", "standard", (8, 75), HARD, ("size",)),
    Thing("BRD", "cutting board", "Kitchen", "standard", (12, 65), HARD, ("size",)),
    Thing("SPN", "spoon set", "Kitchen", "standard", (9, 40), HARD, ()),
    Thing("STL", "stool", "Living room", "standard", (45, 260), HARD, ("colour",)),
    Thing("CLK", "wall clock", "Living room", "standard", (25, 140), HARD, ("colour",)),
    Thing("HON", "honey", "Food", "reduced", (4, 16), EAT, ("weight",)),
    Thing("JAM", "jam", "Food", "reduced", (3, 9), EAT, ("weight",)),
    Thing("TEA", "tea", "Food", "reduced", (4, 22), EAT, ("weight",)),
    Thing("COF", "coffee", "Food", "reduced", (6, 26), EAT, ("weight",)),
    Thing("BSC", "biscuits", "Food", "reduced", (3, 12), EAT, ()),
    Thing("SLT", "salt", "Food", "reduced", (3, 11), EAT, ("weight",)),
    Thing("BOK", "cook book", "Books", "reduced", (12, 45), READ, ()),
    Thing("GID", "garden guide", "Books", "reduced", (9, 32), READ, ()),
    Thing("NTB", "notebook", "Stationery", "standard", (4, 18), READ, ("colour",)),
    Thing("GFT", "gift voucher", "Gifts", "zero", (10, 100), READ, ()),
)

MATERIALS: tuple[Material, ...] = (
    ("linen", "LIN", CLOTH),
    ("cotton", "COT", CLOTH),
    ("hemp", "HMP", CLOTH),
    ("wool", "WOL", CLOTH),
    ("velvet", "VLV", CLOTH),
    ("striped", "STR", CLOTH),
    ("quilted", "QLT", CLOTH),
    ("embroidered", "EMB", CLOTH),
    ("oak", "OAK", HARD),
    ("beech", "BEE", HARD),
    ("olive wood", "OLV", HARD),
    ("stoneware", "STN", HARD),
    ("porcelain", "POR", HARD),
    ("glass", "GLS", HARD),
    ("brass", "BRS", HARD),
    ("enamel", "ENM", HARD),
    ("walnut", "WLN", HARD),
    ("bamboo", "BAM", HARD),
    ("chestnut", "CHE", EAT),
    ("lavender", "LAV", EAT),
    ("mountain", "MTN", EAT),
    ("lemon", "LEM", EAT),
    ("organic", "ORG", EAT),
    ("smoked", "SMK", EAT),
    ("rose", "ROS", EAT),
    ("classic", "CLA", READ),
    ("illustrated", "ILL", READ),
    ("pocket", "PCK", READ),
    ("birthday", "BIR", READ),
    ("seasonal", "SEA", READ),
)

OPTIONS = {"colour": "Colour", "size": "Size", "weight": "Weight"}
OPTION_VALUES: dict[str, tuple[tuple[str, str], ...]] = {
    "Colour": (
        ("Sand", "SND"),
        ("Slate", "SLA"),
        ("Moss", "MOS"),
        ("Brick", "BRK"),
        ("Navy", "NAV"),
        ("Écru", "ECR"),
        ("White", "WHT"),
    ),
    "Size": (("S", "S"), ("M", "M"), ("L", "L"), ("XL", "XL"), ("XXL", "XXL")),
    "Weight": (("125 g", "125"), ("250 g", "250"), ("500 g", "500"), ("1 kg", "1K")),
}
