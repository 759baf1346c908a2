"""What `penstock check` asks of a company: credentials, company, and each list to read, missing rights named."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from penstock.connectors.contract import CheckResult
from penstock.connectors.http import NotSentError
from penstock.connectors.sage100.client import (
    ALIAS,
    CASH_RECEIPT,
    CUSTOMER,
    INVOICE,
    ITEM,
    SALES_ORDER,
    SHIPMENT,
    STOCK,
    SageClient,
)
from penstock.connectors.sage100.errors import RefusedError
from penstock.connectors.sage100.settings import Sage100Settings

SOURCE_READS: Mapping[str, str] = {
    SALES_ORDER: "S/O",
    SHIPMENT: "S/O",
    INVOICE: "A/R",
    CASH_RECEIPT: "A/R",
    STOCK: "I/M",
    CUSTOMER: "A/R",
    ITEM: "C/I",
}
"""Path -> module whose right the user needs."""
SINK_READS: Mapping[str, str] = {SALES_ORDER: "S/O", CUSTOMER: "A/R", ITEM: "C/I", ALIAS: "I/M", STOCK: "I/M"}
CLOCKS_APART = timedelta(minutes=5)


async def check_company(client: SageClient, settings: Sage100Settings, reads: Mapping[str, str]) -> list[CheckResult]:
    """Nothing is changed. Whether the user may write shows only with the first write."""
    results = [await _status(client, settings)]
    if results[0].ok:
        results += [await _readable(client, path, module) for path, module in reads.items()]
    return results


async def _status(client: SageClient, settings: Sage100Settings) -> CheckResult:
    name = f"company {settings.company_code}"
    try:
        found = await client.get(settings.profile.status_path)
    except (NotSentError, RefusedError) as error:
        return CheckResult(name, ok=False, detail=str(error))
    if found is None:
        return CheckResult(name, ok=False, detail="the facade has no status: check base_url and profile.prefix")
    status = found[0]
    if status.get("CompanyCode") not in (None, settings.company_code):
        return CheckResult(name, ok=False, detail=f"the facade serves company {status['CompanyCode']}")
    if reason := _clock(str(status.get("ServerTime") or ""), settings):
        return CheckResult(name, ok=False, detail=reason)
    if status.get("ExclusiveMode") in (True, "Y"):
        return CheckResult(name, ok=True, detail="in exclusive mode: calls wait until it ends")
    return CheckResult(name, ok=True, detail=str(status.get("ProductVersion") or ""))


def _clock(server_time: str, settings: Sage100Settings) -> str | None:
    """The server's local time tells whether `time_zone` is its zone."""
    try:
        told = datetime.fromisoformat(server_time).replace(tzinfo=None)
    except ValueError:
        return None
    here = datetime.now(settings.zone).replace(tzinfo=None)
    if abs(told - here) <= CLOCKS_APART:
        return None
    return f"the server says {server_time}, in {settings.time_zone} it is {here:%Y-%m-%dT%H:%M}: correct time_zone"


async def _readable(client: SageClient, path: str, module: str) -> CheckResult:
    name = f"read {path}"
    try:
        await client.page(path, limit=1)
    except RefusedError as error:
        return CheckResult(name, ok=False, detail=f"{error}: the facade does not offer it")
    except NotSentError as error:
        return CheckResult(name, ok=False, detail=f"{error}; the user needs the {module} role")
    return CheckResult(name, ok=True)
