"""What the actions share: strict inputs, padded keys, amounts as the admin API takes them (numbers or text)."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from penstock.connectors.infor.sandbox.values import SCALE, IdoError


class Input(BaseModel):
    """Base of every action's input: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)


def padded(number: str, width: int) -> str:
    """A key as the site stores it; people may leave the leading spaces out."""
    return number.rjust(width) if number.strip().isdigit() else number


def scaled(amount: Decimal) -> int:
    """An amount in stored form. Raises IdoError when it has more than eight places."""
    value = amount * SCALE
    if value != value.to_integral_value():
        raise IdoError(f"[{amount}] has more than eight decimal places.")
    return int(value)


def wire(amount: Decimal) -> str:
    """An amount as an update carries it."""
    return f"{amount:f}"
