"""Resources of a shop as systems/clarity.md 6 shows them."""

from __future__ import annotations

import json
from typing import Any

ORDER: dict[str, Any] = json.loads(
    """{"id":5120,"customKey":null,"orderNumber":"WEB-5120","version":1,"status":"Pending","erpStatus":null,
"state":"work","currency":"USD","createdDate":"2025-03-04T15:05:02Z","updatedDate":"2025-03-04T15:05:02Z",
"placedDate":"2025-03-04T15:05:02Z","accountId":88,"accountKey":"CUST-0088","userId":412,
"email":"buyer@acme.example","purchaseOrderNumber":"PO-7781","paymentTerms":"NET30",
"billingContact":{"id":901,"firstName":"Dana","lastName":"Ruiz","company":"Acme Tools","email":"ap@acme.example",
"phone":"+1 512 555 0100","address":{"street1":"400 Main St","street2":null,"city":"Austin","regionCode":"TX",
"postalCode":"78701","countryCode":"US"}},
"shippingContact":{"id":902,"firstName":"Lee","lastName":"Ort","company":"Acme Tools","email":null,"phone":null,
"address":{"street1":"12 Dock Rd","street2":"Bay 3","city":"Austin","regionCode":"TX","postalCode":"78744",
"countryCode":"US"}},
"shippingMethod":{"code":"UPS_GROUND","name":"UPS Ground","carrier":"UPS"},
"items":[{"id":9001,"lineNumber":1,"productId":310,"sku":"APR-SND","customKey":"APR-SND","name":"Linen apron, sand",
"quantity":"4.0000","uom":"EA","unitPrice":"24.90","discount":"0.00","taxAmount":"8.22","taxRate":"0.0825",
"lineTotal":"99.60","quantityShipped":"0.0000","quantityBackordered":"0.0000","quantityCancelled":"0.0000",
"locationKey":"AUS-1","attributes":{}}],
"totals":{"subTotal":"99.60","discount":"0.00","shipping":"12.00","handling":"0.00","fees":"0.00","tax":"8.22",
"total":"119.82","balanceDue":"119.82"},"taxIncluded":false,
"taxLines":[{"name":"TX 8.25%","rate":"0.0825","amount":"8.22"}],"discounts":[],"paymentStatus":"unpaid",
"payments":[],"requestedShipDate":null,"notes":null,"attributes":{"costCenter":"CC-12"}}"""
)

_STAMPS = {"version": 1, "createdDate": "2025-03-01T08:00:00Z", "updatedDate": "2025-03-01T08:00:00Z"}
ACCOUNT = {
    "id": 88, "customKey": "CUST-0088", "name": "Acme Tools", "taxId": "74-1234567", "creditLimit": "5000.00",
    "paymentTerms": "NET30", "priceLists": [], "active": True, **_STAMPS,
}  # fmt: skip
USER = {
    "id": 412, "accountId": 88, "userName": "dana", "email": "buyer@acme.example", "contactId": 901, "active": True,
    **_STAMPS,
}  # fmt: skip
ALONE = {**USER, "id": 500, "accountId": None, "userName": "sam", "email": "Sam@Home.example", "contactId": 902}
PRODUCT = {
    "id": 310, "customKey": "APR-SND", "name": "Linen apron, sand", "description": "Washed linen.",
    "typeKey": "simple", "parentKey": None, "uom": "EA", "weight": "0.3000",
    "price": {"list": "24.90", "sale": "21.00", "currency": "USD"}, "taxCode": "TAXABLE", "active": True,
    "attributes": {}, "images": [], "categories": [], **_STAMPS,
}  # fmt: skip
PAYMENT = {
    "id": 600, "salesOrderId": 5120, "method": "Card", "status": "captured", "amount": "119.82", "currency": "USD",
    "transactionId": "tx_81", "receivedDate": "2025-03-04T15:05:03Z", "cardLast4": "4242", **_STAMPS,
}  # fmt: skip
STOCK = {
    "id": 1, "sku": "APR-SND", "locationKey": "AUS-1", "sectionKey": "A-04", "quantityOnHand": "10.0000",
    "quantityAllocated": "4.0000", "quantityPreSold": "0.0000", "quantityAvailable": "6.0000", **_STAMPS,
}  # fmt: skip

TABLES: dict[str, list[dict[str, Any]]] = {
    "sales-orders": [ORDER],
    "accounts": [ACCOUNT],
    "users": [USER, ALONE],
    "contacts": [ORDER["billingContact"] | _STAMPS, ORDER["shippingContact"] | _STAMPS],
    "products": [PRODUCT],
    "payments": [],
    "shipments": [],
    "inventory": [STOCK],
    "prices": [],
}
