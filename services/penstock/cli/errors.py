"""Exit codes of `penstock`, and the error that carries one to the shell."""

from enum import IntEnum


class Exit(IntEnum):
    """What a script may rely on."""

    OK = 0
    NO = 1  # the answer is "no", or problems were found
    USAGE = 2  # wrong arguments or configuration
    UNREACHABLE = 3  # broker, registry, a service or a system does not answer
    INTERNAL = 70  # a bug in penstock


class CommandError(Exception):
    """Ends a command. The text says what, where and what to do; it goes to stderr, `code` to the shell."""

    def __init__(self, text: str, code: Exit = Exit.NO) -> None:
        super().__init__(text)
        self.code = code
