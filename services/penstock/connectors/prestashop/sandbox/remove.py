"""DELETE (systems/prestashop.md 2): all ids or none; addresses that orders use go softly."""

from penstock.connectors.prestashop.sandbox.call import Call, php_int
from penstock.connectors.prestashop.sandbox.errors import ApiError, Refused, php_warning
from penstock.connectors.prestashop.sandbox.schema import Resource
from penstock.connectors.prestashop.sandbox.shop import Shop

# What goes with an object: table and the column that refers to it.
GO_ALONG = {
    "products": (("combinations", "id_product"), ("stock_availables", "id_product")),
    "combinations": (("stock_availables", "id_product_attribute"),),
    "customers": (("addresses", "id_customer"),),
}


def delete(shop: Shop, call: Call, resource: Resource) -> None:
    """Delete what the address or `?id=[1,2]` names. 404/87 when one of them is unknown; then nothing is deleted."""
    numbers = _numbers(call)
    rows = [row for number in numbers if (row := shop.load(resource.name, number)) is not None]
    if not numbers or len(rows) < len(numbers):
        missing = ApiError(404, 87, f"Id(s) not exists: {', '.join(map(str, numbers))}")
        noise = [php_warning(old=not shop.options.modern)] if not numbers and shop.options.warnings_shown else []
        raise Refused(*noise, missing)
    with shop.storage.transaction():
        for row in rows:
            _delete_one(shop, resource.name, row["id"])


def _delete_one(shop: Shop, name: str, number: int) -> None:
    if name == "addresses" and _used(shop, number):
        row = shop.get("addresses", number)
        row["deleted"] = 1
        shop.save("addresses", row)
        return
    for table, column in GO_ALONG.get(name, ()):
        shop.storage.execute(f'DELETE FROM "{table}" WHERE "{column}" = ?', (number,))  # noqa: S608
    shop.storage.execute(f'DELETE FROM "{name}" WHERE id = ?', (number,))  # noqa: S608
    shop.storage.execute("DELETE FROM links WHERE resource = ? AND id = ?", (name, number))


def _used(shop: Shop, id_address: int) -> bool:
    sql = "SELECT 1 FROM orders WHERE id_address_delivery = :id OR id_address_invoice = :id LIMIT 1"
    return shop.storage.one(sql, {"id": id_address}) is not None


def _numbers(call: Call) -> list[int]:
    if call.number is not None:
        return [call.number]
    given = call.params.get("id", "")
    return [php_int(part) for part in given.strip("[]").split(",") if part.strip()]
