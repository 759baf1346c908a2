"""The demo of Clarity ↔ Sage 100."""

from penstock.cli.pairs.clarity_sage100.plan import erp_faults, shop_faults, wish
from penstock.cli.pairs.clarity_sage100.scene import Scene
from penstock.cli.pairs.pair import Pair

PAIR = Pair(
    shop="clarity",
    erp="sage100",
    wish=wish,
    shop_faults=shop_faults,
    erp_faults=erp_faults,
    scene=Scene,
    policy_of={
        "stock": "stock.unavailable=hold",
        "back-order": "stock.unavailable=back-order",
        "credit": "credit=check",
        "currency": "currency=hold",
        "characters": "characters=hold",
        "customer-review": "customers.create=review",
        "tax": "tax=schedule",
        "cancel": "cancel=hold",
    },
)
