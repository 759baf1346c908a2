"""POST, PUT, PATCH, DELETE (systems/prestashop.md 2 and 4)."""

from collections.abc import Callable

import pytest

from .conftest import ShopClient, codes

Open = Callable[..., ShopClient]


def nodes(**values: object) -> str:
    return "".join(f"<{name}>{value}</{name}>" for name, value in values.items())


def address(**values: object) -> str:
    given = {
        "id_customer": 1,
        "id_country": 8,
        "alias": "Home",
        "lastname": "Roux",
        "firstname": "Ada",
        "address1": "1 rue X",
        "city": "Lyon",
        **values,
    }
    return f"<address>{nodes(**given)}</address>"


def customer(**values: object) -> str:
    given = {"passwd": "x", "lastname": "Roux", "firstname": "Ada", "email": "ada@mail.example", **values}
    return f"<customer>{nodes(**given)}</customer>"


async def test_post_answers_201_with_an_echo_of_texts(shop: ShopClient) -> None:
    answer = await shop.post("addresses", address(postcode="69002"))
    assert answer.status_code == 201
    echo = answer.json()["address"]
    assert echo["id"].isdigit()
    assert (echo["id_country"], echo["postcode"]) == ("8", "69002")
    assert "company" not in echo
    assert (await shop.one("addresses", int(echo["id"])))["id_country"] == 8


async def test_an_id_in_a_post_is_91_and_an_id_in_its_address_is_ignored(shop: ShopClient) -> None:
    assert codes(await shop.post("addresses", address(id=5))) == [91]
    before = len(await shop.state("addresses"))
    assert (await shop.post("addresses/1", address())).status_code == 201
    assert len(await shop.state("addresses")) == before + 1


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_the_id_in_the_body_beats_the_id_in_the_address(shop: ShopClient, method: str) -> None:
    untouched = await shop.one("addresses", 2)
    assert (await shop.call(method, "addresses/2", body=address(id=1, city="Nice"))).status_code == 200
    assert (await shop.one("addresses", 1))["city"] == "Nice"
    assert await shop.one("addresses", 2) == untouched


@pytest.mark.parametrize(
    ("body", "code"), [("<tax><rate>1</rate></tax>", 90), ("<taxes><tax><id>1</id></tax></taxes>", 90)]
)
async def test_a_change_without_id_or_in_a_plural_wrapper_is_90(shop: ShopClient, body: str, code: int) -> None:
    answer = await shop.patch("taxes/1", body)
    assert (answer.status_code, codes(answer)) == (400, [code])


async def test_a_bare_entity_without_a_root_is_90_because_its_fields_are_taken_for_entities(shop: ShopClient) -> None:
    content = "<stock_available><id>1</id><quantity>3</quantity></stock_available>"
    assert codes(await shop.call("PATCH", "stock_availables/1", content=content)) == [90]


async def test_an_unknown_id_is_404_92(shop: ShopClient) -> None:
    answer = await shop.patch("taxes/99", "<tax><id>99</id></tax>")
    assert (answer.status_code, codes(answer)) == (404, [92])


async def test_put_empties_what_is_not_sent_and_patch_does_not(shop: ShopClient) -> None:
    await shop.put("addresses/1", address(id=1, phone="123"))
    row = await shop.one("addresses", 1)
    assert (row["phone"], row["postcode"], row["id_state"]) == ("123", "", 0)
    await shop.patch("addresses/1", "<address><id>1</id><postcode>75001</postcode></address>")
    row = await shop.one("addresses", 1)
    assert (row["phone"], row["postcode"]) == ("123", "75001")


async def test_put_with_the_required_fields_only_wipes_a_product(shop: ShopClient) -> None:
    assert (await shop.put("products/3", "<product><id>3</id><price>7</price></product>")).status_code == 200
    row = await shop.one("products", 3)
    assert (row["reference"], row["active"], row["price"], row["name"][0]["value"]) == ("", "0", "7.000000", "")
    assert row["associations"]["categories"]


async def test_a_missing_required_field_is_41_on_post_and_put(shop: ShopClient) -> None:
    answer = await shop.put("stock_availables/1", "<stock_available><id>1</id><quantity>1</quantity></stock_available>")
    assert (answer.status_code, codes(answer)) == (400, [41])
    assert answer.json()["errors"][0]["message"] == 'parameter "id_product" required'
    assert codes(await shop.post("customers", "<customer><email>a@b.example</email></customer>")) == [41]


