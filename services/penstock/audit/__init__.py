"""Do the books balance: the log, and what the systems list, compared.

`reading` and `listing` read, `run` brings both together, the rest is pure.
"""
