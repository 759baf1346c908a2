from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.unit.infor.world import IONAPI, settings


def test_an_ionapi_file_is_read_by_path_and_by_reference(tmp_path: Path) -> None:
    file = tmp_path / "site.ionapi"
    file.write_text(json.dumps({**IONAPI, "cn": "our app", "v": "1.0"}))

    for reference in (str(file), f"file:{file}"):
        made = settings(ionapi=reference)
        assert made.ionapi.token_url == "http://sso.test/ACME_TST/as/token.oauth2"
        assert made.ido_path == "/ACME_TST/CSI/IDORequestService/ido"


def test_fields_missing_from_the_ionapi_file_are_named() -> None:
    with pytest.raises(ValidationError, match="without saak, sask: download it again"):
        settings(ionapi={name: value for name, value in IONAPI.items() if not name.startswith("sa")})


def test_an_ionapi_file_that_is_no_json_says_where(tmp_path: Path) -> None:
    file = tmp_path / "site.ionapi"
    file.write_text("<html>")
    with pytest.raises(ValidationError, match="no JSON: Expecting value at character 0"):
        settings(ionapi=f"file:{file}")


def test_secrets_do_not_print_themselves() -> None:
    shown = repr(settings())
    assert "client-secret" not in shown
    assert "service-secret" not in shown


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"time_zone": "Texas"}, "unknown time zone 'Texas'"),
        ({"poll_seconds_by_set": {"order": 1}}, "unknown poll set order: there are orders"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_wrong_settings_name_the_field(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        settings(**changes)
