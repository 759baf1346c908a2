"""The IDOs and properties that the connector uses (systems/infor.md 4.6), and the rights that it needs on them.

`/info` of the site decides what is really there: reads ask only for what it lists, writes are checked against it.
Left out on purpose: names and addresses joined to an order, and derived figures that move without their row (balances,
stock on an item): each of their changes would look like a change of the document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from penstock.connectors.infor.client import InforClient, Page


def _names(text: str, stamps: tuple[str, ...] = ("RecordDate", "RowPointer")) -> tuple[str, ...]:
    return (*text.split(), *stamps)


READS: Mapping[str, tuple[str, ...]] = {
    "SLCos": _names(
        "CoNum CustNum CustSeq CustPo OrderDate Type Stat Whse TermsCode ShipCode TaxCode1 CurrCode ExchRate Freight "
        "MiscCharges SalesTax Disc DiscAmount Price CreditHold CreditHoldDate CreditHoldReason CloseDate OrderSource "
        "ExternalConfirmationRef Charfld1 Charfld2 Charfld3"
    ),
    "SLCoitems": _names(
        "CoNum CoLine CoRelease Item CustItem Description UM QtyOrdered QtyOrderedConv Price PriceConv Disc DueDate "
        "PromiseDate Whse Stat QtyRsvd QtyReady QtyPacked QtyShipped QtyInvoiced QtyReturned ShipDate DerExtPrice"
    ),
    "SLCustomers": _names(
        "CustNum CustSeq Name Addr_1 Addr_2 Addr_3 Addr_4 City State Zip Country Contact_1 Contact_2 Contact_3 "
        "Phone_1 Phone_2 Phone_3 CustomerEmailAddr BillToEmail ShipToEmail CurrCode TermsCode ShipCode TaxCode1 "
        "TaxRegNum1 CustType Whse CreditHold CreditHoldReason CreditLimit"
    ),
    "SLItems": _names(
        "Item Description UM Stat ProductCode FamilyCode PMTCode LotTracked SerialTracked UnitWeight WeightUnits "
        "TaxCode1 Reservable"
    ),
    "SLItemCusts": ("Item", "CustNum", "CustItem"),
    "SLItemwhses": _names(
        "Item ItemDescription Whse WhseName UM QtyOnHand QtyAllocCo QtyAllocjob QtyRsvdCo QtyOrdered QtyMrb QtyTrans "
        "QtyWip"
    ),
    "SLCoShips": _names(
        "CoNum CoLine CoRelease CoCustNum CoCustPo CoiItem CoiCustItem QtyShipped ShipDate DateSeq Price Bol DoNum "
        "DoLine DoSeq ShipperNum PackNum CoShipCode ShipCodeDescription"
    ),
    "SLShipments": _names(
        "ShipmentId Status CustNum CustSeq Whse ShipDate PickupDate ShipCode ShipCodeDesc TrackingNumber ProNumber "
        "QtyPackages Weight WeightUM"
    ),
    "SLShipmentPackages": ("ShipmentId", "PackageId", "PackageType", "DerTrackingNumber", "Weight"),
    "SLShipmentLines": _names("ShipmentId ShipmentLine RefNum RefLineSuf RefRelease Item QtyShipped QtyPicked UM"),
    "SLShipmentSeqs": _names(
        "ShipmentId ShipmentLine ShipmentSeq RefNum RefLineSuf RefRelease Item QtyShipped QtyPicked"
    ),
    "SLInvHdrs": _names(
        "InvNum InvSeq CoNum CustNum CustPo InvDate BillType ShipDate ShipCode TermsCode Freight Disc Price"
    ),
    "SLInvItemAlls": _names(
        "InvNum InvSeq InvLine CoNum CoLine CoRelease Item QtyInvoiced Price DerExtendedPrice SiteRef", stamps=()
    ),
    "SLArtrans": _names("CustNum InvNum InvSeq CheckSeq Type InvDate DueDate Amount CoNum Active PayType DiscAmt"),
}

KEYS: Mapping[str, tuple[str, ...]] = {
    "SLCos": ("CoNum",),
    "SLCoitems": ("CoNum", "CoLine", "CoRelease"),
    "SLCustomers": ("CustNum", "CustSeq"),
    "SLItems": ("Item",),
    "SLItemCusts": ("CustNum", "CustItem", "Item"),
    "SLItemwhses": ("Item", "Whse"),
    "SLCoShips": ("CoNum", "CoLine", "CoRelease", "RowPointer"),
    "SLShipments": ("ShipmentId",),
    "SLShipmentPackages": ("ShipmentId", "PackageId"),
    "SLShipmentLines": ("ShipmentId", "RowPointer"),
    "SLShipmentSeqs": ("ShipmentId", "RowPointer"),
    "SLInvHdrs": ("InvNum", "InvSeq"),
    "SLInvItemAlls": ("InvNum", "InvSeq", "InvLine"),
    "SLArtrans": ("CustNum", "InvNum", "InvSeq", "CheckSeq"),
}


async def read(
    client: InforClient, ido: str, filter_: str, *, orderby: Sequence[str] | None = None, cap: int = 0
) -> Page:
    """Rows of `ido` in key order, with the properties that this site has. `cap` 0 is no limit."""
    names = await client.known(ido, READS[ido])
    order = [name for name in orderby or KEYS[ido] if name in names]
    return await client.load(ido, names, filter_, ",".join(order), cap)


SINK_READS = ("SLCos", "SLCoitems", "SLCustomers", "SLItems", "SLItemCusts")
SINK_WRITES: Mapping[str, tuple[str, ...]] = {
    "SLCos": _names(
        "CoNum CustNum CustSeq CustPo OrderDate Type Stat Whse TermsCode ShipCode TaxCode1 CurrCode Freight "
        "MiscCharges SalesTax DiscAmount ExternalConfirmationRef Charfld1 Charfld2",
        stamps=(),
    ),
    "SLCoitems": _names("CoNum CoLine Item UM QtyOrdered QtyOrderedConv Price PriceConv DueDate Whse Stat", stamps=()),
    "SLCustomers": _names(
        "CustNum CustSeq Name Addr_1 Addr_2 Addr_3 City State Zip Country Contact_1 Phone_1 CustomerEmailAddr CurrCode "
        "TermsCode TaxRegNum1",
        stamps=(),
    ),
}
"""What the mappings that come with the connector write."""
