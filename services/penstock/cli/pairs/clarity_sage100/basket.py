"""What is in a basket of the demo, before it is known which item that is."""

from dataclasses import dataclass

ALIAS, SCARCE, BACK_ORDERED, PARTIAL = "alias", "scarce", "back-ordered", "partial"
"""Items with a part to play: one that the ERP knows by an alias, and three of which there is too little."""


@dataclass(frozen=True, slots=True)
class Line:
    """`item`: a number for any item that there is enough of, or the name of one with a part to play."""

    item: int | str
    quantity: int
