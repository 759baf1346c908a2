"""Where the data files of penstock lie: in the checkout, else inside the installed package."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parents[1]
_PACKAGED = {"dev/kafka": "kafka"}  # the wheel keeps it under a shorter name


def checkout() -> Path | None:
    """The repository penstock runs from; None when it is installed as a wheel."""
    return _CHECKOUT if (_CHECKOUT / "topics.yaml").is_file() else None


def resource(name: str) -> Path:
    """Path of `schemas`, `flows`, `topics.yaml` or `dev/kafka`.

    Raises:
        FileNotFoundError: neither the checkout nor the package has it.
    """
    for path in (_CHECKOUT / name, _PACKAGE / "_data" / _PACKAGED.get(name, name)):
        if path.exists():
            return path
    raise FileNotFoundError(f"{name}: not in {_CHECKOUT} and not in the installed package; install penstock again")


def cache_dir() -> Path:
    """Folder for what can be fetched again: PENSTOCK_CACHE, else `.cache` of the checkout, else the user's cache."""
    if given := os.environ.get("PENSTOCK_CACHE"):
        return Path(given)
    if root := checkout():
        return root / ".cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "penstock"
