from datetime import UTC, datetime

import pytest

from penstock.log.xref import Link, XrefStore, link_records, same_as_records, unlink_records

AT = datetime(2026, 3, 1, tzinfo=UTC)
LINK = Link("order", "c-1", "infor", "main", "PS:41", AT)


def store(*links: Link) -> XrefStore:
    made = XrefStore()
    for link in links:
        made.take(link_records(link))
    return made


def test_a_link_is_found_from_both_sides() -> None:
    found = store(LINK)
    assert found.lookup("order", "c-1", "infor", "main") == "PS:41"
    assert found.canonical_of("order", "infor", "main", "PS:41") == "c-1"


def test_a_link_counts_for_its_entity_system_and_instance_only() -> None:
    found = store(LINK)
    assert found.lookup("customer", "c-1", "infor", "main") is None
    assert found.lookup("order", "c-1", "infor", "us") is None
    assert found.canonical_of("order", "prestashop", "main", "PS:41") is None


def test_a_newer_link_replaces_the_older() -> None:
    found = store(LINK, Link("order", "c-1", "infor", "main", "PS:42", AT))
    assert found.lookup("order", "c-1", "infor", "main") == "PS:42"


def test_an_unlinked_document_is_gone_from_both_sides() -> None:
    found = store(LINK)
    found.take(unlink_records(LINK))
    assert found.lookup("order", "c-1", "infor", "main") is None
    assert len(found) == 0


def test_two_ids_of_one_thing_share_their_native_id() -> None:
    found = store(LINK)
    found.take(same_as_records("order", "c-1", "c-2", AT))
    assert found.lookup("order", "c-2", "infor", "main") == "PS:41"
    assert found.same_as("order", "c-1") == {"c-2"}
    assert found.canonical_of("order", "infor", "main", "PS:41") == "c-1"


def test_ids_that_turned_out_to_differ_are_parted() -> None:
    found = store(LINK)
    for record in same_as_records("order", "c-1", "c-2", AT):
        found.put("order", record.key, record.value)
        found.put("order", record.key, None)
    assert found.lookup("order", "c-2", "infor", "main") is None


def test_an_own_native_id_comes_before_that_of_the_same_thing() -> None:
    found = store(LINK, Link("order", "c-2", "infor", "main", "PS:99", AT))
    found.take(same_as_records("order", "c-1", "c-2", AT))
    assert found.lookup("order", "c-2", "infor", "main") == "PS:99"


@pytest.mark.parametrize(("system", "instance"), [("canonical", "main"), ("same-as", "main"), ("infor", "a:b")])
def test_a_name_that_would_blur_the_keys_is_refused(system: str, instance: str) -> None:
    with pytest.raises(ValueError, match="cannot be used"):
        Link("order", "c", system, instance, "1", AT)
