"""The policies that a flow can set: what the business decides, without code (docs/flow.md)."""

from __future__ import annotations

from dataclasses import dataclass

PolicyValue = str | bool


@dataclass(frozen=True, slots=True)
class PolicySpec:
    """One policy. The default does nothing that a person would have to undo."""

    name: str
    values: tuple[PolicyValue, ...]
    default: PolicyValue
    doc: str


POLICIES: dict[str, PolicySpec] = {
    spec.name: spec
    for spec in (
        PolicySpec(
            "customers.create",
            ("auto", "review"),
            "auto",
            "an unknown customer is created, or held for review",
        ),
        PolicySpec(
            "customers.guests",
            ("own", "house"),
            "own",
            "a guest is a customer by e-mail, or is booked on the house account of the connector's settings",
        ),
        PolicySpec(
            "customers.numbers",
            ("hash", "counter"),
            "hash",
            "a new customer's number comes from the match key (the same again after a lost reply), or is counted up",
        ),
        PolicySpec(
            "customers.match_name",
            values=(True, False),
            default=True,
            doc="also find a customer by name and postal code; more than one that fits is held for review",
        ),
        PolicySpec(
            "credit",
            ("check", "ignore"),
            "check",
            "an order over the credit limit is held until the balance allows it, or is written all the same",
        ),
        PolicySpec(
            "stock.unavailable",
            ("hold", "back-order", "partial"),
            "hold",
            "what is not in stock holds the order until it is, is booked as a back order, or is split off",
        ),
        PolicySpec(
            "tax",
            ("header", "line", "schedule"),
            "header",
            "the shop's tax is a header amount, a charge line, or what the target's schedule computes",
        ),
        PolicySpec("shipping", ("header", "line"), "header", "shipping is a header amount, or a charge line"),
        PolicySpec(
            "discount", ("header", "line"), "header", "the order's discount is a header amount, or a charge line"
        ),
        PolicySpec(
            "line_discount",
            ("price", "percent"),
            "price",
            "a line's discount is inside its price (exact to the cent), or a percentage of the line",
        ),
        PolicySpec(
            "currency",
            ("convert", "hold"),
            "hold",
            "an order in another currency than the company's is converted by the flow's rates, or held",
        ),
        PolicySpec(
            "characters",
            ("transliterate", "hold"),
            "transliterate",
            "text outside the target's character set is written with near letters, or holds the record",
        ),
        PolicySpec(
            "cancel",
            ("delete", "hold"),
            "hold",
            "an order cancelled in the shop is deleted in the target while nothing has shipped, or put on hold there",
        ),
    )
}
