"""A real single-node Kafka (KRaft) as a child process: for the demo, for tests and for one machine.

The data folder survives: stop or kill the process, start it again on the same folder and port, and nothing that was
acknowledged is gone.
"""

import base64
import ctypes
import fcntl
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from penstock.log.jars import ensure_libs, find_java

HOST = "127.0.0.1"

_log = structlog.get_logger()

# The server may not outlive the process that started it. Looked up here, because nothing may be loaded after the fork.
_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1

_JVM = (
    "-Xms64M",
    "-Xmx256M",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dlog4j2.disable.jmx=true",
)

_PROPERTIES = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    # 128 MB of heap by default; 2 MB halves the broker's memory
    "log.cleaner.dedupe.buffer.size": "2097152",
    "log.cleaner.threads": "1",
    # a restart after kill -9 otherwise waits 9 s for its own old registration
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "400",
}

# Settings that let a test see compaction and deletion within a second or two.
COMPACTION_TEST_PROPERTIES = {
    "log.cleaner.backoff.ms": "200",
    "log.cleaner.min.cleanable.ratio": "0.01",
    "log.initial.task.delay.ms": "100",
    "log.retention.check.interval.ms": "1000",
    "log.segment.delete.delay.ms": "0",
}

_LOG4J = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %p %m (%c)%n
rootLogger.level = WARN
rootLogger.appenderRef.console.ref = console
logger.server.name = kafka.server.KafkaRaftServer
logger.server.level = INFO
"""


_CLAIM_SECONDS = 5  # for a broker of a killed process to be gone


class BrokerError(Exception):
    """The broker did not start; the message ends with the tail of its log."""


class LocalBroker:
    """One Kafka process on loopback.

    `data` is kept when given, else a temporary folder goes with `close()`. Ports: the given one, else those that the
    folder was last used with if they are free, else free ones. `properties` are added to server.properties.
    """

    def __init__(
        self, data: Path | None = None, port: int | None = None, *, properties: Mapping[str, str] | None = None
    ) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="penstock-kafka-") if data is None else None
        self.data = Path(self._temporary.name) if self._temporary else Path(data or "").absolute()
        self._fixed_port = port
        self._ports: tuple[int, int] | None = None
        self._extra = dict(properties or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """`host:port` for clients; known once started."""
        if self._ports is None:
            raise BrokerError("the broker has not been started")
        return f"{HOST}:{self._ports[0]}"

    @property
    def log_path(self) -> Path:
        return self.data / "broker.log"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, timeout: float = 60) -> str:
        """Start and wait until it serves; gives the bootstrap address. Call it from a thread that stays alive.

        Raises:
            BrokerError: it died twice, or did not serve in `timeout` seconds.
            JarsError: its jars cannot be had.
        """
        if self.alive:
            return self.bootstrap
        java, libs = find_java(), ensure_libs()
        self.data.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + timeout
        with self._claimed(deadline) as claim:
            for attempt in (1, 2):
                self._ports = self._choose_ports(fresh=attempt == 2)
                self._configure()
                self._format(java, libs)
                self._launch(java, libs, claim)
                if self._serving(deadline):
                    self._fixed_port = self._ports[0]  # clients know it from now on
                    return self.bootstrap
                _log.warning("kafka-start-failed", attempt=attempt, data=str(self.data), ports=self._ports)
        raise BrokerError(f"Kafka did not start, see {self.log_path}. Its last lines:\n{self._tail()}")

    def stop(self, timeout: float = 30) -> None:
        """Stop in order (SIGTERM); kill after `timeout` seconds."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Freeze it (SIGSTOP): connections stay open and nothing answers."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def wait(self) -> int:
        """Wait until the process ends by itself; its exit code."""
        return self._process.wait() if self._process else 0

    def close(self) -> None:
        """Stop, and remove the folder if it is a temporary one."""
        self.stop()
        if self._temporary:
            self._temporary.cleanup()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _claimed(self, deadline: float) -> Iterator[int]:
        """The folder's lock. The broker inherits it, so it is held until both processes have let go.

        Kafka's own lock comes too late: a second broker damages the metadata log before it looks.
        """
        give_up = min(deadline, time.monotonic() + _CLAIM_SECONDS)
        with (self.data / "penstock.lock").open("w") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    if time.monotonic() > give_up:
                        raise BrokerError(f"another broker uses {self.data}; stop it, or name another folder") from None
                    time.sleep(0.05)
                else:
                    break
            yield file.fileno()

    def _launch(self, java: Path, libs: Path, claim: int) -> None:
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(java, libs, "kafka.Kafka", str(self.data / "server.properties")),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                pass_fds=[claim],
                start_new_session=True,  # Ctrl-C is for its owner, who stops it last
                preexec_fn=_die_with_parent if _PRCTL else None,  # noqa: PLW1509 - one system call, looked up before
            )

    def _choose_ports(self, *, fresh: bool) -> tuple[int, int]:
        """(client port, controller port). A folder keeps its ports, so that clients find it after a restart."""
        known = self._ports or self._ports_of_last_run()
        if known and not fresh and self._fixed_port in (None, known[0]) and (self._ports or all(map(_is_free, known))):
            return known
        return self._fixed_port or _free_port(), _free_port()

    def _ports_of_last_run(self) -> tuple[int, int] | None:
        try:
            text = (self.data / "server.properties").read_text()
        except FileNotFoundError:
            return None
        lines = dict(line.split("=", 1) for line in text.splitlines())
        client, controller = (int(part.rpartition(":")[2]) for part in lines["listeners"].split(","))
        return client, controller

    def _configure(self) -> None:
        port, controller = self._ports or (0, 0)
        properties = {
            **_PROPERTIES,
            "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller}",
            "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
            "controller.quorum.voters": f"1@{HOST}:{controller}",
            "log.dirs": str(self.data / "data"),
            **self._extra,
        }
        (self.data / "server.properties").write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
        (self.data / "log4j2.properties").write_text(_LOG4J)

    def _format(self, java: Path, libs: Path) -> None:
        if (self.data / "data" / "meta.properties").exists():
            return
        # An id that began with "-" would be taken for an option.
        cluster = "k" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
        arguments = ["format", "-t", cluster, "-c", str(self.data / "server.properties")]
        done = subprocess.run(
            self._command(java, libs, "kafka.tools.StorageTool", *arguments),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise BrokerError(f"Kafka could not format {self.data}: {(done.stderr or done.stdout)[-2000:]}")

    def _command(self, java: Path, libs: Path, main: str, *arguments: str) -> list[str]:
        log4j = f"-Dlog4j2.configurationFile={self.data / 'log4j2.properties'}"
        return [str(java), *_JVM, log4j, "-cp", f"{libs}/*", main, *arguments]

    def _serving(self, deadline: float) -> bool:
        """True once it answers a metadata request; False when the process has ended."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0, "reconnect.backoff.max.ms": 100})
        while self.alive:
            if time.monotonic() > deadline:
                self.kill()
                raise BrokerError(f"Kafka did not serve in time, see {self.log_path}:\n{self._tail()}")
            try:
                if admin.list_topics(timeout=1).brokers:
                    return True
            except KafkaException:
                time.sleep(0.05)
        return False

    def _tail(self) -> str:
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-15:])


def _die_with_parent() -> None:
    if _PRCTL:
        _PRCTL(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
