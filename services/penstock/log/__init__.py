"""The Kafka log: broker for one machine, topics, wire format, headers, loaders, cross-reference and fates.

Nothing here knows a connector, a flow or a target system.
"""
