"""The socket that a sandbox listens on."""

import socket

from penstock.sandbox.serve import listen


def test_accepted_connections_do_not_wait_for_acknowledgements():
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            # asyncio switches Nagle's algorithm off by this; else an answer in two writes takes 40 ms
            assert accepted.proto == socket.IPPROTO_TCP
