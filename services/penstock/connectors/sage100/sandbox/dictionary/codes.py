"""Code tables: those that the facade lists, and those that it only checks against (systems/sage100.md 2.11)."""

from penstock.connectors.sage100.sandbox.dictionary.columns import Table, amount, code, text

TERMS = Table(
    "AR_TermsCode",
    "AR_TermsCode_svc",
    ("TermsCode",),
    (
        text("TermsCode", 2),
        text("TermsCodeDesc", 30),
        text("DaysBeforeDue", 3),
        text("DaysBeforeDiscountDue", 3),
        amount("DiscountRate", 8, 3),
        text("DueDateADayOfTheMonth", 1, "N"),
    ),
    audit=False,
)
PAYMENT_TYPES = Table(
    "AR_PaymentType",
    "AR_PaymentType_svc",
    ("PaymentType",),
    (
        text("PaymentType", 5),
        text("PaymentDesc", 30),
        code("PaymentMethod", "CRDO", "C"),
        code("DefaultTransaction", "DP", "D"),
        text("AssetAcctKey", 9),
    ),
    audit=False,
)
TAX_SCHEDULES = Table(
    "SY_SalesTaxSchedule",
    "SY_SalesTaxSchedule_svc",
    ("TaxSchedule",),
    (text("TaxSchedule", 9), text("TaxScheduleDesc", 30)),
    audit=False,
    kept=("Rate",),  # percent
)
DIVISIONS = Table(
    "AR_Division",
    "AR_Division_svc",
    ("ARDivisionNo",),
    (text("ARDivisionNo", 2), text("ARDivisionDesc", 30)),
    audit=False,
)
WAREHOUSES = Table(
    "IM_Warehouse",
    "IM_Warehouse_svc",
    ("WarehouseCode",),
    (text("WarehouseCode", 3), text("WarehouseDesc", 30)),
    audit=False,
)
CANCEL_REASONS = Table(
    "SO_CancelReasonCode",
    "SO_CancelReasonCode_svc",
    ("CancelReasonCode",),
    (text("CancelReasonCode", 5), text("CancelReasonCodeDesc", 30)),
    audit=False,
)
SALESPERSONS = Table(
    "AR_Salesperson",
    "AR_Salesperson_svc",
    ("SalespersonDivisionNo", "SalespersonNo"),
    (text("SalespersonDivisionNo", 2), text("SalespersonNo", 4), text("SalespersonName", 30)),
    audit=False,
)
ZIP_CODES = Table(
    "SY_ZipCode",
    "SY_ZipCode_svc",
    ("ZipCode",),
    (text("ZipCode", 10), text("City", 30), text("State", 2)),
    audit=False,
)
TAX_CLASSES = Table(
    "SY_SalesTaxClass",
    "SY_SalesTaxClass_svc",
    ("TaxClass",),
    (text("TaxClass", 2), text("TaxClassDesc", 30)),
    audit=False,
)
CODE_TABLES = (
    TERMS,
    PAYMENT_TYPES,
    TAX_SCHEDULES,
    DIVISIONS,
    WAREHOUSES,
    CANCEL_REASONS,
    SALESPERSONS,
    ZIP_CODES,
    TAX_CLASSES,
)
