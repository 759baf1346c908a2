"""The rules of the trade: addresses, validation, decision tables, status ladders, matching. Pure: no I/O, no clock."""
