"""Alerts go to people: topic `alert` in, grouped messages to a webhook and by mail out.

`alert.py` reads a record, `desk.py` groups, `message.py` is what people see, `webhook.py` and `smtp.py` deliver,
`courier.py` joins them for one channel. No sink, no connector of a system, no document in here.
"""
