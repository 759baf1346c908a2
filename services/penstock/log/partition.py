"""Kafka's own placement of keys: murmur2 with the seed and the sign handling of the Java client."""

import struct
from functools import cache

_SEED = 0x9747B28C
_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


@cache
def _words(count: int) -> struct.Struct:
    return struct.Struct(f"<{count}I")


def murmur2(data: bytes) -> int:
    """The 32-bit murmur2 of Kafka's `Utils.murmur2`, as an unsigned number."""
    length = len(data)
    value = (_SEED ^ length) & _MASK
    for word in _words(length >> 2).unpack_from(data):
        k = word * _M & _MASK
        value = (value * _M & _MASK) ^ ((k ^ k >> 24) * _M & _MASK)
    if rest := data[length & ~3 :]:
        value = (value ^ int.from_bytes(rest, "little")) * _M & _MASK
    value = (value ^ value >> 13) * _M & _MASK
    return value ^ value >> 15


def partition_for(key: bytes, partitions: int) -> int:
    """Partition of `key` in a topic of `partitions` partitions, the same for Java, aiokafka and librdkafka clients."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
