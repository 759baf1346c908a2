"""PrestaShop ↔ Infor: what people do in the two systems during a demo."""

from penstock.cli.demo_report import ENDED
from penstock.cli.pairs.pair import Moment, Snapshot, Wish
from penstock.cli.pairs.prestashop_infor.plan import stock_changes
from penstock.cli.pairs.prestashop_infor.read import Reader
from penstock.cli.sandbox_api import SandboxApi
from penstock.mapping import Rates

IN_THE_SHOP = frozenset({"edit", "pay", "cancel"})


class Scene:
    """Both sandboxes of one demo; `tag` begins our references of the shop's orders."""

    def __init__(self, shop: SandboxApi, erp: SandboxApi, tag: str, _: Rates | None) -> None:
        self._shop, self._erp = shop, erp
        self._reader = Reader(shop, erp, tag)

    def prepare(self) -> None:
        """Both systems come with all that the orders need."""

    def place(self, wish: Wish) -> int:
        return int(self._shop.act("place-order", wish.place)["id"])

    def read(self) -> Snapshot:
        return self._reader.read()

    def ready(self, act: str, now: Moment) -> bool:
        if now.there is None:
            return False
        if act == "receive":
            return now.there.number in now.snapshot.invoiced
        if act == "invoice":
            return now.there.shipped > 0
        # an order is touched only while both sides agree on it: an edit must have arrived before the next act
        agreed = now.here.status not in ENDED and now.here.total == now.there.total
        # what is not paid yet is planned in the ERP and cannot be shipped
        return agreed and (act in IN_THE_SHOP or not now.there.planned)

    def do(self, act: str, now: Moment) -> None:
        if act in IN_THE_SHOP:
            self._in_the_shop(act, now)
        elif now.there is not None:
            self._in_the_erp(act, now.there.number, single=now.there.ordered <= 1)

    def _in_the_shop(self, act: str, now: Moment) -> None:
        order: dict[str, object] = {"id": now.placed.native_id}
        if act == "edit":
            sku, quantity = now.snapshot.shop_lines[now.placed.ref][0]
            self._shop.act("change-order", {**order, "lines": [{"sku": sku, "quantity": int(quantity) + 1}]})
        else:
            self._shop.act(f"{act}-order", order)

    def _in_the_erp(self, act: str, number: str, *, single: bool) -> None:
        match act:
            case "ship-part" if single:
                pass  # a single piece cannot go in two parts
            case "ship-part":
                self._erp.act("ship", {"CoNum": number, "lines": {"1": "1"}})
            case "ship" | "invoice":
                self._erp.act(act, {"CoNum": number})
            case "receive":
                self._erp.act("receive-payment", {"CoNum": number})
            case unknown:
                raise ValueError(f"no such act: {unknown}")

    def count_stock(self, seed: int) -> None:
        snapshot = self.read()
        sold = {sku for lines in snapshot.shop_lines.values() for sku, _ in lines} & set(snapshot.erp_stock)
        for sku, quantity in stock_changes(seed, sorted(sold)):
            self._erp.act("change-stock", {"Item": sku, "QtyOnHand": str(quantity)})
