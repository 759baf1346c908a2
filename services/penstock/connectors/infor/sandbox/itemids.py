"""`_ItemId`: a row handle and its optimistic-lock stamp, `PBT=[co] co.DT=[2026-02-03 09:10:11.120] co.ID=[guid]`."""

import re
from dataclasses import dataclass

from penstock.connectors.infor.sandbox.model import Ido
from penstock.connectors.infor.sandbox.values import IdoError

_ITEM_ID = re.compile(
    r"PBT=\[(?P<table>\w+)\] (?P<alias>\w+)\.DT=\[(?P<stamp>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3})\]"
    r" (?P=alias)\.ID=\[(?P<row>[0-9a-fA-F-]{36})\]"
)


@dataclass(frozen=True, slots=True)
class ItemId:
    """`stamp` is the `RecordDate` in stored form."""

    row_pointer: str
    stamp: str


def write_item_id(ido: Ido, row_pointer: str, record_date: str) -> str:
    """The handle of a row as it is now; `record_date` in stored form."""
    stamp = f"{record_date[:4]}-{record_date[4:6]}-{record_date[6:]}"
    return f"PBT=[{ido.table}] {ido.alias}.DT=[{stamp}] {ido.alias}.ID=[{row_pointer}]"


def read_item_id(ido: Ido, text: str) -> ItemId:
    """Raises IdoError when the text is no handle of this IDO's table."""
    match = _ITEM_ID.fullmatch(text)
    if not match or match["table"] != ido.table:
        raise IdoError(f"The ItemId [{text[:120]}] is not valid for {ido.name}.")
    stamp = match["stamp"]
    return ItemId(match["row"].lower(), f"{stamp[:4]}{stamp[5:7]}{stamp[8:]}")
