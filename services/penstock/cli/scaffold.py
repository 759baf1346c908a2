"""The files of a new connector, from the templates in `connector_files/`."""

from __future__ import annotations

import keyword
import re
from pathlib import Path
from string import Template

from penstock.cli.errors import CommandError, Exit

TEMPLATES = Path(__file__).parent / "connector_files"
_NAME = re.compile(r"[a-z][a-z0-9]{2,15}")
_IMPORT = r"from penstock\.\S+ import (?:\([^)]*\)|[^(\n]+)\n"
_TITLE = re.compile(r"[^\\\"$\n]{1,50}")


def topic_lines(name: str) -> str:
    """What `topics.yaml` needs for a connector, to be put there by hand: its entities are known later."""
    return Template((TEMPLATES / "topics.yaml.tmpl").read_text(encoding="utf-8")).substitute(name=name)


def write_connector(root: Path, name: str, title: str) -> list[Path]:
    """Writes the connector and its unit tests into the checkout `root`; gives the files. Raises CommandError."""
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise CommandError(
            f"{name!r} is no name of a connector: 3 to 16 small letters and digits, a letter first", Exit.USAGE
        )
    if not _TITLE.fullmatch(title):
        raise CommandError('a title has at most 50 characters, without ", \\ and $', Exit.USAGE)
    folders = {
        "connector": root / "services" / "penstock" / "connectors" / name,
        "tests": root / "tests" / "unit" / name,
    }
    for folder in (*folders.values(), folders["connector"].with_suffix(".py")):
        if folder.exists():
            raise CommandError(f"{folder} is there already; nothing was written", Exit.USAGE)
    words = {"name": name, "Name": name.capitalize(), "title": title}
    written = []
    for kind, folder in folders.items():
        for template in sorted((TEMPLATES / kind).rglob("*.tmpl")):
            path = folder / template.relative_to(TEMPLATES / kind).with_suffix("")
            text = Template(template.read_text(encoding="utf-8")).substitute(words)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_imports_in_order(text), encoding="utf-8")
            written.append(path)
    return written


def _imports_in_order(text: str) -> str:
    """Where our imports stand in the order depends on the connector's name."""
    return re.sub(
        f"(?:^{_IMPORT})+",
        lambda block: "".join(sorted(re.findall(_IMPORT, block[0]), key=lambda line: line.split()[1])),
        text,
        flags=re.MULTILINE,
    )
