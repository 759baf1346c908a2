"""Items, prices, stock per warehouse, and the look-ups beside them."""

from penstock.connectors.infor.sandbox.model import (
    Prop,
    Writes,
    dates,
    decimals,
    derived,
    flags,
    ido,
    joined,
    longs,
    text,
)


def _total(column: str, item: str) -> str:
    return f"(SELECT COALESCE(SUM(w.{column}), 0) FROM itemwhse AS w WHERE w.Item = {item}.Item)"  # noqa: S608 - our own names


def _numbered(stem: str, count: int) -> list[Prop]:
    return decimals(*(f"{stem}{number}" for number in range(1, count + 1)))


ITEMS = ido(
    "SLItems",
    "item",
    "itm",
    ("Item",),
    text(30, "Item"),
    text(40, "Description"),
    text(3, "UM", upper=True),
    text(1, "Stat", upper=True),
    text(10, "ProductCode", "FamilyCode", upper=True),
    text(1, "PMTCode", upper=True),
    flags("LotTracked", "SerialTracked"),
    decimals("UnitWeight"),
    text(3, "WeightUnits", upper=True),
    decimals("UnitCost"),
    text(6, "TaxCode1", upper=True),
    flags("Reservable"),
    derived("DerQtyOnHand", _total("QtyOnHand", "itm")),
    derived("DerQtyAllocCo", _total("QtyAllocCo", "itm")),
    derived("DerQtyRsvdCo", _total("QtyRsvdCo", "itm")),
    writes=Writes.ALL,
    required=("Item", "UM"),
    defaults={"Stat": "A", "PMTCode": "P", "WeightUnits": "KG", "Reservable": "1"},
    set_by_site=("Stat",),
)

ITEM_PRICES = ido(
    "SLItemprices",
    "itemprice",
    "itp",
    ("Item", "CurrCode", "EffectDate"),
    text(30, "Item"),
    text(3, "CurrCode", upper=True),
    dates("EffectDate"),
    _numbered("UnitPrice", 6),
    _numbered("BrkQty_", 5),
    _numbered("BrkPrice_", 5),
)

STOCK = ido(
    "SLItemwhses",
    "itemwhse",
    "itw",
    ("Item", "Whse"),
    text(30, "Item"),
    text(4, "Whse", upper=True),
    joined("itm", {"ItemDescription": "Description"}, 40),
    joined("whs", {"WhseName": "Name"}, 30),
    joined("itm", {"UM": "UM"}, 3),
    decimals("QtyOnHand", "QtyAllocCo", "QtyAllocjob", "QtyRsvdCo", "QtyOrdered"),
    decimals("QtyMrb", "QtyTrans", "QtyWip", "QtyReorder"),
    flags("CntInProc"),
    derived("TotalQtyOnHand", _total("QtyOnHand", "itw")),
    derived("TotalQtyReserved", _total("QtyRsvdCo", "itw")),
    derived("DerItemAvailQtyAvail", "(itw.QtyOnHand - itw.QtyAllocCo - itw.QtyAllocjob)"),
    joins={
        "itm": "LEFT JOIN item AS itm ON itm.Item = itw.Item",
        "whs": "LEFT JOIN whse AS whs ON whs.Whse = itw.Whse",
    },
)

LOCATIONS = ido(
    "SLItemlocs",
    "itemloc",
    "itl",
    ("Item", "Whse", "Loc"),
    text(30, "Item"),
    text(4, "Whse", upper=True),
    text(15, "Loc", upper=True),
    longs("Rank"),
    decimals("QtyOnHand", "QtyRsvd"),
    view="SELECT Item, Whse, 'STOCK' AS Loc, 1 AS Rank, QtyOnHand, QtyRsvdCo AS QtyRsvd, RecordDate, RowPointer"
    " FROM itemwhse",
)

RESERVATIONS = ido(
    "SLRsvdInvs",
    "rsvd_inv",
    "rsv",
    ("RsvdNum",),
    longs("RsvdNum"),
    text(30, "Item"),
    text(4, "Whse", upper=True),
    text(15, "Loc", upper=True),
    text(10, "RefNum", upper=True),
    longs("RefLine", "RefRelease"),
    decimals("QtyRsvd"),
)

WAREHOUSES = ido(
    "SLWhses",
    "whse",
    "whs",
    ("Whse",),
    text(4, "Whse", upper=True),
    text(30, "Name"),
)

IDOS = (ITEMS, ITEM_PRICES, STOCK, LOCATIONS, RESERVATIONS, WAREHOUSES)
