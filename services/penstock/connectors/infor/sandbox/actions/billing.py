"""What the office does with money: invoice, post, receive payments."""

from datetime import timedelta
from decimal import Decimal

from penstock.connectors.infor.sandbox.actions.inputs import Input, padded, scaled
from penstock.connectors.infor.sandbox.idos.finance import (
    INVOICE_LINES,
    INVOICES,
    PAYMENT_DETAILS,
    PAYMENTS,
    RECEIVABLES,
    TERMS,
    UNPOSTED_INVOICES,
)
from penstock.connectors.infor.sandbox.idos.sales import LINES
from penstock.connectors.infor.sandbox.rules import orders
from penstock.connectors.infor.sandbox.rules.invoices import InvoiceAmounts, next_invoice
from penstock.connectors.infor.sandbox.site import Site, whole
from penstock.connectors.infor.sandbox.tables import Row, moment_of
from penstock.connectors.infor.sandbox.values import IdoError, Kind, show, show_moment

_ON_ACCOUNT = "0"  # the InvNum of money that pays no invoice yet


class Invoice(Input):
    CoNum: str


class PostInvoices(Input):
    InvNum: str | None = None


class ReceivePayment(Input):
    """Pays one invoice, or what is open of an order's invoices, oldest first. `amount` default: all that is open."""

    CoNum: str | None = None
    InvNum: str | None = None
    amount: Decimal | None = None


class PostPayments(Input):
    CustNum: str | None = None


def invoice(site: Site, given: Invoice) -> dict[str, object]:
    """Invoice all that is shipped and not invoiced of an order."""
    header = orders.order(site, padded(given.CoNum, 10))
    lines = site.tables.select(LINES, CoNum=header["CoNum"])
    amounts = next_invoice(site, header, lines)
    if amounts is None:
        raise IdoError(f"Order [{header['CoNum']}] has nothing shipped that is not invoiced.")
    number = f"INV{site.tables.next_number('invoice', 7781):07d}"
    _write_lines(site, number, amounts)
    today = site.tables.today()
    row = site.tables.insert(
        INVOICES,
        {
            "InvNum": number,
            "InvSeq": 0,
            **{name: header[name] for name in ("CoNum", "CustNum", "CustPo", "ShipCode", "TermsCode", "Disc")},
            "InvDate": today,
            "BillType": "R",
            "ShipDate": max(str(billed.line["ShipDate"]) for billed in amounts.lines),
            "Freight": amounts.freight + amounts.charges,
            "Price": amounts.total,
        },
    )
    site.storage.execute(
        "INSERT INTO invoice_tax VALUES (?, ?, ?, ?)", [number, header["CoNum"], amounts.tax, amounts.discount]
    )
    unposted = site.tables.insert(
        UNPOSTED_INVOICES,
        {
            **{name: row[name] for name in ("CustNum", "InvNum", "InvSeq", "CoNum", "InvDate")},
            "Type": "I",
            "DueDate": _due(site, row),
            "Amount": amounts.total,
            "Freight": amounts.freight,
            "MiscCharges": amounts.charges,
            "SalesTax": amounts.tax,
            "ApplyToInvNum": number,
            "ApprovalStatus": "A",
        },
    )
    orders.settle(site, orders.order(site, header["CoNum"]))
    if site.options.post_invoices:
        _post(site, unposted)
    return {"InvNum": number, "CoNum": header["CoNum"], "Price": show(Kind.DECIMAL, amounts.total)}


def post_invoices(site: Site, given: PostInvoices) -> dict[str, object]:
    """Post invoices that wait in SLArinvs to SLArtrans."""
    only = {"InvNum": given.InvNum} if given.InvNum else {}
    rows = site.tables.select(UNPOSTED_INVOICES, **only)
    for row in rows:
        _post(site, row)
    return {"posted": [row["InvNum"] for row in rows]}


