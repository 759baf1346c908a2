"""Who is this customer in Sage 100? Requests, numbers and matches. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rapidfuzz import fuzz

from penstock.connectors.contract import CustomerRequest, Task
from penstock.connectors.sage100.client import Row
from penstock.connectors.sage100.policies import Policies
from penstock.connectors.sage100.settings import Sage100Settings
from penstock.connectors.sage100.texts import fitted
from penstock.connectors.sage100.vocabulary import customer_key
from penstock.rules.matching import normalise_email, normalise_name

TABLE = "AR_Customer"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A customer of Sage that may be the one, and how alike the names are (0 to 1)."""

    key: str
    score: float

    def __str__(self) -> str:
        return f"{self.key} ({self.score:.2f})"


def customer_request(
    customer_id: str,
    reference: str,
    task: Task,
    settings: Sage100Settings,
) -> CustomerRequest:
    """What the customer lane needs: fields of AR_Customer, and the policies and waivers of the record that asks.

    Raises FieldError where a field cannot be kept, so that the one who asks is held with the reason.
    """
    fields = dict(task.payload["customer"])
    fields["EmailAddress"] = normalise_email(fields.get("EmailAddress") or "")
    body = {
        "customer_id": customer_id,
        "reference": reference,
        "customer": fitted(TABLE, fields, settings, transliterate=Policies.of(task.policies).transliterate),
        "policies": dict(task.policies),
        "released": sorted(task.released),
    }
    return CustomerRequest(task.payload["match_key"], customer_id, body)


def new_customer(customer: Mapping[str, Any], number: str, settings: Sage100Settings) -> Row:
    """The document of a new customer."""
    return {
        "ARDivisionNo": settings.division,
        "CustomerNo": number,
        "SalespersonDivisionNo": settings.salesperson_division,
        "SalespersonNo": settings.salesperson,
        "TermsCode": settings.terms_code,
        "TaxSchedule": settings.tax_schedule,
        **customer,
    }


def hashed_number(customer: Mapping[str, Any], settings: Sage100Settings, attempt: int) -> str:
    """Prefix and 12 hex digits of the e-mail, else of name and postal code: a repeat gives the same number."""
    who = (
        str(customer.get("EmailAddress") or "") or f"{customer['CustomerName']}\n{customer.get('ZipCode', '')}".lower()
    )
    text = who if attempt == 0 else f"{who}\n{attempt}"
    return f"{settings.customer_prefix}{hashlib.sha256(text.encode()).hexdigest()[:12]}".upper()


def counted_number(settings: Sage100Settings, count: int) -> str:
    return f"{settings.counter_prefix}{count:0{settings.counter_digits}d}"


def key_of(row: Mapping[str, Any]) -> str:
    return customer_key(str(row["ARDivisionNo"]), str(row["CustomerNo"]))


def alike(customer: Mapping[str, Any], rows: Sequence[Row], at_least: float) -> list[Candidate]:
    """Customers of the same postal code whose normalised name is alike enough, the likest first."""
    name = normalise_name(str(customer["CustomerName"]))
    scored = (Candidate(key_of(row), score(name, str(row.get("CustomerName") or ""))) for row in rows)
    return sorted((each for each in scored if each.score >= at_least), key=lambda each: (-each.score, each.key))


def score(name: str, other: str) -> float:
    """How alike two names are, whatever the order of their words: 0 to 1."""
    return fuzz.token_sort_ratio(name, normalise_name(other)) / 100


def is_same_person(customer: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Is the customer that already has our number the one that we wanted to add?"""
    mail = str(customer.get("EmailAddress") or "")
    if mail:
        return normalise_email(str(row.get("EmailAddress") or "")) == mail
    return score(normalise_name(str(customer["CustomerName"])), str(row.get("CustomerName") or "")) == 1 and str(
        customer.get("ZipCode") or ""
    ) == str(row.get("ZipCode") or "")
