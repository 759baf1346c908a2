"""What validation says of a record, the rules it knows, and the policy of a flow."""

from __future__ import annotations

import decimal
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from penstock.records.money import is_currency, minor_unit

Severity = Literal["hold", "dead-letter"]

RULES: Mapping[str, str] = {
    "required": "what every record of this kind must have is there",
    "number": "amounts, quantities and rates are finite numbers of a sane size",
    "text": "texts are texts, without control characters, and not endless",
    "reference": "our reference is the instance's tag, a hyphen and the native id",
    "status": "the status is one of the canonical statuses",
    "payment-method": "the payment method is one of the canonical methods",
    "currency": "the currency is one of ISO 4217, and one that the flow takes",
    "country": "the country is one of ISO 3166, and one that the flow takes",
    "state": "the state is given where carriers need it, and is one of the country",
    "postal-code": "the postal code has the form of the country",
    "email": "an e-mail has the form of one",
    "name": "a person or a company is named",
    "address": "street and city are there",
    "date": "the date is neither ancient nor in the future",
    "lines": "there is at least one line",
    "sku": "every line names an item",
    "quantity": "quantities are above zero, and no more is refunded than was ordered",
    "price": "prices, amounts and discounts are not negative",
    "unit-price": "quantity times unit price is the line's amount",
    "gross": "amount without tax plus tax is the amount with tax",
    "lines-total": "the lines add up to the total of the lines",
    "discounts-total": "the discounts add up to the total of the discounts",
    "order-total": "lines less discounts plus shipping plus wrapping is the order's total",
    "tax-rate": "the tax is what the rate makes of the amount, within the rounding of a line",
    "tax-total": "the taxes of a line add up to its tax",
}
"""Rule -> what it demands. `Policy.off` names those that a flow does without."""

_ROUNDING = {
    "half_up": decimal.ROUND_HALF_UP,
    "half_even": decimal.ROUND_HALF_EVEN,
    "half_down": decimal.ROUND_HALF_DOWN,
    "up": decimal.ROUND_UP,
    "down": decimal.ROUND_DOWN,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that is wrong. `message` and `value` may hold personal data: log `rule` and `field`, never these.

    hold: a person can mend or release it. dead-letter: this version of the record is no usable document.
    """

    field: str
    value: str
    rule: str
    message: str
    remedy: str
    severity: Severity


class Policy(BaseModel):
    """What a flow demands of its records: `validation:` in flow.yaml.

    currencies, countries: the only ones taken; empty: all of ISO. off: rules that are not applied.
    minor_places: decimals of a currency where the shop's differ from ISO 4217. rounding: how the shop rounds.
    price_places: decimals of a unit price. Limits are in characters: of one text, a long one (message), all extras.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    currencies: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    off: frozenset[str] = frozenset()
    minor_places: dict[str, int] = Field(default_factory=dict)
    rounding: Literal["half_up", "half_even", "half_down", "up", "down"] = "half_up"
    price_places: int = Field(default=6, ge=0, le=8)
    max_tax_rate: Decimal = Decimal(50)
    earliest: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    text_limit: int = 4_000
    long_text_limit: int = 100_000
    extras_limit: int = 500_000

    @field_validator("off")
    @classmethod
    def _known(cls, rules: frozenset[str]) -> frozenset[str]:
        for rule in sorted(rules - RULES.keys()):
            close = get_close_matches(rule, RULES, n=1)
            raise ValueError(f"no rule {rule!r}; " + (f"did you mean {close[0]!r}?" if close else ", ".join(RULES)))
        return rules

    def cent(self, currency: str) -> Decimal:
        """Smallest unit of the currency as this shop counts; a hundredth for an unknown one."""
        places = self.minor_places.get(currency)
        if places is not None:
            return Decimal(1).scaleb(-places)
        return minor_unit(currency) if is_currency(currency) else Decimal("0.01")

    def rounded(self, amount: Decimal, cent: Decimal) -> Decimal:
        return amount.quantize(cent, _ROUNDING[self.rounding])


class Findings:
    """Collects the verdicts on one record."""

    __slots__ = ("policy", "verdicts")

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.verdicts: list[Verdict] = []

    def hold(self, field: str, value: Any, rule: str, message: str, remedy: str) -> None:
        self._add(Verdict(field, shown(value), rule, message, remedy, "hold"))

    def refuse(self, field: str, value: Any, rule: str, message: str, remedy: str) -> None:
        self._add(Verdict(field, shown(value), rule, message, remedy, "dead-letter"))

    def _add(self, verdict: Verdict) -> None:
        if verdict.rule not in self.policy.off:
            self.verdicts.append(verdict)


def shown(value: Any) -> str:
    """A value for a person, short: a text of ten megabytes shows its beginning and its length."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return str(value) if abs(value.adjusted()) > 30 else f"{value:f}"
    if not isinstance(value, str):
        value = repr(value)[:200]
    text = "".join(char if char.isprintable() else "�" for char in value[:80])
    return text if len(value) <= 80 else f"{text}… ({len(value)} characters)"
