"""Certifies one flow: clean runs first, then one run per fault, each compared with the clean ones."""

import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.crash.matrix_lives import Life, life_of
from tests.crash.matrix_plan import Fault
from tests.crash.matrix_replay import ReplayFailedError, replay
from tests.crash.matrix_result import Certified, Result, as_json, good_of
from tests.crash.matrix_stand import Stand, local_broker
from tests.crash.matrix_state import Clean, Eyes, Names, State, moved

from penstock.cli.demo_play import Play
from penstock.cli.demo_reasons import reasons
from penstock.cli.errors import CommandError, Exit
from penstock.cli.letters import about, open_letters
from penstock.cli.stack import PENSTOCK, SERVICES
from penstock.cli.status import is_quiet
from penstock.connectors.contract import Notification
from penstock.ingress.notes import note_bytes, note_key
from penstock.log.broker import LocalBroker
from penstock.log.kafka import producer
from penstock.records.raw import EntityRef

PROCESSES = (*SERVICES, "replay")
CLEAN_RUNS, FEW_CLEAN_RUNS, FEW = 3, 2, 10
"""Clean runs before all others; for up to ten of these, two are enough."""
RUNS_PER_STACK = 50
LOOK_EVERY = 0.6
SETTLE_SECONDS = 150.0
LOAD_SECONDS = 600.0
REACH_SECONDS = 6.0
"""How long a run that has settled waits for a fault that has not come yet: it will not come any more."""
STAYS_SECONDS = 1.0
"""For so long the end state must stay as it is: a double may come late."""

Tell = Callable[[str], None]


