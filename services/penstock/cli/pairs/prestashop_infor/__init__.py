"""The demo of PrestaShop ↔ Infor."""

from penstock.cli.pairs.pair import Pair
from penstock.cli.pairs.prestashop_infor.plan import erp_faults, shop_faults, wish
from penstock.cli.pairs.prestashop_infor.scene import Scene

PAIR = Pair(shop="prestashop", erp="infor", wish=wish, shop_faults=shop_faults, erp_faults=erp_faults, scene=Scene)
