"""Options that several commands share, and how what they name fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from penstock.cli.errors import CommandError, Exit
from penstock.log.jars import JarsError
from penstock.log.kafka import KafkaSettings
from penstock.log.loader import LoaderError
from penstock.log.registry_client import RegistryClient, RegistryError
from penstock.log.scan import ScanError
from penstock.log.schemas import SchemaError
from penstock.log.topics import ClusterError, TopicsError
from penstock.log.wire import WireError

Bootstrap = Annotated[
    str | None, typer.Option("--bootstrap", help="Kafka, host:port[,host:port]. Default: PENSTOCK_BOOTSTRAP.")
]
Registry = Annotated[str | None, typer.Option("--registry", help="Schema registry. Default: PENSTOCK_REGISTRY_URL.")]
Json = Annotated[bool, typer.Option("--json", help="JSON for machines.")]
Host = Annotated[str, typer.Option("--host", help="Address to listen on.")]


def kafka(bootstrap: str | None) -> KafkaSettings:
    """The cluster from the option, else from the environment."""
    return KafkaSettings.from_env(bootstrap=bootstrap)


def registry(url: str | None) -> RegistryClient:
    """The registry from the option, else from the environment."""
    return RegistryClient.from_env(url=url)


@contextmanager
def reachable() -> Iterator[None]:
    """Turn the errors of the log into exit codes: 2 for a wrong file, 3 for what does not answer."""
    try:
        yield
    except (SchemaError, TopicsError) as error:
        raise CommandError(str(error), Exit.USAGE) from error
    except RegistryError as error:
        raise CommandError(str(error), Exit.UNREACHABLE if not error.code else Exit.NO) from error
    except WireError as error:
        raise CommandError(str(error)) from error
    except (ClusterError, LoaderError, ScanError, JarsError) as error:
        raise CommandError(str(error), Exit.UNREACHABLE) from error
