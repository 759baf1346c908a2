"""Two shops on one company, one shop on two companies: names in flow.yaml are of instances."""

from __future__ import annotations

import pytest

from penstock.flow.load import FlowError
from tests.unit.flow.world import ENV, SYSTEMS, Flows


def test_a_name_is_of_an_instance_and_says_which_connector_it_needs(flows: Flows) -> None:
    flow = flows.load()
    found = {alias: (one.name, one.target, one.tag) for alias, one in flow.systems.items()}
    assert found == {
        "shop-fr": ("prestashop", "prestashop:1", "PS1"),
        "shop-de": ("prestashop", "prestashop:2", "PS2"),
        "dallas": ("infor", "infor:DALS", ""),
        "paris": ("infor", "infor:PARI", ""),
    }
    assert [one.alias for one in flow.shops] == ["shop-fr", "shop-de"]
    assert [one.alias for one in flow.erps] == ["dallas", "paris"]


def test_without_a_connector_the_name_is_the_connectors(flows: Flows) -> None:
    systems = {"prestashop": {"role": "shop", "instance": "1", "tag": "PS1"}}
    env = {"match_key": "plain:k", "systems": {"prestashop": ENV["systems"]["shop-fr"]}}
    assert flows.load(env, systems=systems, routes={}).systems["prestashop"].name == "prestashop"


def test_a_target_takes_what_any_route_may_bring_it(flows: Flows) -> None:
    flow = flows.load()
    assert flow.entities_to("dallas") == {"order", "customer", "refund"}
    assert flow.entities_to("paris") == frozenset()
    assert flow.entities_to("shop-de") == {"shipment", "stock-level"}


def test_our_references_of_all_shops_are_known_to_every_mapping(flows: Flows) -> None:
    assert flows.load().mapping_env("paris").instances == {"PS1": ("prestashop", "1"), "PS2": ("prestashop", "2")}


def test_every_instance_has_its_own_surroundings(flows: Flows) -> None:
    flow = flows.load()
    assert (flow.mapping_env("shop-de").instance, flow.mapping_env("shop-de").tag) == ("2", "PS2")
    assert flow.systems["shop-de"].settings.instance == "2"


def test_an_address_from_the_environment_is_for_one_instance(flows: Flows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_URL_SHOP_DE", "https://de.example/api")
    flow = flows.load()
    assert str(flow.systems["shop-de"].settings.base_url) == "https://de.example/api"
    assert str(flow.systems["shop-fr"].settings.base_url) == "https://shop.example/api"


def test_overrides_are_for_all_instances_of_a_system_or_for_one(flows: Flows) -> None:
    place = flows.write()
    for whose, field in (("prestashop", "order_native_id"), ("shop-de", "order_reference")):
        folder = place / "mappings" / whose
        folder.mkdir(parents=True)
        text = f"override: refund.to-canonical\nfields:\n  {field}: 'setting(\"{whose}\")'\n"
        (folder / "refund.to-canonical.yaml").write_text(text)
    flow = flows.load()
    asked = {alias: flow.mappings[alias, "to", "refund"].settings for alias in ("shop-fr", "shop-de")}
    assert asked == {"shop-fr": {"prestashop"}, "shop-de": {"prestashop", "shop-de"}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"instance": "1"}, "shop-fr and shop-de have the same instance, prestashop:1"),
        ({"tag": "PS1"}, "shop-fr and shop-de have the same tag, PS1"),
        ({"system": "prestashopp"}, "systems.shop-de: there is no connector 'prestashopp'"),
    ],
)
def test_what_would_mix_up_two_instances_is_refused(flows: Flows, change: dict[str, str], said: str) -> None:
    systems = SYSTEMS | {"shop-de": SYSTEMS["shop-de"] | change}
    with pytest.raises(FlowError, match=said):
        flows.load(systems=systems)


def test_a_system_without_its_surroundings_is_named_with_what_is_near(flows: Flows) -> None:
    env = {**ENV, "systems": {name: each for name, each in ENV["systems"].items() if name != "paris"}}
    with pytest.raises(FlowError, match=r"env/sandbox.yaml: systems: paris is missing"):
        flows.load(env)


def test_the_configuration_has_another_version_when_a_file_says_something_else(flows: Flows) -> None:
    first = flows.load().config_version
    assert flows.load().config_version == first
    assert flows.load(notify_customers=True).config_version != first
