"""Copies shared out to workers. One that dies or hangs is replaced, and its copies catch up: nothing is lost.

An episode is exact, so the one that a lost worker was in is replayed from what it began from and the actions so far.
"""

import logging
import mmap
import os
import time
import weakref
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from select import POLLIN, poll
from typing import Any, TypeVar

import cloudpickle
import numpy as np

from roboschool.mdp.effects import Marker
from roboschool.physics.checkpoint import Snapshot
from roboschool.simulation.checkpoint import EpisodeOrigin
from roboschool.simulation.info import REPORTED
from roboschool.workers.crash_report import Episode, write_reproduction
from roboschool.workers.env_batch import SAME_STEP, BatchSpec, EnvBatch, Options
from roboschool.workers.replay_log import ReplayLog
from roboschool.workers.shared_memory import rows_of
from roboschool.workers.worker import Worker, WorkerDied, end

Value = TypeVar("Value")

ATTEMPTS = 5  # workers started in place of one, until it is given up
PAUSE = 0.1  # before another attempt, for what there was too little of [s]
log = logging.getLogger("roboschool")


class WorkersDied(RuntimeError):
    """Workers die again and again where nothing new is done; the run cannot go on."""


class LocalPool:
    """All copies in this process.

    Args:
        job: what every copy does.
        count: how many copies.
    """

    waiting = False  # whether it does nothing but wait, so that an interruption does no harm

    def __init__(self, job: BatchSpec, count: int) -> None:
        self.board = job.layout(count).board()
        self.copies = EnvBatch(job, self.board)
        self.errors: dict[int, str] = {}  # nothing can go wrong here but what is raised
        self.ready: deque[int] = deque()

    def begin(self, seeds: Mapping[int, int | None], options: Options) -> None:
        """Begin an episode in some copies, with these options of the game."""
        self.ready = deque(copy for copy in self.ready if copy not in seeds)
        self.copies.begin(seeds, options)

    def send(self, copies: Sequence[int]) -> None:
        """Let some copies act as the board says."""
        self.copies.step(copies)
        self.ready.extend(copies)

    def recv(self, count: int) -> list[int]:
        """Return the copies that have acted first, so many of them."""
        return [self.ready.popleft() for _ in range(count)]

    def picture(self, copy: int) -> tuple[Snapshot, list[Marker]]:
        """Return what a camera needs to see a copy."""
        return self.copies.picture(copy)

    def abandon(self) -> None:
        """Forget what has been sent; every copy must begin anew."""
        self.ready.clear()

    def close(self) -> None:
        """Free all worlds."""
        self.copies.close()


