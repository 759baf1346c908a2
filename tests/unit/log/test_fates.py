from datetime import UTC, datetime

import pytest

from penstock.log.fates import Fate, FateState, collapse

AT = datetime(2026, 3, 1, tzinfo=UTC)


def fate(state: FateState, event: str = "e1", target: str = "infor-main") -> Fate:
    return Fate(event, "c-1", target, state, "why", "sinks/infor", "order", AT)


def test_a_final_fate_never_changes() -> None:
    journal = [fate(FateState.WAITING), fate(FateState.APPLIED), fate(FateState.PARKED), fate(FateState.REJECTED)]
    assert collapse(journal)[journal[0].key].state is FateState.APPLIED


def test_the_last_open_fate_holds_until_a_final_one() -> None:
    journal = [fate(FateState.WAITING), fate(FateState.HELD)]
    assert collapse(journal)[journal[0].key].state is FateState.HELD


def test_each_target_has_its_own_fate() -> None:
    one, other = fate(FateState.APPLIED), fate(FateState.PARKED, target="infor-us")
    assert collapse([one, other]) == {one.key: one, other.key: other}


def test_exactly_four_states_are_open() -> None:
    assert {state.value for state in FateState if not state.final} == {"waiting", "held", "parked", "unknown"}


@pytest.mark.parametrize("event", ["prestashop:shop:order:41:ab", "odd|native|id", "ü|", "|"])
def test_a_fate_survives_the_log(event: str) -> None:
    written = Fate(event, "c-1", "infor-main", FateState.UNKNOWN, "no answer", "sinks", "order", AT, 3, "C00041")
    assert Fate.decode(*written.encode()) == written


def test_a_record_that_is_no_fate_is_an_error() -> None:
    with pytest.raises(ValueError, match="reason"):
        Fate.decode(b"e|c|t", b'{"state":"applied"}')
