"""Rows of the code tables, charge items, and the part of the zip file that the company keeps."""

from collections.abc import Sequence

TERMS: Sequence[tuple[str, str, str, str, str]] = (
    # TermsCode, description, days due, days of discount, discount percent
    ("00", "Due on receipt", "0", "0", "0.000"),
    ("01", "Net 30 days", "30", "0", "0.000"),
    ("02", "2% 10 days, net 30", "30", "10", "2.000"),
    ("03", "Net 15 days", "15", "0", "0.000"),
    ("04", "Prepaid", "0", "0", "0.000"),
    ("05", "Net 60 days", "60", "0", "0.000"),
    ("06", "Cash on delivery", "0", "0", "0.000"),
)
PAYMENT_TYPES: Sequence[tuple[str, str, str, str]] = (
    # PaymentType, description, method, default transaction
    ("CHECK", "Check", "C", "D"),
    ("CASH", "Cash", "C", "D"),
    ("WIRE", "Bank transfer", "O", "D"),
    ("VISA", "Visa", "R", "P"),
    ("MC", "Mastercard", "R", "P"),
    ("AMEX", "American Express", "R", "P"),
    ("DISC", "Discover", "R", "P"),
    ("CARD", "Credit card, any", "R", "P"),
    ("PAYPL", "PayPal", "O", "P"),
    ("WEB", "Paid in the web shop", "O", "P"),
    ("COD", "Cash on delivery", "D", "D"),
    ("GIFT", "Gift card", "O", "P"),
)
TAX_SCHEDULES: Sequence[tuple[str, str, str]] = (
    # TaxSchedule, description, percent
    ("DEFAULT", "Default schedule", "8.5"),
    ("NONTAX", "Not taxed", "0"),
    ("EXEMPT", "Exempt customers", "0"),
    ("EXPORT", "Export", "0"),
    ("CA", "California", "8.625"),
    ("FL", "Florida", "7"),
    ("IL", "Illinois", "8.5"),
    ("MA", "Massachusetts", "6.25"),
    ("NY", "New York", "8.875"),
    ("TX", "Texas", "8.25"),
)
TAX_CLASSES = (("TX", "Taxable"), ("NT", "Not taxable"))
DIVISIONS = (("00", "Wholesale"), ("01", "Web shop"))
WAREHOUSES = (("000", "Central"), ("001", "Main"), ("002", "East"))
CANCEL_REASONS = (
    ("CREDT", "Credit limit or hold"),
    ("STOCK", "Waits for stock"),
    ("WEBCN", "Cancelled in the web shop"),
    ("PAYMT", "Waits for payment"),
    ("ADDR", "Address in question"),
    ("OTHER", "Other"),
)
SALESPERSONS = (("00", "0100", "Jim Kentley"), ("01", "0100", "Web shop"), ("01", "0200", "Shelly Westland"))
CHARGES = (
    # ItemCode, description
    ("/FREIGHT", "Freight"),
    ("/HANDLING", "Handling"),
    ("/FEE", "Fee"),
    ("/SHIP-INS", "Shipping insurance"),
    ("/DISCOUNT", "Discount"),
    ("/TAX", "Sales tax of the web shop"),
)
ZIP_CODES: Sequence[tuple[str, str, str]] = (
    ("02108", "Boston", "MA"),
    ("02139", "Cambridge", "MA"),
    ("03101", "Manchester", "NH"),
    ("04101", "Portland", "ME"),
    ("05401", "Burlington", "VT"),
    ("06103", "Hartford", "CT"),
    ("07102", "Newark", "NJ"),
    ("10001", "New York", "NY"),
    ("11201", "Brooklyn", "NY"),
    ("14604", "Rochester", "NY"),
    ("15222", "Pittsburgh", "PA"),
    ("19103", "Philadelphia", "PA"),
    ("20001", "Washington", "DC"),
    ("21201", "Baltimore", "MD"),
    ("23219", "Richmond", "VA"),
    ("27601", "Raleigh", "NC"),
    ("30303", "Atlanta", "GA"),
    ("33101", "Miami", "FL"),
    ("32801", "Orlando", "FL"),
    ("37203", "Nashville", "TN"),
    ("40202", "Louisville", "KY"),
    ("43215", "Columbus", "OH"),
    ("46204", "Indianapolis", "IN"),
    ("48226", "Detroit", "MI"),
    ("53202", "Milwaukee", "WI"),
    ("55401", "Minneapolis", "MN"),
    ("60601", "Chicago", "IL"),
    ("62701", "Springfield", "IL"),
    ("63101", "Saint Louis", "MO"),
    ("64106", "Kansas City", "MO"),
    ("68102", "Omaha", "NE"),
    ("70112", "New Orleans", "LA"),
    ("73102", "Oklahoma City", "OK"),
    ("75201", "Dallas", "TX"),
    ("77002", "Houston", "TX"),
    ("78701", "Austin", "TX"),
    ("80202", "Denver", "CO"),
    ("84101", "Salt Lake City", "UT"),
    ("85004", "Phoenix", "AZ"),
    ("87102", "Albuquerque", "NM"),
    ("89101", "Las Vegas", "NV"),
    ("90012", "Los Angeles", "CA"),
    ("92101", "San Diego", "CA"),
    ("94103", "San Francisco", "CA"),
    ("97204", "Portland", "OR"),
    ("98101", "Seattle", "WA"),
    ("99501", "Anchorage", "AK"),
    ("96813", "Honolulu", "HI"),
)
