"""What `penstock demo` sets up of the second flow: its sandboxes understand it, and leave nothing of the cycle out."""

from __future__ import annotations

from penstock.connectors.clarity.sandbox.options import Options
from penstock.flow.load import load_flow


def test_the_sandbox_shop_tells_refunds_and_payments_whole_and_takes_prices_and_terms_of_accounts() -> None:
    env = load_flow("clarity-sage100").env.systems["clarity"]
    assert env.sandbox is not None
    options = Options.model_validate(env.sandbox.options)
    assert (options.event_form, options.account_keys) == ("full", True)