class Certification:
    """One flow, one broker, one stack at a time."""

    def __init__(self, flow: str, data: Path, part: Path, tell: Tell, until: float) -> None:
        """`part`: what was found, after each run; what is in it already is not run again, but for differences."""
        self.flow = flow
        self._part = part
        self._data, self._tell, self._until = data, tell, until
        shutil.rmtree(data / "kafka", ignore_errors=True)  # each stack begins with topics of its own
        self._broker: LocalBroker = local_broker(data / "kafka")
        self._stand: Stand | None = None
        self._life: Life | None = None
        self._stands = len(list(data.glob("stack-*")))
        self._runs = self._on_stand = 0
        self.done = Certified(flow)
        self._starting: dict[str, set[str]] = {}

    def certify(self, faults: Sequence[Fault], sample: int | None = None) -> Certified:
        """The first `sample` of these faults whose steps the flow comes by at all, one after another."""
        began = time.monotonic()
        if self._part.exists():
            self.done.results, seconds = good_of(self._part.read_text(encoding="utf-8"))
            began -= seconds
        self._broker.start()
        try:
            clean = self._clean_runs(FEW_CLEAN_RUNS if sample is not None and sample <= FEW else CLEAN_RUNS)
            chosen = [fault for fault in faults if fault.arming.name in self.done.hits[fault.service]][:sample]
            self.done.planned = len(chosen)
            self.done.results = [each for each in self.done.results if each.fault in chosen]
            known = {each.fault for each in self.done.results}
            for number, fault in enumerate(chosen, 1):
                if fault in known:
                    continue
                if time.monotonic() > self._until:
                    self._tell("no time for more runs")
                    break
                result = self._fault_run(fault, clean)
                self.done.results.append(result)
                self._save(began)
                said = "; ".join(result.differences) or ("as clean" if result.reached else "not reached")
                self._tell(f"run {number} of {len(chosen)} {fault}: {said} ({result.seconds:.0f} s)")
                if result.differences:
                    self._leave(keep=True)
        finally:
            self._save(began)
            self._leave()
            self._broker.close()
        return self.done

    def _save(self, began: float) -> None:
        self.done.seconds = time.monotonic() - began
        part = self._part.with_suffix(".new")
        part.write_text(as_json(self.done), encoding="utf-8")
        part.replace(self._part)

    def _clean_runs(self, count: int) -> Clean:
        self._fresh()
        states: list[State] = []
        hits: dict[str, Counter[str]] = {}
        for service in PROCESSES:
            self._starting[service] = set(self.stand.news(service)[0])
        for _ in range(count):
            found, left = self._run(None, None)
            if left:
                raise RuntimeError(f"a clean run of {self.flow} did not settle: {'; '.join(left)}")
            states += found
            for service in PROCESSES:
                hits.setdefault(service, Counter()).update(self.stand.news(service)[0])
        self.done.hits = {
            service: counted + Counter(dict.fromkeys(self._starting[service], 1)) for service, counted in hits.items()
        }
        self._starting = {service: names - set(hits[service]) for service, names in self._starting.items()}
        clean = Clean.of(states)
        self.done.ignored = sum(map(len, clean.ignored.values()))
        self._tell(f"{self.flow}: {count} clean runs agree, {self.done.ignored} columns of ids and times aside")
        return clean

    def _fault_run(self, fault: Fault, clean: Clean) -> Result:
        self._fresh()
        began = time.monotonic()
        self._reached = False
        _, left = self._run(fault, clean)
        if not self._reached and not left:  # the orders may have been past the step before it was armed
            _, left = self._run(fault, clean, early=True)
        return Result(fault, self._reached, left, time.monotonic() - began)

    # --- one run

    @property
    def stand(self) -> Stand:
        assert self._stand is not None
        return self._stand

    def _run(
        self, fault: Fault | None, clean: Clean | None, *, early: bool = False
    ) -> tuple[Sequence[State], Sequence[str]]:
        """The end states (before a replay of the orders, and after it), and what is wrong with the last one.

        early: the step is armed before the orders are placed, and not amid their lives.
        """
        assert self._life is not None
        self._runs += 1
        self._on_stand += 1
        stand, life = self.stand, self._life
        eyes = Eyes({life.source[0]: life.shop, life.erp_name: life.erp})
        before = eyes.take()
        since = datetime.now(UTC)
        if fault is not None and early:
            stand.arm(fault)
        play, texts = life.begin(self._runs)
        columns = {each.native_id: f"order-{place}" for place, each in enumerate(play.placed, 1)}
        if fault is not None and not early:
            stand.news(fault.service)
            stand.arm(fault)
        self._junk(life)  # some steps are there for nothing else
        if fault is not None and not early and fault.arming.name in self._starting[fault.service]:
            time.sleep(1.0)
            stand.supervisor.kill(fault.service)

        def end() -> State:
            named = {str(number): name for number, name in columns.items()}
            names = Names(texts, {column: dict(named) for column in ("orders.id", "id_order", "salesOrderId")})
            return moved(before, eyes.take(), names)

        deadline = time.monotonic() + SETTLE_SECONDS
        settled_at: float | None = None
        redriven = False
        states: list[State] = []
        replays = fault is None or fault.service == "replay"
        left: Sequence[str] = ["nothing was looked at"]
        while time.monotonic() < deadline:
            time.sleep(LOOK_EVERY)
            self._look_for(fault)
            if fault is not None and fault.arming.action == "raise" and self._reached and not redriven:
                redriven = self._redrive()
            left = self._unsettled(play)
            if left:
                settled_at = None
                continue
            now = time.monotonic()
            settled_at = settled_at or now
            waits = fault is not None and fault.service != "replay" and not self._reached
            if waits and now - settled_at < REACH_SECONDS:
                continue
            state = end()
            left = clean.differences(state) if clean is not None else []
            if left or now - settled_at < STAYS_SECONDS:
                continue
            states.append(state)
            if not replays or len(states) == 2:
                break
            try:
                replay(stand, since, lambda: self._look_for(fault))
            except ReplayFailedError as error:
                left = [str(error)]
                break
            settled_at, deadline = None, time.monotonic() + SETTLE_SECONDS
        else:
            left = left or [f"it did not stay at rest within {SETTLE_SECONDS:.0f} s"]
        if fault is not None:
            stand.disarm(fault.service)
            stand.end_second()
        return states, left

    def _look_for(self, fault: Fault | None) -> None:
        if fault is None or self._reached:
            return
        _, pid = self.stand.news(fault.service)
        if pid is not None:
            self._reached = True
            self.stand.carry_out(fault, pid)

    def _unsettled(self, play: Play) -> Sequence[str]:
        assert self._life is not None
        try:
            play.act()
            if play.acts_left and {each.ref for each in play.placed} <= set(play.snapshot.booked()):
                return ["acts are to come"]
            why = reasons(self.stand.view, {self._life.source: self._life.tag}).get(self._life.tag, [])
            mine = {each.ref for each in play.placed}
            books = play.books([reason for reason in why if reason.ref in mine])
            left = list(play.unsettled(books))
            return left or ([] if is_quiet(self.stand.view) else ["the log is not read to its end"])
        except CommandError as error:
            if error.code != Exit.UNREACHABLE:
                raise
            self.stand.look_afresh()
            return [str(error)]

    def _junk(self, life: Life) -> None:
        """What no run may stumble over: bytes that are nothing, and news of an order that is not there."""
        system, instance = life.source
        gone = Notification(EntityRef(system, instance, "order", str(900_000_000 + self._runs)), "webhook", "junk")
        settings = self.stand.settings
        client = producer(settings)
        news = settings.topic(f"raw.{system}.notification")
        client.produce(news, key=f"order:{instance}:junk{self._runs}".encode(), value=b"junk")
        client.produce(news, key=note_key(gone.ref), value=note_bytes(gone))
        for headers in ({}, {"targets": life.target.encode()}):
            key = f"junk{self._runs}".encode()
            client.produce(settings.topic("canonical.order"), key=key, value=b"junk", headers=headers)
        if client.flush(10):
            raise RuntimeError("the broker does not take the junk")

    def _redrive(self) -> bool:
        """What the exception has made a dead letter is tried again, as a person would. True when there was any."""
        letters = [about(record) for record in open_letters(self.stand.view)]
        failed = [letter for letter in letters if "CheckpointError" in str(letter["error_class"])]
        for letter in failed:
            self._penstock("dlq", "retry", str(letter["place"]), "--why", "certification")
        return bool(failed)

    def _penstock(self, *arguments: str) -> None:
        env = {**os.environ, **self.stand.stack.variables(), "PENSTOCK_TOPIC_PREFIX": self.stand.settings.topic_prefix}
        done = subprocess.run(
            [*PENSTOCK, *arguments, "--bootstrap", self.stand.settings.bootstrap],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=env,
        )
        if done.returncode:
            self._tell(f"penstock {' '.join(arguments)}: {done.stdout}{done.stderr}")

    # --- stacks

    def _fresh(self) -> None:
        """A new stack at the first run, after a difference, and when the old one has grown."""
        if self._stand is not None and self._on_stand < RUNS_PER_STACK:
            return
        self._leave()
        self._stands += 1
        self._on_stand = 0
        folder = self._data / f"stack-{self._stands}"
        self._stand = Stand(self.flow, folder, self._broker, self._stands, self._tell)
        self._stand.start()
        self._life = life_of(self._stand.stack, self.flow)
        self._loaded()

    def _loaded(self) -> None:
        """Waits until the first load is through: stock agrees, everything is read."""
        assert self._life is not None
        play = Play(self._life.scene_of(), self._life.tag)
        deadline = time.monotonic() + LOAD_SECONDS
        while left := self._unsettled(play):
            if time.monotonic() > deadline:
                raise RuntimeError(f"the first load is not through: {left}")
            time.sleep(1.0)
        self._tell(f"stack {self._stands} of {self.flow} is ready")

    def _leave(self, *, keep: bool = False) -> None:
        if self._life is not None:
            self._life.close()
        if self._stand is not None:
            self._stand.stop(keep=keep)
        self._life = self._stand = None
