"""What the demo and the kill tests know of each pair of systems, one folder a pair."""

from penstock.cli.pairs.clarity_sage100 import PAIR as CLARITY_SAGE100
from penstock.cli.pairs.pair import Moment, Pair, Placed, Scene, Snapshot, Wish
from penstock.cli.pairs.prestashop_infor import PAIR as PRESTASHOP_INFOR

PAIRS = {(pair.shop, pair.erp): pair for pair in (PRESTASHOP_INFOR, CLARITY_SAGE100)}

__all__ = ["PAIRS", "Moment", "Pair", "Placed", "Scene", "Snapshot", "Wish"]
