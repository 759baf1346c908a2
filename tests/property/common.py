"""What both directions share: how many examples, rates of exchange, and what counts as shown arithmetic."""

from __future__ import annotations

import os
from decimal import ROUND_HALF_UP, Decimal

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("PENSTOCK_PROPERTY_EXAMPLES", "2000"))
TIMEOUT = 120 if EXAMPLES <= 2000 else 0
"""Seconds for a test; 0 is no limit."""
thorough = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
few = settings(thorough, max_examples=max(EXAMPLES // 20, 1))

ONE_DOLLAR = {"USD": Decimal(1), "EUR": Decimal("0.9217"), "JPY": Decimal("149.37"), "KWD": Decimal("0.3073")}
RATES = """
base: USD
max_age_days: 1000
rounding: {mode: half_up}
rates:
  2025-03-01: {EUR: '0.9217', JPY: '149.37', KWD: '0.3073'}
"""
CENT = Decimal("0.01")
SUMS = {"lines-total", "discounts-total", "order-total", "gross", "unit-price", "tax-total", "tax-rate"}
"""Rules of validation that are told with their arithmetic."""


def in_dollars(amount: Decimal, currency: str) -> Decimal:
    return (amount / ONE_DOLLAR[currency]).quantize(CENT, ROUND_HALF_UP)
