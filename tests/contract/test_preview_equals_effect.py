"""What a preview tells is what the sandbox then receives, request by request, for generated documents of all targets.

`PENSTOCK_PREVIEW_CASES=1000 pytest tests/contract/test_preview_equals_effect.py -s` is the long run; the seed of a run
is printed, `PENSTOCK_PREVIEW_SEED` repeats one.
"""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator, Callable

import pytest
from tests.contract.preview.desk import Desk
from tests.contract.preview.erps import infor_desk, infor_orders, sage_desk, sage_orders
from tests.contract.preview.shops import clarity_desk, clarity_documents, prestashop_desk, prestashop_documents

CASES = int(os.environ.get("PENSTOCK_PREVIEW_CASES", "50"))
SEED = int(os.environ.get("PENSTOCK_PREVIEW_SEED", str(random.SystemRandom().randrange(10**6))))

Documents = Callable[[Desk, random.Random], AsyncIterator[None]]
TARGETS: dict[str, tuple[Callable[[], Desk], Documents]] = {
    "infor": (infor_desk, infor_orders),
    "infor-that-numbers": (lambda: infor_desk(order_numbers="site"), infor_orders),
    "sage100": (sage_desk, sage_orders),
    "sage100-that-numbers": (lambda: sage_desk(profile={"numbers": "facade"}), sage_orders),
    "clarity": (clarity_desk, clarity_documents),
    "prestashop-9": (lambda: prestashop_desk("9"), prestashop_documents),
    "prestashop-1.7": (lambda: prestashop_desk("1.7"), prestashop_documents),
}
pytestmark = pytest.mark.timeout(120 if CASES <= 50 else 0)


@pytest.mark.parametrize("target", TARGETS)
async def test_what_is_previewed_is_what_the_target_then_receives(target: str) -> None:
    make, documents = TARGETS[target]
    print(f"PENSTOCK_PREVIEW_SEED={SEED}")  # shown when it fails
    desk = make()
    cases = documents(desk, random.Random(f"{SEED} {target}"))
    for _ in range(-(-CASES // len(TARGETS))):
        await anext(cases)
    await desk.close()
    print(target, dict(desk.seen))
    assert desk.seen["requests compared"] > 0
