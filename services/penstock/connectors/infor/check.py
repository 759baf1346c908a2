"""What `penstock check` asks of a site: token, configuration, and the rights on every IDO, missing ones named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from penstock.connectors.contract import CheckResult
from penstock.connectors.http import LostReplyError, NotSentError
from penstock.connectors.infor.client import Action, InforClient
from penstock.connectors.infor.errors import IdoRefusedError, Refusal
from penstock.connectors.infor.settings import InforSettings

_ROW_ID = re.compile(r"ID=\[[^\]]*\]")


class _Now:
    """A send window that is open."""

    def check(self) -> None:
        return None


async def check_site(
    client: InforClient, settings: InforSettings, reads: Iterable[str], writes: Mapping[str, Iterable[str]]
) -> list[CheckResult]:
    """`writes`: the properties of each IDO that must be there and writable. Nothing is changed at the site."""
    try:
        await client.token()
    except NotSentError as error:
        return [CheckResult("token", ok=False, detail=str(error))]
    results = [CheckResult("token", ok=True), await _configuration(client, settings)]
    if results[-1].ok:
        results += [await _readable(client, ido) for ido in reads]
        results += [await _writable(client, ido, names) for ido, names in writes.items()]
    return results


async def _configuration(client: InforClient, settings: InforSettings) -> CheckResult:
    name = f"configuration {settings.configuration}"
    try:
        known = await client.configurations()
    except (NotSentError, IdoRefusedError) as error:
        return CheckResult(name, ok=False, detail=str(error))
    if settings.configuration in known:
        return CheckResult(name, ok=True)
    return CheckResult(name, ok=False, detail=f"not among those of this tenant: {', '.join(known) or 'none'}")


async def _readable(client: InforClient, ido: str) -> CheckResult:
    name = f"read {ido}"
    try:
        properties = await client.info(ido, fresh=True)
        await client.load(ido, [next(iter(properties), "RowPointer")], cap=1)
    except IdoRefusedError as error:
        return CheckResult(name, ok=False, detail=f"{error.message}: grant the service account's user Read on {ido}")
    except NotSentError as error:
        return CheckResult(name, ok=False, detail=str(error))
    return CheckResult(name, ok=True)


async def _writable(client: InforClient, ido: str, names: Iterable[str]) -> CheckResult:
    what = f"write {ido}"
    try:
        known = await client.info(ido)
    except (IdoRefusedError, NotSentError) as error:
        return CheckResult(what, ok=False, detail=str(error))
    absent = [name for name in names if name not in known]
    if absent:
        return CheckResult(what, ok=False, detail=f"this site has no {', '.join(absent)}: take it out of the mapping")
    locked = [name for name in names if known[name].read_only]
    if locked:
        return CheckResult(
            what, ok=False, detail=f"read-only at this site: {', '.join(locked)}; take it out of the mapping"
        )
    try:
        missing = await _missing_rights(client, ido)
    except (IdoRefusedError, LostReplyError, NotSentError) as error:
        return CheckResult(what, ok=False, detail=str(error))
    if missing:
        return CheckResult(what, ok=False, detail=f"{missing}: grant it to the service account's user")
    return CheckResult(what, ok=True, detail="the right to insert shows only with the first insert")


async def _missing_rights(client: InforClient, ido: str) -> str | None:
    """Tries to change and to delete a row that cannot be there: a site that would let us says so in its refusal."""
    page = await client.load(ido, ["RowPointer"], cap=1)
    if not page.rows:
        return None
    nowhere, replaced = _ROW_ID.subn("ID=[00000000-0000-0000-0000-000000000000]", page.rows[0].get("_ItemId") or "")
    actions: tuple[Action, ...] = ("update", "delete") if replaced == 1 else ()
    for action in actions:
        try:
            await client.update(ido, action, {}, nowhere, _Now())
        except IdoRefusedError as error:
            if error.refusal is Refusal.PRIVILEGE:
                return error.message
    return None
