"""Replay: raw documents mapped once more, canonical records sent once more, and the cross-reference built anew.

It reads the log and writes to the log. Only a sink writes to a target, by the effect protocol. No Faust: the transform
is the processors' own, called directly.
"""