class WorkerPool:
    """All copies in other processes.

    Args:
        job: what every copy does.
        count: how many copies.
        workers: how many processes; each has as many copies as the others, or one more.
        seconds: how long a step of a worker may take before it is replaced; None: as long as it takes.

    Raises:
        WorkersLost: a worker dies while it builds its worlds.
        Exception: whatever building a copy raises.
    """

    def __init__(self, job: BatchSpec, count: int, workers: int, seconds: float | None = None) -> None:
        layout = job.layout(count)
        text = cloudpickle.dumps(job)
        self.job = job
        self.workers: list[Worker] = []
        memory, told = os.memfd_create("board"), os.memfd_create("job")  # without a name that could be left behind
        self._free = weakref.finalize(self, _free, self.workers, (memory, told))
        os.ftruncate(memory, layout.size)
        with open(told, "wb", closefd=False) as file:
            file.write(text)
        self.shared = layout.board(mmap.mmap(memory, layout.size))
        self.board = layout.board()  # the trainer's: replays write over the shared one
        self.replay_log = ReplayLog(self.board.action.shape)
        self.errors: dict[int, str] = {}  # why episodes were given up, by copy, until the trainer takes them
        self.ready: deque[int] = deque()
        self.busy: dict[Worker, list[int]] = {}  # the copies that act now
        self.queued: dict[Worker, list[int]] = {}  # those that act next
        self.waiting = False  # whether it does nothing but wait, so that an interruption does no harm
        bounds = [count * number // workers for number in range(workers + 1)]
        try:
            for number, (first, stop) in enumerate(pairwise(bounds)):
                self.workers.append(Worker(number, range(first, stop), layout, memory, told, seconds))
            for worker in self.workers:
                worker.ask("finish", ())
            for worker in self.workers:
                worker.answer()
        except BaseException as error:
            self.close()
            if isinstance(error, WorkerDied):
                raise WorkersDied(f"a worker was lost while it built its worlds: {error}") from None
            raise

    def begin(self, seeds: Mapping[int, int | None], options: Options) -> None:
        """Begin an episode in some copies, with these options of the game; what any is doing is waited for.

        Raises:
            WorkersLost: workers die whatever is done.
            Exception: whatever a copy raises.
        """
        while self.busy or self.queued:
            self._collect()
        self.ready = deque(copy for copy in self.ready if copy not in seeds)
        tasks = {worker: (_local(worker, seeds), _local(worker, options)) for worker in self.workers}
        chosen = [worker for worker in self.workers if tasks[worker][0]]
        for worker in chosen:
            worker.ask("begin", *tasks[worker])
        for worker in chosen:
            try:
                origins = worker.answer()
            except WorkerDied as lost:
                origins = self._ask_again(worker, lost, "begin", *tasks[worker])
            self._note_begun(worker, origins)
            self.board.take(self.shared, [copy + worker.copies.start for copy in tasks[worker][0]])
        for copy, seed in seeds.items():
            self.replay_log.seed(copy, seed)
            self.replay_log.options[copy] = options.get(copy) or self.replay_log.options[copy]
            self.errors.pop(copy, None)

    def send(self, copies: Sequence[int]) -> None:
        """Let some copies act as the board says."""
        chosen = set(copies)
        for worker in self.workers:
            mine = [copy for copy in worker.copies if copy in chosen]
            if mine:
                self.queued.setdefault(worker, []).extend(mine)
        self._ask_the_idle()

    def recv(self, count: int) -> list[int]:
        """Wait until so many copies have acted, and return those that were first.

        Raises:
            WorkersLost: workers die whatever is done.
            Exception: whatever a copy raises.
        """
        while len(self.ready) < count:
            self._collect()
        return [self.ready.popleft() for _ in range(count)]

    def picture(self, copy: int) -> tuple[Snapshot, list[Marker]]:
        """Return what a camera needs to see a copy.

        Raises:
            WorkersLost: workers die whatever is done.
        """
        worker = next(worker for worker in self.workers if copy in worker.copies)
        while worker in self.busy:
            self._collect()
        place = copy - worker.copies.start
        try:
            seen: tuple[Snapshot, list[Marker]] = worker.call("picture", place)
        except WorkerDied as lost:
            seen = self._ask_again(worker, lost, "picture", place)
        return seen

    def abandon(self) -> None:
        """Forget what has been sent, and end the workers that owe an answer; every copy must begin anew."""
        end(worker for worker in self.workers if worker.pending)
        self.ready.clear()
        self.busy.clear()
        self.queued.clear()

    def close(self) -> None:
        """End all workers now, whatever they are doing; again does nothing."""
        self._free()

    def _ask_the_idle(self) -> None:
        """Ask workers that do nothing for what is queued."""
        for worker in [worker for worker in self.queued if worker not in self.busy]:
            copies = self.queued.pop(worker)
            rows = rows_of(copies)
            self.shared.action[rows] = self.board.action[rows]
            self.busy[worker] = copies
            worker.ask("step", [copy - worker.copies.start for copy in copies])

    def _collect(self) -> None:
        """Wait for a worker, and take what it has done."""
        self._ask_the_idle()
        answers = poll()
        waits = [0.0 if worker.lost else worker.patience() for worker in self.busy]
        for worker in self.busy:
            if not worker.lost:
                answers.register(worker.child.line, POLLIN)
        self.waiting = True
        heard = {number for number, _ in answers.poll(min((wait for wait in waits if wait is not None), default=None))}
        self.waiting = False
        for worker in list(self.busy):
            if worker.lost or worker.child.line.fileno() in heard or worker.patience() == 0.0:
                self._finish(worker)

    def _finish(self, worker: Worker) -> None:
        copies = self.busy[worker]
        try:
            origins = worker.answer()
        except WorkerDied as lost:
            self._retry(worker, copies, lost)
        else:
            self._note(worker, copies, origins)
        del self.busy[worker]

    def _note(self, worker: Worker, copies: list[int], origins: dict[int, int | EpisodeOrigin]) -> None:
        """Take what some copies have done, and keep what a replay of them needs."""
        self.replay_log.add(copies, self.board.action[rows_of(copies)])
        self._note_begun(worker, origins)
        self.board.take(self.shared, copies)
        self.ready.extend(copies)

    def _note_begun(self, worker: Worker, origins: dict[int, int | EpisodeOrigin]) -> None:
        for copy, origin in origins.items():
            self.replay_log.begin(copy + worker.copies.start, origin)

    def _retry(self, worker: Worker, copies: list[int], lost: WorkerDied) -> None:
        """Step copies whose worker was lost in that step; those that end workers are given up."""
        self._restart(worker, lost)
        try:
            self._step(worker, copies)
        except WorkerDied as again:
            lost = again
        else:
            return
        given_up = []
        for copy in copies:  # one by one, to see which it is
            if worker.lost:
                self._restart(worker, lost)
            try:
                self._step(worker, [copy])
            except WorkerDied as again:
                lost = again
                self._truncate(copy, lost)
                given_up.append(copy)
        if worker.lost:
            self._restart(worker, lost)
        if self.job.autoreset == SAME_STEP:
            for copy in given_up:
                self.board.observation[copy] = self.shared.observation[copy]
                self.board.numbers[copy] = self.shared.numbers[copy]

    def _step(self, worker: Worker, copies: list[int]) -> None:
        self.shared.action[copies] = self.board.action[copies]
        self._note(worker, copies, worker.call("step", [copy - worker.copies.start for copy in copies]))

    def _truncate(self, copy: int, lost: WorkerDied) -> None:
        """End the episode of a copy that ends workers."""
        replay_log, board = self.replay_log, self.board
        told = f"{replay_log.where(copy)} has ended its workers: {lost}"
        actions = [*replay_log.actions[: replay_log.lengths[copy], copy], board.action[copy]]
        origin = replay_log.origins[copy]
        assert origin is not None
        try:
            episode = Episode(self.job, origin, replay_log.options[copy], np.array(actions))
            path = write_reproduction(f"Scene {self.job.scene.name!r}: {told}.", episode)
            self.errors[copy] = f"{told}; to see it again: python {path}"
        except OSError as error:
            self.errors[copy] = f"{told}; no file can be written to see it again: {error}"
        log.warning("its episode is truncated: %s", self.errors[copy])
        board.reward[copy] = 0.0
        board.numbers[copy, :, : self.job.numbers.index(REPORTED[0])] = 0.0
        board.terminated[copy], board.truncated[copy] = False, True
        board.final_observation[copy], board.final_numbers[copy] = board.observation[copy], board.numbers[copy]
        replay_log.begin(copy, replay_log.next_seed(copy), over=self.job.autoreset != SAME_STEP)
        self.ready.append(copy)

    def _ask_again(self, worker: Worker, lost: WorkerDied, name: str, *arguments: Any) -> Any:
        """Ask another worker what a lost one did not answer.

        Raises:
            WorkersLost: that one is lost, too.
        """
        self._restart(worker, lost)
        try:
            return worker.call(name, *arguments)
        except WorkerDied as again:
            raise WorkersDied(f"two workers were lost in {name!r}: {again}") from None

    def _restart(self, worker: Worker, lost: WorkerDied) -> None:
        """Start another worker in place of a lost one, and let it catch up.

        Raises:
            WorkersLost: that fails again and again.
        """
        for attempt in range(ATTEMPTS):
            log.warning("worker %d was lost (%s); another one catches up", worker.number, lost)
            time.sleep(attempt * PAUSE)
            try:
                self._replay(worker)
            except WorkerDied as again:
                lost = again
            else:
                return
        raise WorkersDied(f"{ATTEMPTS} workers were lost one after the other, the last one so: {lost}")

    def _replay(self, worker: Worker) -> None:
        end([worker])
        worker.start()
        first, replay_log = worker.copies.start, self.replay_log
        begun = [copy for copy in worker.copies if replay_log.origins[copy] is not None]
        for copy in begun:
            worker.call("begin", {copy - first: replay_log.origins[copy]}, {copy - first: replay_log.options[copy]})
        for copies, actions in replay_log.replay(begun):
            self.shared.action[copies] = actions
            worker.call("step", [copy - first for copy in copies], False)
        worker.call("finish", [copy - first for copy in begun if replay_log.over[copy]])


def _local(worker: Worker, values: Mapping[int, Value]) -> dict[int, Value]:
    """Return what is there for a worker's copies, by the numbers they have there."""
    return {copy - worker.copies.start: values[copy] for copy in worker.copies if copy in values}


def _free(workers: Iterable[Worker], files: Iterable[int]) -> None:
    end(workers)
    for file in files:
        os.close(file)
