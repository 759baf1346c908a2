"""The shipping ledger (one row per line shipped) and shipments with their packages."""

from penstock.connectors.infor.sandbox.model import dates, decimals, ido, joined, longs, text

SHIPPED = ido(
    "SLCoShips",
    "co_ship",
    "cos",
    ("CoNum", "CoLine", "CoRelease", "ShipDate", "DateSeq"),
    text(10, "CoNum", upper=True),
    longs("CoLine", "CoRelease"),
    joined("co", {"CoCustNum": "CustNum"}, 7),
    joined("co", {"CoCustPo": "CustPo"}, 22),
    joined("coi", {"CoiItem": "Item", "CoiCustItem": "CustItem"}, 30),
    decimals("QtyShipped"),
    dates("ShipDate"),
    longs("DateSeq"),
    decimals("Price"),
    text(10, "Bol", "DoNum"),
    longs("DoLine", "DoSeq", "ShipperNum", "PackNum"),
    text(4, "CoShipCode", upper=True),
    joined("shc", {"ShipCodeDescription": "Description"}, 40),
    joins={
        "co": "LEFT JOIN co ON co.CoNum = cos.CoNum",
        "coi": "LEFT JOIN coitem AS coi ON coi.CoNum = cos.CoNum AND coi.CoLine = cos.CoLine"
        " AND coi.CoRelease = cos.CoRelease",
        "shc": "LEFT JOIN shipcode AS shc ON shc.ShipCode = cos.CoShipCode",
    },
    indexes=(("PackNum",),),
)

SHIPMENTS = ido(
    "SLShipments",
    "shipment",
    "shp",
    ("ShipmentId",),
    longs("ShipmentId"),
    text(1, "Status", upper=True),
    text(7, "CustNum", upper=True),
    longs("CustSeq"),
    text(4, "Whse", upper=True),
    dates("ShipDate", "PickupDate"),
    text(4, "ShipCode", upper=True),
    joined("shc", {"ShipCodeDesc": "Description"}, 40),
    text(30, "TrackingNumber", "ProNumber"),
    longs("QtyPackages"),
    decimals("Weight"),
    text(3, "WeightUM", upper=True),
    joins={"shc": "LEFT JOIN shipcode AS shc ON shc.ShipCode = shp.ShipCode"},
)

PACKAGES = ido(
    "SLShipmentPackages",
    "shipment_package",
    "pkg",
    ("ShipmentId", "PackageId"),
    longs("ShipmentId", "PackageId"),
    text(10, "PackageType"),
    text(30, "DerTrackingNumber"),
    decimals("Weight"),
)

SHIPMENT_LINES = ido(
    "SLShipmentLines",
    "shipment_line",
    "shl",
    ("ShipmentId", "ShipmentLine"),
    longs("ShipmentId", "ShipmentLine"),
    text(10, "RefNum", upper=True),
    longs("RefLineSuf", "RefRelease"),
    indexes=(("RefNum",),),
)

SHIPMENT_SEQS = ido(
    "SLShipmentSeqs",
    "shipment_seq",
    "shq",
    ("ShipmentId", "ShipmentLine", "ShipmentSeq"),
    longs("ShipmentId", "ShipmentLine", "ShipmentSeq"),
    text(10, "RefNum", upper=True),
    longs("RefLineSuf", "RefRelease", "PackageId"),
    decimals("QtyShipped"),
    indexes=(("RefNum",),),
)

IDOS = (SHIPPED, SHIPMENTS, PACKAGES, SHIPMENT_LINES, SHIPMENT_SEQS)
