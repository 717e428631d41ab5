"""Pools: the worlds of a vector environment in this process, or divided among workers.

A worker that dies or hangs is replaced, and no step is lost: episodes are exact, so the worlds of a dead worker are
replayed from the origins of their episodes and the actions since.
"""

import logging
import mmap
import os
import time
import weakref
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeVar

import cloudpickle
import numpy as np

from roboschool.mdp.effects import Marker
from roboschool.physics.checkpoint import Snapshot
from roboschool.simulation.checkpoint import EpisodeOrigin
from roboschool.simulation.info import COSTS, REPORTED
from roboschool.workers.channel import wait
from roboschool.workers.crash_report import Episode, write_crash_report
from roboschool.workers.env_batch import SAME_STEP, BatchSpec, Options
from roboschool.workers.replay_log import ReplayLog
from roboschool.workers.shared_memory import rows_of
from roboschool.workers.worker import Worker, WorkerDied, kill_workers

Value = TypeVar("Value")

ATTEMPTS = 5  # to replace a worker
PAUSE = 0.1  # before another attempt, times the number of attempts: memory may have run out [s]
log = logging.getLogger("roboschool")


class WorkersDied(RuntimeError):
    """Workers died, and those that replaced them died, too: the run cannot continue."""


class WorkerPool:
    """All worlds in other processes.

    Args:
        spec: of every world.
        count: of worlds.
        workers: number of processes; their numbers of worlds differ by 1 at most.
        timeout: of a step of a worker, after which it is replaced [s]; None: no limit.

    Raises:
        WorkersDied: a worker dies while it builds its worlds.
        Exception: building a world has raised it.
    """

    def __init__(self, spec: BatchSpec, count: int, workers: int, timeout: float | None = None) -> None:
        layout = spec.layout(count)
        text = cloudpickle.dumps((spec, layout))
        self.spec = spec
        self.workers: list[Worker] = []
        memory, file = os.memfd_create("buffers"), os.memfd_create("spec")  # without names that could be left behind
        self._free = weakref.finalize(self, _free, self.workers, (memory, file))
        os.ftruncate(memory, layout.size)
        with open(file, "wb", closefd=False) as stream:
            stream.write(text)
        self.shared = layout.allocate(mmap.mmap(memory, layout.size))
        self.buffers = layout.allocate()  # the trainer's: replays write over the shared ones
        self.replay_log = ReplayLog(self.buffers.action.shape)
        self.errors: dict[int, str] = {}  # why episodes were truncated, by world, until the trainer takes them
        self.ready: deque[int] = deque()
        self.busy: dict[Worker, list[int]] = {}  # the worlds that are stepped now
        self.queued: dict[Worker, list[int]] = {}  # those that are stepped next
        self.waiting = False  # as in `LocalPool`
        self.last: dict[int, Snapshot] = {}  # likewise
        bounds = [count * number // workers for number in range(workers + 1)]
        try:
            for number, (first, stop) in enumerate(pairwise(bounds)):
                self.workers.append(Worker(number, range(first, stop), memory, file, timeout))
            for worker in self.workers:
                worker.send("mark_done", ())
            for worker in self.workers:
                worker.receive()
        except BaseException as error:
            self.close()
            if isinstance(error, WorkerDied):
                raise WorkersDied(f"a worker died while it built its worlds: {error}") from None
            raise

    def reset(self, seeds: Mapping[int, int | None], options: Options) -> None:
        """Begin an episode in some worlds, with options of the game, when all steps that were sent are done.

        Raises:
            WorkersDied: replaced workers die, too.
            Exception: a world has raised it.
        """
        while self.busy or self.queued:
            self._collect()
        self.ready = deque(world for world in self.ready if world not in seeds)
        self.last = {world: last for world, last in self.last.items() if world not in seeds}
        tasks = {worker: (_local(worker, seeds), _local(worker, options)) for worker in self.workers}
        chosen = [worker for worker in self.workers if tasks[worker][0]]
        for worker in chosen:
            worker.send("reset", *tasks[worker])
        for worker in chosen:
            try:
                origins = worker.receive()
            except WorkerDied as error:
                origins = self._call_again(worker, error, "reset", *tasks[worker])
            self._note_begun(worker, origins)
            self.buffers.copy_results(self.shared, [world + worker.worlds.start for world in tasks[worker][0]])
        for world, seed in seeds.items():
            self.replay_log.seed(world, seed)
            self.replay_log.options[world] = {**self.replay_log.options[world], **options.get(world, {})}
            self.errors.pop(world, None)

    def set_ranges(self, ranges: Mapping[int, Any]) -> None:
        """Randomize with other ranges from the next episode on, in some worlds, when all steps that were sent are done.

        Raises:
            WorkersDied: replaced workers die, too.
        """
        while self.busy or self.queued:
            self._collect()
        self.replay_log.ranges.update(ranges)
        for worker in self.workers:
            if own := _local(worker, ranges):
                try:
                    worker.call("set_ranges", own)
                except WorkerDied as error:
                    self._restart(worker, error)

    def send(self, worlds: Sequence[int]) -> None:
        """Step some worlds with the actions in the buffers."""
        chosen = set(worlds)
        for worker in self.workers:
            mine = [world for world in worker.worlds if world in chosen]
            if mine:
                self.queued.setdefault(worker, []).extend(mine)
        self._send_queued()

    def recv(self, count: int) -> list[int]:
        """Wait until `count` worlds have been stepped, and return the first ones.

        Raises:
            WorkersDied: replaced workers die, too.
            Exception: a world has raised it.
        """
        while len(self.ready) < count:
            self._collect()
        return [self.ready.popleft() for _ in range(count)]

    def picture(self, world: int) -> tuple[Snapshot, list[Marker]]:
        """Return what a camera needs to draw a world.

        Raises:
            WorkersDied: replaced workers die, too.
        """
        worker = next(worker for worker in self.workers if world in worker.worlds)
        while worker in self.busy:
            self._collect()
        place = world - worker.worlds.start
        try:
            seen: tuple[Snapshot, list[Marker]] = worker.call("picture", place)
        except WorkerDied as error:
            seen = self._call_again(worker, error, "picture", place)
        return seen

    def abandon(self) -> None:
        """Drop all steps that were sent, and kill the workers that have not replied; every world must be reset."""
        kill_workers(worker for worker in self.workers if worker.pending)
        self.ready.clear()
        self.busy.clear()
        self.queued.clear()

    def close(self) -> None:
        """Kill all workers at once, whatever they are doing; a second call does nothing."""
        self._free()

    def _send_queued(self) -> None:
        """Send queued steps to idle workers."""
        for worker in [worker for worker in self.queued if worker not in self.busy]:
            worlds = self.queued.pop(worker)
            rows = rows_of(worlds)
            self.shared.action[rows] = self.buffers.action[rows]
            self.busy[worker] = worlds
            worker.send("step", [world - worker.worlds.start for world in worlds])

    def _collect(self) -> None:
        """Wait for workers, and take their results."""
        self._send_queued()
        by_channel = {worker.channel: worker for worker in self.busy}
        self.waiting = True
        ready = wait(by_channel)
        self.waiting = False
        for channel in ready:
            self._receive(by_channel[channel])

    def _receive(self, worker: Worker) -> None:
        worlds = self.busy[worker]
        try:
            begun = worker.receive()
        except WorkerDied as error:
            self._retry(worker, worlds, error)
        else:
            self._note(worker, worlds, *begun)
        del self.busy[worker]

    def _note(
        self, worker: Worker, worlds: list[int], origins: dict[int, int | EpisodeOrigin], last: dict[int, Snapshot]
    ) -> None:
        """Take the results of a step of some worlds, and record it for replays."""
        self.replay_log.add(worlds, self.buffers.action[rows_of(worlds)])
        self._note_begun(worker, origins)
        self.last |= {world + worker.worlds.start: snapshot for world, snapshot in last.items()}
        self.buffers.copy_results(self.shared, worlds)
        self.ready.extend(worlds)

    def _note_begun(self, worker: Worker, origins: dict[int, int | EpisodeOrigin]) -> None:
        for world, origin in origins.items():
            self.replay_log.begin(world + worker.worlds.start, origin)

    def _retry(self, worker: Worker, worlds: list[int], error: WorkerDied) -> None:
        """Repeat a step in which a worker died; the episodes of worlds in which workers die again are truncated."""
        self._restart(worker, error)
        try:
            self._step(worker, worlds)
        except WorkerDied as latest:
            error = latest
        else:
            return
        truncated = []
        for world in worlds:  # one by one, to find out which it is
            if worker.dead:
                self._restart(worker, error)
            try:
                self._step(worker, [world])
            except WorkerDied as latest:
                error = latest
                self._truncate(world, error)
                truncated.append(world)
        if worker.dead:
            self._restart(worker, error)
        if self.spec.autoreset == SAME_STEP:
            for world in truncated:
                self.buffers.observation[world] = self.shared.observation[world]
                self.buffers.info[world] = self.shared.info[world]

    def _step(self, worker: Worker, worlds: list[int]) -> None:
        self.shared.action[worlds] = self.buffers.action[worlds]
        self._note(worker, worlds, *worker.call("step", [world - worker.worlds.start for world in worlds]))

    def _truncate(self, world: int, error: WorkerDied) -> None:
        """Truncate the episode of a world in which workers die."""
        replay_log, buffers = self.replay_log, self.buffers
        message = f"{replay_log.position(world)} has ended its workers: {error}"
        actions = [*replay_log.actions[: replay_log.lengths[world], world], buffers.action[world]]
        origin = replay_log.origins[world]
        assert origin is not None
        try:
            episode = Episode(self.spec.alone(world), origin, replay_log.options[world], np.array(actions))
            path = write_crash_report(f"Scene {self.spec.scene.name!r}: {message}.", episode)
            self.errors[world] = f"{message}; to replay it: python {path}"
        except OSError as error:
            self.errors[world] = f"{message}; no crash report can be written: {error}"
        log.warning("its episode is truncated: %s", self.errors[world])
        buffers.reward[world] = 0.0
        names = self.spec.info_names
        earned = [
            n
            for n, name in enumerate(names)
            if n < names.index(REPORTED[0]) or name == "cost" or name.startswith(COSTS)
        ]
        buffers.info[world, :, earned] = 0.0
        buffers.terminated[world], buffers.truncated[world] = False, True
        buffers.final_observation[world], buffers.final_info[world] = buffers.observation[world], buffers.info[world]
        replay_log.begin(world, replay_log.next_seed(world), done=self.spec.autoreset != SAME_STEP)
        self.ready.append(world)

    def _call_again(self, worker: Worker, error: WorkerDied, name: str, *arguments: Any) -> Any:
        """Restart a worker that died, and call the method again.

        Raises:
            WorkersDied: the new worker dies, too.
        """
        self._restart(worker, error)
        try:
            return worker.call(name, *arguments)
        except WorkerDied as latest:
            raise WorkersDied(f"two workers died in {name!r}: {latest}") from None

    def _restart(self, worker: Worker, error: WorkerDied) -> None:
        """Start a process in place of a dead one, and replay the episodes of its worlds.

        Raises:
            WorkersDied: this fails repeatedly.
        """
        for attempt in range(ATTEMPTS):
            log.warning("worker %d died (%s); another one replays its episodes", worker.number, error)
            time.sleep(attempt * PAUSE)
            try:
                self._replay(worker)
            except WorkerDied as latest:
                error = latest
            else:
                return
        raise WorkersDied(f"{ATTEMPTS} workers died one after the other, the last one: {error}")

    def _replay(self, worker: Worker) -> None:
        kill_workers([worker])
        worker.start()
        first, replay_log = worker.worlds.start, self.replay_log
        begun = [world for world in worker.worlds if replay_log.origins[world] is not None]
        for world in begun:
            worker.call("reset", {world - first: replay_log.origins[world]}, {world - first: replay_log.options[world]})
        for worlds, actions in replay_log.replay(begun):
            self.shared.action[worlds] = actions
            worker.call("step", [world - first for world in worlds], False)
        worker.call("mark_done", [world - first for world in begun if replay_log.done[world]])
        worker.call("set_ranges", _local(worker, replay_log.ranges))


def _local(worker: Worker, values: Mapping[int, Value]) -> dict[int, Value]:
    """Return the values of a worker's worlds, by their numbers in the worker."""
    return {world - worker.worlds.start: values[world] for world in worker.worlds if world in values}


def _free(workers: Iterable[Worker], files: Iterable[int]) -> None:
    kill_workers(workers)
    for file in files:
        os.close(file)
