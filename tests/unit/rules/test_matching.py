"""Who is the same customer."""

import pytest

from penstock.rules.matching import NoMatchKeyError, match_key, normalise_email, normalise_name

KEY = b"secret"


def test_the_same_e_mail_in_other_letters_is_the_same_customer() -> None:
    assert match_key(" Zoé@Mail.Example ", "Zoé", None, KEY) == match_key("zoé@mail.example", "Z. L.", "75011", KEY)


def test_a_full_width_e_mail_is_the_same_customer() -> None:
    assert normalise_email("ｚｏｅ@mail.example") == "zoe@mail.example"


def test_dots_and_tags_of_an_e_mail_make_another_customer() -> None:
    keys = {match_key(mail, None, None, KEY) for mail in ("a.b@gmail.com", "ab@gmail.com", "ab+shop@gmail.com")}
    assert len(keys) == 3


def test_without_an_e_mail_name_and_postal_code_decide() -> None:
    assert match_key(None, "D'AUBIGNÉ  Zoé", "SW1A 1AA", KEY) == match_key("", "d’Aubigne, Zoe", "sw1a1aa", KEY)
    assert match_key(None, "Zoé", "75011", KEY) != match_key(None, "Zoé", "75012", KEY)


@pytest.mark.parametrize(("name", "postal_code"), [(None, "75011"), ("Zoé", None), ("…", "75011"), ("", "")])
def test_too_little_to_match_by_is_an_error(name: str | None, postal_code: str | None) -> None:
    with pytest.raises(NoMatchKeyError):
        match_key(None, name, postal_code, KEY)


def test_another_secret_gives_another_key() -> None:
    assert match_key("a@b.example", None, None, b"one") != match_key("a@b.example", None, None, b"two")


def test_an_empty_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="secret"):
        match_key("a@b.example", None, None, b"")


def test_the_key_shows_nothing_of_the_customer() -> None:
    assert "mail.example" not in match_key("zoe@mail.example", None, None, KEY)


def test_names_lose_accents_case_and_punctuation() -> None:
    assert normalise_name("  D'Aubigné,\tZoé ") == "d aubigne zoe"
    assert normalise_name("WEISS") == normalise_name("Weiß")