@pytest.mark.parametrize(
    ("resource", "field"),
    [
        ("customers", "last_passwd_gen"),
        ("customers", "secure_key"),
        ("products", "quantity"),
        ("products", "manufacturer_name"),
    ],
)
async def test_a_read_only_field_is_93(shop: ShopClient, resource: str, field: str) -> None:
    answer = await shop.patch(f"{resource}/1", f"<x><id>1</id><{field}>1</{field}></x>")
    assert (answer.status_code, codes(answer)) == (400, [93])


async def test_put_of_a_customer_loses_the_secure_key_and_keeps_a_hash_sent_back(shop: ShopClient) -> None:
    before = await shop.one("customers", 1)
    assert before["secure_key"]
    body = customer(id=1, passwd=before["passwd"], email=before["email"])
    assert (await shop.put("customers/1", body)).status_code == 200
    after = await shop.one("customers", 1)
    assert (after["secure_key"], after["passwd"]) == ("", before["passwd"])
    await shop.patch("customers/1", "<customer><id>1</id><passwd>new</passwd></customer>")
    assert (await shop.one("customers", 1))["passwd"] not in {"new", before["passwd"]}


@pytest.mark.parametrize(("version", "status"), [("9", 500), ("1.7", 201)])
async def test_an_e_mail_in_use(open_shop: Open, version: str, status: int) -> None:
    shop = open_shop(version=version)
    email = (await shop.one("customers", 1))["email"]
    answer = await shop.post("customers", customer(email=email.upper()))
    assert answer.status_code == status
    if status == 500:
        assert codes(answer) == [140, 46]
        assert (await shop.post("customers", customer(email=email, is_guest=1))).status_code == 201


async def test_a_new_customer_has_a_key_a_group_and_a_short_password_will_do(shop: ShopClient) -> None:
    number = int((await shop.post("customers", customer())).json()["customer"]["id"])
    row = await shop.one("customers", number)
    assert len(row["secure_key"]) == 32
    assert row["associations"]["groups"] == [{"id": 3}]


async def test_unknown_fields_and_dangling_references_are_accepted(shop: ShopClient) -> None:
    answer = await shop.post("addresses", address(id_country=4711, colour="red"))
    assert answer.status_code == 201
    groups = "<associations><groups><group><id>77</id></group></groups></associations>"
    body = customer(email="b@mail.example").replace("</customer>", f"{groups}</customer>")
    number = int((await shop.post("customers", body)).json()["customer"]["id"])
    assert "associations" not in await shop.one("customers", number)


async def test_an_unknown_association_is_86(shop: ShopClient) -> None:
    body = "<customer><id>1</id><associations><friends/></associations></customer>"
    answer = await shop.patch("customers/1", body)
    assert (answer.status_code, codes(answer)) == (400, [86])


async def test_an_empty_root_creates_nothing_and_answers_201(shop: ShopClient) -> None:
    before = len(await shop.state("addresses"))
    for fmt in ("JSON", "XML"):
        answer = await shop.call("POST", "addresses", fmt=fmt, content="<prestashop/>")
        assert answer.status_code == 201
    assert len(await shop.state("addresses")) == before


async def test_the_names_of_root_and_node_do_not_matter_nor_the_content_type(shop: ShopClient) -> None:
    body = f"xml=<whatever>{address().replace('address>', 'thing>')}</whatever>"
    headers = {"content-type": "application/json"}
    assert (await shop.call("POST", "addresses", content=body, headers=headers)).status_code == 201


async def test_an_iso_8859_1_prolog_is_honoured(shop: ShopClient) -> None:
    text = f'<?xml version="1.0" encoding="ISO-8859-1"?><prestashop>{address(city="Orléans")}</prestashop>'
    answer = await shop.call("POST", "addresses", content=text.encode("latin-1"))
    assert answer.json()["address"]["city"] == "Orléans"


async def test_a_bare_text_is_set_in_every_language(shop: ShopClient) -> None:
    await shop.patch("products/3", "<product><id>3</id><name>Same</name></product>")
    assert [text["value"] for text in (await shop.one("products", 3))["name"]] == ["Same", "Same"]


