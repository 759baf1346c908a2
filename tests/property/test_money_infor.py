"""PrestaShop to Infor: what is booked equals what the shop charged, to the cent, or the order is held with the sum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.connectors.infor.payloads import PayloadError, Wanted, wanted_order
from penstock.flow.load import Flow, load_flow
from penstock.flow.typed import typed
from penstock.flow.when import avro_schema
from penstock.mapping import MappingEnv, Rates
from penstock.rules.validate import Policy, validate
from tests.property.common import EXAMPLES, RATES, SUMS, TIMEOUT, in_dollars, thorough
from tests.unit.rules.orders import PLACES, at, money_paths, orders

pytestmark = pytest.mark.timeout(TIMEOUT)


@cache
def flow() -> Flow:
    return load_flow("prestashop-infor")


@cache
def env(convert_to: str | None) -> MappingEnv:
    made = flow().mapping_env("infor")
    settings = {**made.settings, "convert_to": convert_to}
    return replace(made, rates=Rates.from_text(RATES, "rates.yaml"), settings=settings)


def wanted(record: Mapping[str, Any], convert_to: str | None) -> Wanted | PayloadError:
    """The order as it shall stand at the site, or why it is held."""
    source = {**record["source"], "instance": "1", "native_id": "41"}
    order = typed({**record, "source": source}, avro_schema("order"))
    payload = flow().mappings["infor", "from", "order"]({"order": order}, env(convert_to))
    try:
        return wanted_order(payload, flow().systems["infor"].settings.zone, numbered_by_us=True, absorb=True)
    except PayloadError as error:
        return error


def booked(order: Wanted) -> Decimal:
    """`SLCos.Price` by systems/infor.md 4.6, from the values that are sent."""
    cent = Decimal(1).scaleb(-PLACES[order.currency])
    amounts = {name: Decimal(order.header[name] or 0) for name in ("DiscAmount", "Freight", "MiscCharges", "SalesTax")}
    assert all(amount == amount.quantize(cent) and amount >= 0 for amount in amounts.values()), amounts
    lines = [line.resolved(line.sku, "EA").values for line in order.lines]
    prices = [(Decimal(line["QtyOrdered"] or 0), Decimal(line["Price"] or 0)) for line in lines]
    assert all(price == price.quantize(Decimal("0.00000001")) for _, price in prices)
    goods = sum(((quantity * price).quantize(cent, ROUND_HALF_UP) for quantity, price in prices), Decimal(0))
    return goods - 2 * amounts["DiscAmount"] + sum(amounts.values(), Decimal(0))


def test_infor_books_what_the_shop_charged_or_the_order_is_held_with_the_sum() -> None:
    seen: Counter[str] = Counter()

    @thorough
    @given(orders(), st.sampled_from([None, "USD"]), st.data(), st.sampled_from([0, 0, 0, 1, -1]))
    def every_order(record: dict[str, Any], convert_to: str | None, data: st.DataObject, off: int) -> None:
        cent = Decimal(1).scaleb(-PLACES[record["currency"]])
        if off:
            path = data.draw(st.sampled_from(money_paths(record)))
            record = at(record, path, lambda amount: amount + off * cent)
        if verdicts := validate("order", record, Policy()):
            assert off, verdicts
            assert {verdict.rule for verdict in verdicts} <= SUMS | {"price"}
            seen["an amount is off: held"] += 1
            return
        total, currency = record["totals"]["gross"], record["currency"]
        if currency == convert_to:
            assert total == total.quantize(cent)
        order = wanted(record, convert_to)
        if isinstance(order, PayloadError):
            assert " = " in str(order), order
            assert " apart)" in str(order), order
            seen["held with the sum"] += 1
            return
        assert booked(order) == (in_dollars(total, currency) if convert_to else total)
        seen["booked"] += 1

    every_order()
    print(dict(seen))  # figures of the long run, with -s
    assert seen["booked"] > EXAMPLES / 2, seen
    assert seen["booked"] > seen["held with the sum"] * 5, seen
