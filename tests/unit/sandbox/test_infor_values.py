"""How the site keeps values, order amounts, handles and stamps (infor.md 4.2, 4.3, 4.6)."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.connectors.infor.sandbox.idos import ALL, IDOS
from penstock.connectors.infor.sandbox.itemids import read_item_id, write_item_id
from penstock.connectors.infor.sandbox.limits import Limits
from penstock.connectors.infor.sandbox.options import Options
from penstock.connectors.infor.sandbox.rules.amounts import half_up, line_amount, order_price
from penstock.connectors.infor.sandbox.tables import Tables
from penstock.connectors.infor.sandbox.values import SCALE, IdoError, Kind, parse, show
from penstock.sandbox.clock import SandboxClock
from penstock.sandbox.storage import Storage

CENT = SCALE // 100


@pytest.mark.parametrize(
    ("kind", "text", "shown"),
    [
        (Kind.DECIMAL, "2", "2.00000000"),
        (Kind.DECIMAL, "-0.5", "-0.50000000"),
        (Kind.DECIMAL, "1.000000005", "1.00000001"),
        (Kind.DECIMAL, "-1.000000005", "-1.00000001"),
        (Kind.DECIMAL, "", None),
        (Kind.LONG, "007", "7"),
        (Kind.LONG, "3.0", "3"),
        (Kind.FLAG, "1", "1"),
        (Kind.DATE, "20260203", "20260203 00:00:00.000"),
        (Kind.DATE, "20260203 09:10:11.1", "20260203 09:10:11.100"),
        (Kind.DATE, "", None),
        (Kind.TEXT, "", ""),
        (Kind.TEXT, "  x ", "  x "),
    ],
)
def test_a_value_comes_back_in_the_sites_own_form(kind, text, shown):
    assert show(kind, parse(kind, text)) == shown


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.DECIMAL, "1,5"),
        (Kind.DECIMAL, " 1"),
        (Kind.DECIMAL, "١"),
        (Kind.DECIMAL, "NaN"),
        (Kind.DECIMAL, "99999999999999999999"),
        (Kind.LONG, "1.5"),
        (Kind.LONG, "2147483648"),
        (Kind.FLAG, "2"),
        (Kind.DATE, "20260230"),
        (Kind.DATE, "20260203T09:10:11"),
        (Kind.DATE, "20260203 09:10"),
        (Kind.GUID, "x"),
        (Kind.TEXT, "a\x00b"),
    ],
)
def test_a_value_of_another_form_is_refused(kind, text):
    with pytest.raises(IdoError):
        parse(kind, text)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=8))
def test_decimals_are_kept_exactly(number):
    assert Decimal(show(Kind.DECIMAL, parse(Kind.DECIMAL, f"{number:f}")) or "x") == number


@given(
    st.decimals(0, 10**5, places=8),
    st.decimals(-(10**4), 10**4, places=8),
    st.decimals(0, 100, places=2),
)
def test_a_line_amount_is_exact_decimal_arithmetic_half_up(quantity, price, discount):
    exact = quantity * price * (100 - discount) / 100
    wanted = exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
    scaled = [int(value * SCALE) for value in (quantity, price, discount)]
    assert Decimal(line_amount(*scaled, CENT)) / SCALE == wanted


def test_halves_go_away_from_zero():
    assert [half_up(value, 10) for value in (5, 4, -5, -4, 15)] == [1, 0, -1, 0, 2]


def test_the_total_is_goods_less_discounts_plus_charges():
    header = {"Disc": 10 * SCALE, "DiscAmount": SCALE, "Freight": 2 * SCALE, "MiscCharges": None, "SalesTax": CENT}
    assert order_price(header, 5985 * CENT, CENT) == (5985 - 599 - 100 + 200 + 1) * CENT


def test_an_item_id_names_the_row_and_its_stamp():
    lines = IDOS["SLCoitems"]
    text = write_item_id(lines, "6a2f0c52-0b1e-4d0f-9f57-2f6d0b7c1a10", "20260203 09:10:11.123")
    assert text == "PBT=[coitem] coi.DT=[2026-02-03 09:10:11.123] coi.ID=[6a2f0c52-0b1e-4d0f-9f57-2f6d0b7c1a10]"
    assert read_item_id(lines, text).stamp == "20260203 09:10:11.123"
    with pytest.raises(IdoError):
        read_item_id(IDOS["SLCos"], text)


def test_every_ido_has_its_key_a_record_date_and_a_row_pointer_and_every_text_a_length():
    for ido in ALL:
        assert {*ido.keys, "RecordDate", "RowPointer"} <= ido.props.keys(), ido.name
        for prop in ido.props.values():
            assert (prop.length is not None) == (prop.kind is Kind.TEXT), (ido.name, prop.name)
            assert prop.join is None or prop.join in ido.joins


class Watch:
    """A clock that stands still until it is moved."""

    def __init__(self, moment):
        self.moment = moment

    def __call__(self):
        return self.moment


def test_stamps_rise_while_the_clock_stands_still_and_follow_it_back_in_autumn():
    watch = Watch(datetime(2026, 11, 1, 6, 59, 59, tzinfo=UTC))  # 01:59:59 daylight time in Chicago
    tables = Tables(Storage(None), SandboxClock("America/Chicago", source=watch))
    first, second = tables.stamp(), tables.stamp()
    watch.moment += timedelta(seconds=2)  # 01:00:01 standard time
    third = tables.stamp()
    assert (first, second) == ("20261101 01:59:59.000", "20261101 01:59:59.001")
    assert third == "20261101 01:00:01.000"


def test_a_quota_opens_again_after_its_scaled_minute():
    watch = Watch(0.0)
    limits = Limits(Options(rate_limit_per_minute=1, time_scale=60), watch)
    assert limits.refused() is None
    assert limits.refused() == {"retry-after": "1"}
    watch.moment = 1.0
    assert limits.refused() is None