async def test_a_batch_is_not_atomic_and_json_echoes_only_the_last(shop: ShopClient) -> None:
    good, bad = "<tax><id>{}</id><rate>{}</rate></tax>", "<tax><id>99</id></tax>"
    answer = await shop.patch("taxes", good.format(1, 21) + bad + good.format(2, 11))
    assert (answer.status_code, codes(answer)) == (404, [92])
    assert [(await shop.one("taxes", number))["rate"] for number in (1, 2)] == ["21.000", "10.000"]
    both = good.format(1, 22) + good.format(2, 12)
    assert (await shop.patch("taxes", both)).json()["tax"]["id"] == "2"
    assert (await shop.patch("taxes", both, fmt="XML")).text.count("<tax>") == 2


async def test_the_same_id_twice_is_89_and_nothing_is_saved(shop: ShopClient) -> None:
    twice = "<tax><id>1</id><rate>3</rate></tax>" * 2
    answer = await shop.patch("taxes", twice)
    assert (answer.status_code, codes(answer)) == (400, [89])
    assert (await shop.one("taxes", 1))["rate"] == "20.000"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("city", "<![CDATA[Ly<on]]>"),
        ("postcode", "1234567890123"),
        ("firstname", "R2D2"),
        ("id_country", "x"),
        ("city", ""),
    ],
)
async def test_a_bad_value_is_85(shop: ShopClient, field: str, value: str) -> None:
    answer = await shop.post("addresses", address(**{field: value}))
    assert (answer.status_code, codes(answer)) == (400, [85])


@pytest.mark.parametrize("price", ["12,50", " 12", "abc", "9" * 100, "１２"])
async def test_a_price_with_a_comma_or_space_is_85(shop: ShopClient, price: str) -> None:
    answer = await shop.patch("products/3", f"<product><id>3</id><price>{price}</price></product>")
    assert (answer.status_code, codes(answer)) == (400, [85])


async def test_odd_characters_are_kept_and_nul_is_no_xml(shop: ShopClient) -> None:
    answer = await shop.post("addresses", address(other="Zoë 🐘 ]]&gt; ok"))
    assert (await shop.one("addresses", int(answer.json()["address"]["id"])))["other"] == "Zoë 🐘 ]]> ok"
    number = answer.json()["address"]["id"]
    assert "Zoë 🐘 ]]]]><![CDATA[> ok" in (await shop.get(f"addresses/{number}", fmt="XML")).text
    assert codes(await shop.post("addresses", address(other="a\0b")))[-1] == 127
    assert codes(await shop.post("addresses", address(city="x" * 10_000_000))) == [85]


async def test_a_language_without_a_number_is_no_language(shop: ShopClient) -> None:
    body = '<product><id>3</id><name><language id="x">A</language></name></product>'
    assert (await shop.patch("products/3", body, fmt="XML")).status_code == 200


async def test_delete_is_200_and_empty_and_all_or_nothing(shop: ShopClient) -> None:
    answer = await shop.delete("addresses/3")
    assert (answer.status_code, answer.content, "content-type" in answer.headers) == (200, b"", False)
    refused = await shop.delete("addresses?id=[4,9999]")
    assert (refused.status_code, codes(refused)) == (404, [87])
    assert (await shop.get("addresses/4")).status_code == 200
    assert (await shop.delete("addresses?id=[4,5]")).status_code == 200
    assert (await shop.get("addresses/4")).status_code == 404


async def test_a_used_address_is_deleted_softly_and_an_edit_shows_in_old_orders(shop: ShopClient) -> None:
    order = await shop.one("orders", (await shop.act("place-order"))["id"])
    number = order["id_address_delivery"]
    assert (await shop.patch(f"addresses/{number}", f"<a><id>{number}</id><city>Brest</city></a>")).status_code == 200
    assert (await shop.delete(f"addresses/{number}")).status_code == 200
    row = (await shop.get(f"addresses/{number}")).json()["address"]
    assert (row["deleted"], row["city"]) == ("1", "Brest")
    assert (await shop.one("orders", order["id"]))["date_upd"] == order["date_upd"]


async def test_unsent_fields_are_null_in_the_echo_of_1_7(open_shop: Open) -> None:
    shop = open_shop(version="1.7")
    order = (await shop.act("place-order", payment="ps_wirepayment"))["id"]
    body = f"<order_history><id_order>{order}</id_order><id_order_state>4</id_order_state></order_history>"
    echo = (await shop.post("order_histories", body)).json()["order_history"]
    assert (echo["id_employee"], echo["id_order_state"], echo["id_order"]) == ("", 4, str(order))
    created = (await shop.post("addresses", address())).json()["address"]
    assert created["company"] is None
