"""Stock rows: available to sell, per combination; the product's own row is their sum (systems/prestashop.md 6)."""

from penstock.connectors.prestashop.sandbox.shop import Shop
from penstock.sandbox.storage import Row


def stock_row(shop: Shop, id_product: int, id_combination: int, id_shop: int) -> Row | None:
    """The row that this shop sees: its own, or the group's where stock is shared."""
    found = shop.rows(
        "stock_availables",
        "id_product = ? AND id_product_attribute = ? AND (id_shop = ? OR (id_shop = 0 AND id_shop_group > 0))",
        (id_product, id_combination, id_shop),
    )
    return found[0] if found else None


def take(shop: Shop, id_product: int, id_combination: int, quantity: int, id_shop: int) -> None:
    """Take `quantity` off the available stock (negative puts back). It may go below zero."""
    row = stock_row(shop, id_product, id_combination, id_shop)
    if row is not None and quantity:
        row["quantity"] -= quantity
        save_stock(shop, row)


def save_stock(shop: Shop, row: Row) -> None:
    """Save one row; a combination's row makes the product's row the sum again. Nothing moves products.date_upd."""
    shop.save("stock_availables", row)
    if not row["id_product_attribute"]:
        return
    id_shop = row["id_shop"] or (0 if row["id_shop_group"] else shop.options.shop_id)
    shop.storage.execute(
        "UPDATE stock_availables SET quantity = (SELECT COALESCE(SUM(quantity), 0) FROM stock_availables"
        " WHERE id_product = :product AND id_product_attribute <> 0 AND id_shop = :shop)"
        " WHERE id_product = :product AND id_product_attribute = 0 AND id_shop = :shop",
        {"product": row["id_product"], "shop": id_shop},
    )