def receive_payment(site: Site, given: ReceivePayment) -> dict[str, object]:
    """A payment that the office books and posts itself."""
    if (given.CoNum is None) == (given.InvNum is None):
        raise IdoError("Give one of CoNum and InvNum.")
    wanted = {"CoNum": padded(given.CoNum, 10)} if given.CoNum is not None else {"InvNum": given.InvNum}
    opened = [(row, _open(site, row)) for row in site.tables.select(RECEIVABLES, **wanted, Type="I")]
    left = sum(amount for _, amount in opened) if given.amount is None else scaled(given.amount)
    if left <= 0 or left > sum(amount for _, amount in opened):
        raise IdoError(f"{next(iter(wanted.values()))} has no posted invoice with that amount open.")
    paid: dict[str, str | None] = {}
    for row, amount in opened:
        part = min(left, amount)
        if part > 0:
            _pay(site, row, str(row["InvNum"]), part)
            paid[str(row["InvNum"])] = show(Kind.DECIMAL, part)
            left -= part
    return {"paid": paid}


def post_payments(site: Site, given: PostPayments) -> dict[str, object]:
    """Post the payments of SLArpmts to SLArtrans; what pays no invoice stays on account under InvNum 0."""
    only = {"CustNum": padded(given.CustNum, 7)} if given.CustNum else {}
    posted = []
    for payment in site.tables.select(PAYMENTS, **only):
        link = {key: payment[key] for key in PAYMENTS.keys}
        left = whole(payment["ForCheckAmt"])
        for detail in site.tables.select(PAYMENT_DETAILS, **link):
            invoiced = site.tables.find(RECEIVABLES, InvNum=detail["InvNum"], Type="I")
            if invoiced is None:
                raise IdoError(f"Invoice [{detail['InvNum']}] is not posted.")
            _pay(site, invoiced, str(detail["InvNum"]), whole(detail["ForAmtApplied"]))
            left -= whole(detail["ForAmtApplied"])
            site.tables.delete(PAYMENT_DETAILS, detail)
        if left:
            _pay(site, {"CustNum": payment["CustNum"], "CoNum": None}, _ON_ACCOUNT, left)
        site.tables.delete(PAYMENTS, payment)
        posted.append(payment["CheckNum"])
    return {"posted": posted}


def _write_lines(site: Site, number: str, amounts: InvoiceAmounts) -> None:
    for index, billed in enumerate(amounts.lines, start=1):
        line = billed.line
        site.tables.insert(
            INVOICE_LINES,
            {
                "InvNum": number,
                "InvSeq": 0,
                "InvLine": index,
                **{name: line[name] for name in ("CoNum", "CoLine", "CoRelease", "Item")},
                "QtyInvoiced": billed.quantity,
                "Price": line["DerNetPrice"],
                "DerExtendedPrice": billed.amount,
                "SiteRef": site.options.config.rpartition("_")[2][:8],
            },
        )
        invoiced = whole(line["QtyInvoiced"]) + billed.quantity
        changes: Row = {"QtyInvoiced": invoiced}
        if invoiced >= whole(line["QtyOrdered"]):
            changes["Stat"] = "C"
        site.tables.update(LINES, line, changes)


def _due(site: Site, row: Row) -> str:
    terms = site.tables.find(TERMS, TermsCode=row["TermsCode"])
    days = whole(terms["DueDays"]) if terms else 0
    return show_moment(moment_of(row, "InvDate") + timedelta(days=days))


def _post(site: Site, row: Row) -> None:
    copied = {name: row[name] for name in ("CustNum", "InvNum", "InvSeq", "InvDate", "DueDate", "Amount", "CoNum")}
    site.tables.insert(RECEIVABLES, {**copied, "CheckSeq": 0, "Type": "I", "Active": 1, "DiscAmt": 0})
    site.tables.delete(UNPOSTED_INVOICES, row)


def _open(site: Site, invoiced: Row) -> int:
    paid = site.tables.select(RECEIVABLES, CustNum=invoiced["CustNum"], InvNum=invoiced["InvNum"], Type="P")
    return whole(invoiced["Amount"]) - sum(whole(row["Amount"]) for row in paid)


def _pay(site: Site, owner: Row, invoice_number: str, amount: int) -> None:
    earlier = site.tables.select(RECEIVABLES, CustNum=owner["CustNum"], InvNum=invoice_number)
    site.tables.insert(
        RECEIVABLES,
        {
            "CustNum": owner["CustNum"],
            "InvNum": invoice_number,
            "InvSeq": 0,
            "CheckSeq": 1 + max((whole(row["CheckSeq"]) for row in earlier), default=0),
            "Type": "P",
            "InvDate": site.tables.today(),
            "Amount": amount,
            "CoNum": owner["CoNum"],
            "Active": 1,
            "PayType": "C",
            "DiscAmt": 0,
        },
    )
