"""The engine shared by the sandboxes: storage, clock, faults, request log, admin API, serving, catalogue.

A sandbox is a server that behaves as a real system does, odd answers included. This folder knows no system: what is
particular lives in `connectors/<system>/sandbox/`. It imports nothing of ours but `records`.
"""
