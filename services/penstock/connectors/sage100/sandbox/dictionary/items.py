"""Items, stock, aliases, customer prices (systems/sage100.md 2.4-2.6). Requests only read these."""

from penstock.connectors.sage100.sandbox.dictionary.columns import Table, amount, code, day, flag, quantity, text

ITEMS = Table(
    "CI_Item",
    "CI_ItemCode_bus",
    ("ItemCode",),
    (
        text("ItemCode", 30, required=True),
        code("ItemType", "12345", "1"),
        text("ItemCodeDesc", 30),
        text("ExtendedDescriptionKey", 10),
        text("ProductLine", 4),
        code("ProductType", "FRDK", "F"),
        *(text(f"{use}UnitOfMeasure", 4, "EACH") for use in ("Standard", "Sales", "Purchase")),
        text("PriceCode", 4),
        quantity("StandardUnitPrice"),
        quantity("StandardUnitCost"),
        quantity("SuggestedRetailPrice"),
        quantity("SalesPromotionPrice"),
        text("TaxClass", 2, "TX"),
        code("Valuation", "123456", "2"),
        text("DefaultWarehouseCode", 3, "001"),
        *(text(f"Category{number}", 10) for number in (1, 2, 3, 4)),
        text("ShipWeight", 10),
        quantity("Volume"),
        flag("AllowBackOrders", "Y"),
        flag("AllowReturns", "Y"),
        flag("InactiveItem"),
        quantity("LastTotalUnitCost"),
        quantity("AverageUnitCost"),
        text("PrimaryVendorNo", 7),
        text("ImageFile", 30),
        text("UPC", 20),
    ),
    filters=("ItemType", "ProductType", "InactiveItem"),
)

ITEM_WAREHOUSES = Table(
    "IM_ItemWarehouse",
    "IM_ItemWarehouse_svc",
    ("ItemCode", "WarehouseCode"),
    (
        text("ItemCode", 30, required=True),
        text("WarehouseCode", 3, required=True),
        *(
            quantity(name)
            for name in (
                "QuantityOnHand",
                "QuantityOnSalesOrder",
                "QuantityOnBackOrder",
                "QuantityOnPurchaseOrder",
                "QuantityOnWorkOrder",
                "QuantityRequiredForWO",
                "QuantityInShipping",
                "ReorderPointQty",
                "MinimumOrderQty",
                "MaximumOnHandQty",
                "EconomicOrderQty",
                "AverageCost",
            )
        ),
        text("BinLocation", 10),
        text("ReorderMethod", 1),
        amount("TotalWarehouseValue", 14, 2, signed=True),
        day("LastPhysicalCountDate"),
    ),
)

ALIASES = Table(
    "IM_AliasItem",
    "IM_AliasItem_svc",
    ("AliasItemNo", "ItemCode"),
    (
        text("ItemCode", 30, required=True),
        text("AliasItemNo", 30, required=True),
        code("Type", "GCV", "G"),
        text("ARDivisionNo", 2),
        text("CustomerNo", 20),
        text("APDivisionNo", 2),
        text("VendorNo", 7),
        text("AliasItemDesc", 30),
    ),
    audit=False,
    filters=("Type", "ARDivisionNo", "CustomerNo"),
)

PRICE_CODES = Table(
    "IM_PriceCode",
    "IM_PriceCode_svc",
    ("PriceCodeRecord", "PriceCode", "ItemCode", "CustomerPriceLevel", "ARDivisionNo", "CustomerNo"),
    (
        text("PriceCodeRecord", 1),
        text("PriceCode", 4),
        text("ItemCode", 30),
        text("CustomerPriceLevel", 1),
        text("ARDivisionNo", 2),
        text("CustomerNo", 20),
        text("PricingMethod", 1),
        *(quantity(f"BreakQuantity{number}") for number in (1, 2, 3, 4, 5)),
        *(quantity(f"DiscountMarkup{number}") for number in (1, 2, 3, 4, 5)),
    ),
    audit=False,
    indexes=(("ItemCode",), ("ARDivisionNo", "CustomerNo")),
)
