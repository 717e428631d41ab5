"""Copies in other processes: the same bits as in this one, whatever happens to the processes."""

import dataclasses
import gc
import logging
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from batches import COPIES, story_of, tell, workers
from faults import Faulty, faulty
from folders import TESTS
from gymnasium.vector import AutoresetMode
from stories import TYPICAL
from waits import LONG, alive, gone, process_state, until

import roboschool
from roboschool.scenes.loader import load_scene
from roboschool.workers.channel import Channel
from roboschool.workers.pool import WorkersDied
from roboschool.workers.process import ChildProcess
from roboschool.workers.worker import RaisedInWorker, kill_workers

HANGS = 2.0  # how long a worker that hangs is waited for; whoever does not, answers in a hundredth of it [s]
MODES = [mode.value for mode in AutoresetMode]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the time of a worker be up as soon as its process is stopped, and not before."""
    remaining = Channel.remaining
    monkeypatch.setattr(Channel, "remaining", lambda self: 0.0 if is_stopped(self) else remaining(self))


def is_stopped(channel: Channel) -> bool:
    return process_state(channel.child.process.pid) == "T"


def strike(channel: Channel, kind: int) -> None:
    """Send a signal to a worker's process; one that shall stop has stopped after this."""
    channel.child.process.send_signal(kind)
    if kind == signal.SIGSTOP:
        until(lambda: is_stopped(channel) or not alive(channel.child.process.pid))


@pytest.mark.parametrize("name", TYPICAL)
def test_every_scene_plays_the_same_whoever_does_the_work(name: str) -> None:
    assert story_of(name, 1, 30) == story_of(name, 0, 30)


@pytest.mark.parametrize(("mode", "number"), [*zip(MODES, (1, 2, 3), strict=True)])
def test_every_way_to_begin_anew_is_the_same_with_any_number_of_workers(mode: str, number: int) -> None:
    alone = story_of("hopper", 0, 120, autoreset_mode=mode, max_episode_steps=40)
    assert story_of("hopper", number, 120, autoreset_mode=mode, max_episode_steps=40) == alone


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("kind", "mode"), [(signal.SIGKILL, mode) for mode in MODES] + [(signal.SIGSTOP, MODES[0])])
def test_a_worker_that_is_killed_or_stopped_is_not_missed(
    kind: signal.Signals, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    def kill(envs: roboschool.VectorEnv) -> Callable[[int], None]:
        return lambda step: strike(workers(envs)[1].channel, kind) if step in (0, 26, 59) else None

    arguments = {"autoreset_mode": mode, "max_episode_steps": 40}
    alone = story_of("hopper", 0, 70, **arguments)
    with caplog.at_level(logging.WARNING, "roboschool"):
        assert story_of("hopper", 2, 70, kill, timeout=LONG, **arguments) == alone
    told = [record.message for record in caplog.records]
    assert len(told) == 3
    expected = f"no answer within {LONG:g} s" if kind == signal.SIGSTOP else f"killed by {kind.name}"
    assert all("worker 1 died" in text and expected in text for text in told)


@pytest.mark.parametrize("fault", ["segfault", "hang", "give_out", "quit_quietly", "be_killed"])
def test_a_fault_in_the_middle_of_a_step_is_not_missed(
    fault: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    flag = tmp_path / "happened"
    alone = story_of(faulty("hopper", luck=-1.0), 0)
    patience = HANGS if fault == "hang" else LONG
    assert story_of(faulty("hopper", fault=fault, flag=str(flag)), 2, timeout=patience) == alone
    assert flag.exists()
    assert "another one replays its episodes" in caplog.text


@pytest.mark.slow
@pytest.mark.usefixtures("impatient")
def test_faults_at_any_moment_change_nothing(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are struck before or soon after they are asked anything: to start, build, replay, step or finish."""
    faults, steps, kinds = 25, 200, [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGSTOP, signal.SIGTERM]
    rng = np.random.default_rng(0)
    struck: list[int] = []
    allowed = 0  # three losses in one step would end the episode
    send = Channel.send

    def strike_one(channel: Channel) -> None:
        nonlocal allowed
        process = channel.child.process
        if allowed and process.pid not in struck and process.poll() is None:
            strike(channel, kinds[len(struck) % len(kinds)])
            struck.append(process.pid)
            allowed -= 1

    def send_and_strike(channel: Channel, request: bytes, timeout: float | None = None) -> None:
        moment = rng.random()
        if moment < 0.2:
            strike_one(channel)
        send(channel, request, timeout)
        if 0.2 <= moment < 0.4:
            time.sleep(rng.uniform(0.0, 0.002))  # while it is at it, or soon after
            strike_one(channel)

    def allow(step: int) -> None:
        nonlocal allowed
        unnoticed = len(struck) - caplog.text.count("died")
        allowed = max(0, 2 - unnoticed) if len(struck) * steps < faults * step else 0  # spread over the run

    monkeypatch.setattr(Channel, "send", send_and_strike)
    envs = roboschool.VectorEnv("hopper", COPIES, num_workers=2, timeout=LONG)
    story = tell(envs, steps, allow)
    pids = [worker.channel.child.process.pid for worker in workers(envs)]
    envs.close()
    assert len(struck) >= faults - 2
    assert gone(pids)
    assert story == story_of("hopper", 0, steps)
    assert len(struck) - 2 <= caplog.text.count("died") <= len(struck)  # nobody may notice the last two


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "mode"), [("segfault", mode) for mode in MODES] + [("hang", MODES[0])])
def test_what_ends_workers_again_ends_its_episode_only(fault: str, mode: str, tmp_path: Path) -> None:
    def play(scene: roboschool.Scene, **arguments: Any) -> list[tuple[Any, ...]]:
        envs = roboschool.VectorEnv(scene, COPIES, autoreset_mode=mode, **arguments)
        seen: list[tuple[Any, ...]] = [envs.reset(seed=8)]
        envs.action_space.seed(0)
        for _ in range(9):
            seen.append(envs.step(envs.action_space.sample() * 0.1))
            if mode == "Disabled" and (done := seen[-1][2] | seen[-1][3]).any():
                seen.append(envs.reset(options={"reset_mask": done}))
        envs.close()
        return seen

    bad = faulty("hopper", fault=fault, luck=0.1)  # one copy of the three of a worker
    twice = play(bad, num_workers=2, timeout=HANGS if fault == "hang" else LONG)
    good = play(faulty("hopper", luck=-1.0))
    told = twice[7][4]["worker_error"]
    hit = [copy for copy in range(COPIES) if told[copy]]
    assert 0 < len(hit) < COPIES
    for step in range(8):
        others = [copy for copy in range(COPIES) if copy not in hit]
        assert (twice[step][0][others] == good[step][0][others]).all()
    _, reward, terminated, truncated, info = twice[7]
    assert (truncated == [copy in hit for copy in range(COPIES)]).all()
    assert not terminated.any()
    assert (reward[hit] == 0.0).all()
    assert (info["_worker_error"] == truncated).all()
    text = told[hit[0]]
    assert f"environment {hit[0]} " in text
    assert f"seed {8 + hit[0]}" in text
    assert "step 7" in text
    assert ("SIGSEGV" if fault == "segfault" else f"no answer within {HANGS:g} s") in text
    if mode == "SameStep":
        assert (info["final_obs"][hit[0]] == twice[6][0][hit[0]]).all()
        assert (twice[7][0][hit[0]] != twice[6][0][hit[0]]).any()
        assert info["final_info"]["worker_error"][hit[0]] == text
    else:
        assert (twice[7][0][hit[0]] == twice[6][0][hit[0]]).all()
    file = text.rsplit("python ", 1)[1]
    if fault == "segfault":
        done = subprocess.run([sys.executable, file], capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == -signal.SIGSEGV
        assert done.stdout.splitlines()[-1] == "step 7 of 7"
    for each in filter(None, told):
        Path(each.rsplit("python ", 1)[1]).unlink()


def test_the_episode_after_one_given_up_goes_on_and_is_always_the_same(caplog: pytest.LogCaptureFixture) -> None:
    stories = [story_of(faulty("hopper", luck=0.25), number, 12) for number in (1, 2)]
    files = [record.args[0].rsplit("python ", 1)[1] for record in caplog.records if "truncated" in record.message]
    for file in files:
        Path(file).unlink()
    assert len(files) >= 2
    assert stories[0] == stories[1]


def test_workers_that_cannot_start_are_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(WorkersDied, match="while it built its worlds: ended with exit status 1"):
        roboschool.VectorEnv("hopper", 2, num_workers=1)


def test_what_a_task_raises_is_raised_here_and_a_reset_heals() -> None:
    envs = roboschool.VectorEnv(faulty("hopper", fault="fail", luck=2.0, at=3), 4, num_workers=2)
    envs.reset(seed=0)
    for _ in range(2):
        envs.step(np.zeros((4, 3)))
    with pytest.raises(LookupError, match="the task is at a loss") as caught:
        envs.step(np.zeros((4, 3)))
    with pytest.raises(roboschool.InvalidInput, match="reset"):
        envs.step(np.zeros((4, 3)))
    assert isinstance(caught.value.__cause__, RaisedInWorker)
    assert "faults.py" in str(caught.value.__cause__)
    envs.reset(seed=0)
    envs.step(np.zeros((4, 3)))
    envs.close()


def test_what_building_raises_is_raised_here() -> None:
    class Wrong(Faulty):
        def terminated(self, state: Any) -> np.ndarray:
            if len(state.array) > 1:
                raise roboschool.InvalidInput("only one world, please")
            return super().terminated(state)

    scene = load_scene("hopper")
    agents = tuple(dataclasses.replace(agent, task=Wrong(agent.robot)) for agent in scene.agents)
    with pytest.raises(roboschool.InvalidInput, match="only one world"):
        roboschool.VectorEnv(dataclasses.replace(scene, agents=agents), 4, num_workers=2)


def test_bad_actions_are_refused_before_anything_moves() -> None:
    envs = roboschool.VectorEnv("hopper", 4, num_workers=2)
    with pytest.raises(roboschool.InvalidInput, match="reset"):
        envs.step(np.zeros((4, 3)))
    first, _ = envs.reset(seed=0)
    bad = np.zeros((4, 3))
    bad[2, 1] = np.nan
    for actions, part in ((bad, "action 1"), (np.zeros((3, 3)), "shape"), (np.full((4, 3), "x"), "array of numbers")):
        with pytest.raises(roboschool.InvalidInput, match=part):
            envs.step(actions)
    again, _ = envs.reset(seed=0)
    assert (first == again).all()
    envs.close()


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ({"num_workers": -1}, ["num_workers", "-1"]),
        ({"num_workers": 1.5}, ["num_workers", "1.5"]),
        ({"num_workers": 5}, ["num_workers", "5", "4 copies"]),
        ({"timeout": 0}, ["timeout", "0"]),
        ({"timeout": "long"}, ["timeout", "'long'"]),
        ({"timeout": float("inf")}, ["timeout", "inf"]),
        ({"agent": ["ant_0", "ant_9"]}, ["ant_9", "ant_"]),
        ({"agent": ["ant_0", "ant_0"]}, ["ant_0", "twice"]),
        ({"agent": ["ant_0", "ant_1", "ant_2"]}, ["num_envs", "4", "3 agents"]),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], parts: list[str]) -> None:
    with pytest.raises(roboschool.InvalidInput) as caught:
        roboschool.VectorEnv("ants", 4, **arguments)
    assert all(part in str(caught.value) for part in parts)


@pytest.mark.parametrize("number", [0, 2])
def test_copies_sent_apart_play_the_same_episodes(number: int) -> None:
    """Whatever is sent and received first, each copy sees what it would see alone."""
    envs = roboschool.VectorEnv("hopper", 6, num_workers=number)
    singles = [roboschool.AgentEnv("hopper") for _ in range(6)]
    seen, _ = envs.reset(seed=20)
    for copy, env in enumerate(singles):
        assert (env.reset(seed=20 + copy)[0] == seen[copy]).all()
    rng = np.random.default_rng(0)
    done = np.zeros(6, bool)
    acted: dict[int, np.ndarray] = {}
    steps = np.zeros(6, int)

    def send(copies: Any) -> None:
        actions = np.array([np.random.default_rng([copy, steps[copy]]).uniform(-1, 1, 3) for copy in copies])
        acted.update(zip(map(int, copies), actions, strict=True))
        envs.send(actions, copies)

    send(range(6))
    for _ in range(60):
        count = int(rng.integers(1, len(acted) + 1))
        copies, observation, reward, terminated, truncated, info = envs.recv(count)
        assert len(copies) == len(observation) == len(info["distance"]) == count
        for row, copy in enumerate(map(int, copies)):
            action = acted.pop(copy)
            env = singles[copy]
            expected = (env.reset()[0], 0.0, False, False) if done[copy] else env.step(action)[:4]
            assert (observation[row] == expected[0]).all()
            assert (reward[row], terminated[row], truncated[row]) == expected[1:]
            done[copy] = terminated[row] or truncated[row]
            steps[copy] += 1
        send(copies)
    assert steps.min() > 5
    with pytest.raises(roboschool.InvalidInput, match="have been sent actions already"):
        envs.send(np.zeros((1, 3)), [0])
    for wrong in ([6], [1, 1], []):
        with pytest.raises(roboschool.InvalidInput, match="copies"):
            envs.send(np.zeros((len(wrong), 3)), wrong)
    envs.recv()
    for count in (None, 1, 0, "x"):
        with pytest.raises(roboschool.InvalidInput, match="count"):
            envs.recv(count)  # type: ignore[arg-type]
    for env in (envs, *singles):
        env.close()


def test_a_quick_worker_does_not_wait_for_a_slow_one() -> None:
    envs = roboschool.VectorEnv("hopper", 4, num_workers=2)
    envs.reset(seed=0)
    slow = workers(envs)[1]
    strike(slow.channel, signal.SIGSTOP)
    envs.send(np.zeros((4, 3)))
    for _ in range(3):
        copies, *_ = envs.recv(2)
        assert copies.tolist() == [0, 1]
        envs.send(np.zeros((2, 3)), copies)
    strike(slow.channel, signal.SIGCONT)
    seen = set()
    while seen != {2, 3}:
        seen |= {int(copy) for copy in envs.recv(1)[0]} & {2, 3}
    envs.close()


@pytest.mark.parametrize("number", [0, 2])
def test_agents_of_a_world_are_rows(number: int) -> None:
    names = ["ant_0", "ant_1", "ant_2", "ant_3"]
    envs = roboschool.VectorEnv("ants", 8, num_workers=number, agent=names)
    worlds = [roboschool.parallel_env("ants") for _ in range(2)]
    seen, info = envs.reset(seed=4)
    assert info["live"].tolist() == [1.0] * 8
    for copy, world in enumerate(worlds):
        alone, _ = world.reset(seed=4 + copy)
        assert (seen[4 * copy : 4 * copy + 4] == [alone[name] for name in names]).all()
    envs.action_space.seed(1)
    for _ in range(60):
        actions = envs.action_space.sample()
        seen, reward, terminated, truncated, info = envs.step(actions)
        for copy, world in enumerate(worlds):
            rows = slice(4 * copy, 4 * copy + 4)
            alone, paid, over, late, infos = world.step(dict(zip(names, actions[rows], strict=True)))
            assert (seen[rows] == [alone[name] for name in names]).all()
            assert reward[rows].tolist() == [paid[name] for name in names]
            assert terminated[rows].tolist() == [over[name] for name in names]
            assert truncated[rows].tolist() == [late[name] for name in names]
            assert info["live"][rows].tolist() == [world.is_live(name) for name in names]
            assert info["progress"][rows].tolist() == [infos[name]["progress"] for name in names]
    for env in (envs, *worlds):
        env.close()


def test_rows_come_in_the_order_of_the_names_and_must_be_alike() -> None:
    one = roboschool.VectorEnv("ants", 2, agent=["ant_2", "ant_0"])
    two = roboschool.VectorEnv("ants", 4, agent=["ant_0", "ant_1", "ant_2", "ant_3"])
    assert (one.reset(seed=1)[0] == two.reset(seed=1)[0][[2, 0]]).all()
    one.close()
    two.close()
    with pytest.raises(roboschool.InvalidInput, match="differ in robot or task"):
        roboschool.VectorEnv("race", 3, agent=[agent.name for agent in load_scene("race").agents])


def test_policies_from_a_script_play_in_workers() -> None:
    class Swing:
        def reset(self, seed: int) -> None:
            self.rng = np.random.default_rng(seed)

        def act(self, observation: np.ndarray) -> np.ndarray:
            return self.rng.uniform(-1.0, 1.0, 8)

    opponents = {"ant_1": Swing(), "ant_3": Swing()}
    alone = story_of("ants", 0, opponents=opponents, max_episode_steps=15)

    def kill(envs: roboschool.VectorEnv) -> Callable[[int], None]:
        return lambda step: workers(envs)[0].channel.child.process.kill() if step in (8, 20) else None

    assert story_of("ants", 2, before=kill, opponents=opponents, max_episode_steps=15) == alone


def test_pictures_of_copies_elsewhere_are_the_same() -> None:
    pictures = []
    for number in (0, 2):
        envs = roboschool.VectorEnv("hopper", 2, num_workers=number, render_mode="rgb_array", width=64, height=48)
        envs.reset(seed=0)
        envs.step(np.ones((2, 3)))
        pictures.append(envs.render())
        envs.close()
    assert pictures[0] is not None
    assert pictures[1] is not None
    assert all((one == other).all() for one, other in zip(*pictures, strict=True))


def test_an_env_with_workers_can_be_pickled() -> None:
    envs = roboschool.VectorEnv("hopper", 2, num_workers=2)
    twin = pickle.loads(pickle.dumps(envs))
    assert tell(envs, 5) == tell(twin, 5)
    assert {w.channel.child.process.pid for w in workers(envs)}.isdisjoint(
        w.channel.child.process.pid for w in workers(twin)
    )
    envs.close()
    twin.close()


@pytest.mark.parametrize("state", ["idle", "stopped", "hanging", "starting", "dead"])
def test_close_does_not_wait_for_what_workers_do(state: str, tmp_path: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))
    flag = tmp_path / "hangs"
    envs = roboschool.VectorEnv(faulty("hopper", fault="hang", at=1, luck=2.0, flag=str(flag)), 2, num_workers=2)
    envs.reset(seed=0)
    pids = [worker.channel.child.process.pid for worker in workers(envs)]
    if state == "hanging":
        envs.send(np.zeros((2, 3)))
        until(flag.exists)
    if state == "starting":
        kill_workers(workers(envs)[:1])
        workers(envs)[0].start()
        pids.append(workers(envs)[0].channel.child.process.pid)
    if state in ("stopped", "dead"):
        os.kill(pids[0], signal.SIGSTOP if state == "stopped" else signal.SIGKILL)
    envs.close()
    assert gone(pids)
    envs.close()
    with pytest.raises(roboschool.InvalidInput, match="closed"):
        envs.step(np.zeros((2, 3)))
    with pytest.raises(roboschool.InvalidInput, match="closed"):
        envs.reset()
    del envs
    gc.collect()
    until(lambda: set(os.listdir("/proc/self/fd")) <= before)  # another thread may close some


TRAINER = """
    import sys, time
    import numpy as np
    import roboschool
    sys.path.insert(0, {tests!r})
    from faults import faulty
    {before}
    envs = roboschool.VectorEnv({scene}, 4, num_workers=2)
    envs.reset(seed=0)
    envs.step(np.zeros((4, 3)))
    print(*(worker.channel.child.process.pid for worker in envs._pool.workers), flush=True)
    while True:
        envs.step(np.zeros((4, 3)))
"""


STOP = """
    import os, signal
    from roboschool.workers.channel import Channel
    def stop(channel, request, timeout):
        os.kill(channel.child.process.pid, signal.SIGSTOP)
        print(channel.child.process.pid, flush=True)
        time.sleep(1000.0)
    Channel.send = stop
"""


@pytest.fixture
def trainer() -> Iterator[Callable[..., tuple["subprocess.Popen[str]", list[int]]]]:
    started = []

    def start(scene: str, before: str = "") -> tuple["subprocess.Popen[str]", list[int]]:
        code = textwrap.dedent(TRAINER.format(tests=str(TESTS), scene=scene, before=before))
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout is not None
        return process, [int(pid) for pid in process.stdout.readline().split()]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("kind", "hangs"),
    [
        (signal.SIGKILL, False),
        (signal.SIGINT, False),
        (signal.SIGTERM, False),
        (signal.SIGKILL, True),
        (signal.SIGINT, True),
    ],
)
def test_a_trainer_that_ends_leaves_nothing_behind(
    kind: signal.Signals, hangs: bool, trainer: Any, tmp_path: Path
) -> None:
    shared, flag = set(os.listdir("/dev/shm")), tmp_path / "hangs"
    scene = f"faulty('hopper', fault='hang', at=5, luck=2.0, flag={str(flag)!r})" if hangs else "'hopper'"
    process, pids = trainer(scene)
    assert len(pids) == 2
    if hangs:
        until(flag.exists)
    assert all(alive(pid) for pid in pids)
    os.killpg(process.pid, kind)  # as Ctrl-C does
    process.wait(LONG)
    assert gone(pids)
    assert set(os.listdir("/dev/shm")) <= shared
    if kind == signal.SIGINT:
        said = process.communicate()[1]
        assert "KeyboardInterrupt" in said
        assert said.count("Traceback") == 1  # the trainer's own: workers say nothing


@pytest.mark.parametrize("moment", ["idle", "starting"])
def test_a_worker_that_is_stopped_ends_with_its_trainer(moment: str, trainer: Any) -> None:
    process, pids = trainer("'hopper'", STOP if moment == "starting" else "")
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    process.kill()
    process.wait()
    assert gone(pids)


def test_workers_outlive_the_thread_that_has_started_them() -> None:
    made: list[roboschool.VectorEnv] = []
    thread = threading.Thread(target=lambda: made.append(roboschool.VectorEnv("hopper", 2, num_workers=1)))
    thread.start()
    thread.join()
    (envs,) = made
    pid = workers(envs)[0].channel.child.process.pid
    envs.reset(seed=0)
    envs.step(np.zeros((2, 3)))
    assert workers(envs)[0].channel.child.process.pid == pid
    envs.close()


@contextmanager
def ctrl_c_once(true: Callable[[], object]) -> Iterator[None]:
    """Interrupt what is done inside when something is true: again after a second if that did not wake it."""
    over = threading.Event()

    def interrupt() -> None:
        until(true)
        while not over.is_set():
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            over.wait(1.0)

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    try:
        yield
    except KeyboardInterrupt:
        over.set()
    assert over.is_set()
    thread.join()


def test_a_run_goes_on_after_ctrl_c() -> None:
    """A person interrupts a step, and what they run next goes on with it."""
    envs = roboschool.VectorEnv("hopper", 4, num_workers=2)
    reference = roboschool.VectorEnv("hopper", 4)
    envs.reset(seed=0)
    reference.reset(seed=0)
    slow = workers(envs)[1]
    strike(slow.channel, signal.SIGSTOP)
    with ctrl_c_once(lambda: envs._pool.waiting):
        envs.step(np.zeros((4, 3)))
    strike(slow.channel, signal.SIGCONT)
    one, other = envs.recv(), reference.step(np.zeros((4, 3)))
    assert (one[1] == other[0]).all()
    strike(slow.channel, signal.SIGSTOP)
    with ctrl_c_once(lambda: slow.pending):
        envs.reset(seed=1)
    strike(slow.channel, signal.SIGCONT)
    assert (envs.reset(seed=2)[0] == reference.reset(seed=2)[0]).all()
    assert (envs.step(np.ones((4, 3)))[0] == reference.step(np.ones((4, 3)))[0]).all()
    envs.close()
    reference.close()


def test_a_forked_child_neither_ends_the_workers_nor_keeps_them() -> None:
    envs = roboschool.VectorEnv("hopper", 2, num_workers=1)
    envs.reset(seed=0)
    process = workers(envs)[0].channel.child.process
    child = os.fork()
    if child == 0:
        envs.close()
        os._exit(0)
    os.waitpid(child, 0)
    envs.step(np.zeros((2, 3)))
    assert workers(envs)[0].channel.child.process is process
    child = os.fork()
    if child == 0:
        time.sleep(60.0)
        os._exit(0)
    workers(envs)[0].channel.child.disconnect()  # as the end of the trainer does
    assert process.wait(LONG) == -signal.SIGKILL
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    envs.close()


@contextmanager
def ctrl_c_after(lines: int) -> Iterator[None]:
    """Interrupt what is done inside once this thread has run so many lines of the package."""
    package, left, before = str(Path(roboschool.__file__).parent), lines, sys.gettrace()

    def trace(frame: Any, event: str, _argument: Any) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.startswith(package):
            return None
        left -= event == "line"
        if left < 0:
            sys.settrace(before)
            signal.raise_signal(signal.SIGINT)
        return trace

    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


def step_often(envs: roboschool.VectorEnv) -> None:
    for _ in range(100):
        envs.step(np.zeros((4, 3)))


def test_ctrl_c_at_any_moment_needs_a_reset_at_most() -> None:
    """Steps, recoveries and resets are interrupted; whatever goes on is exact, and what cannot says so."""
    envs = roboschool.VectorEnv("hopper", 4, num_workers=2, timeout=LONG)
    reference = roboschool.VectorEnv("hopper", 4)
    rng = np.random.default_rng(0)
    for seed in range(8):
        assert (envs.reset(seed=seed)[0] == reference.reset(seed=seed)[0]).all()
        if seed % 2:
            workers(envs)[0].channel.child.process.kill()
        with pytest.raises(KeyboardInterrupt), ctrl_c_after(rng.integers(2000)):
            step_often(envs)
        try:
            seen = envs.recv()[1] if envs._pending else envs.step(np.zeros((4, 3)))[0]
        except roboschool.InvalidInput:  # it asks for a reset
            assert not envs._begun
            continue
        steps = reference.reset(seed=seed)[0]
        for _ in range(102):
            steps = reference.step(np.zeros((4, 3)))[0]
            if (steps == seen).all():
                break
        assert (steps == seen).all()
    envs.close()
    reference.close()


def test_what_a_redone_step_raises_is_raised() -> None:
    envs = roboschool.VectorEnv(faulty("hopper", fault="fail", luck=2.0, at=3), 4, num_workers=2)
    envs.reset(seed=0)
    for _ in range(2):
        envs.step(np.zeros((4, 3)))
    workers(envs)[1].channel.child.process.kill()
    with pytest.raises(LookupError):
        envs.step(np.zeros((4, 3)))
    envs.reset(seed=0)
    envs.step(np.zeros((4, 3)))
    envs.close()


def test_workers_that_cannot_be_replaced_are_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    envs = roboschool.VectorEnv("hopper", 2, num_workers=2)
    envs.reset(seed=0)
    for broken in ("/bin/false", "/nowhere"):
        monkeypatch.setattr(sys, "executable", broken)
        workers(envs)[0].channel.child.process.kill()
        with pytest.raises(WorkersDied, match="5 workers died one after the other"):
            envs.step(np.zeros((2, 3)))
        with pytest.raises(roboschool.InvalidInput, match="reset"):
            envs.step(np.zeros((2, 3)))
        monkeypatch.undo()
        envs.reset(seed=0)
        envs.step(np.zeros((2, 3)))
    envs.close()


def test_a_reset_that_raises_needs_another_one(tmp_path: Path) -> None:
    """And that one is a good one, whichever worker raised."""
    flag = tmp_path / "failed"

    class Wary(Faulty):
        def reset(self, placement: Any, memory: Any, rng: np.random.Generator) -> Any:
            if not flag.exists():
                raise LookupError("not yet")
            return super().reset(placement, memory, rng)

    scene = load_scene("hopper")
    agents = tuple(dataclasses.replace(agent, task=Wary(agent.robot, luck=-1.0)) for agent in scene.agents)
    scene = dataclasses.replace(scene, agents=agents)
    for number in (0, 2):
        flag.unlink(missing_ok=True)
        envs = roboschool.VectorEnv(scene, 4, num_workers=number)
        with pytest.raises(LookupError, match="not yet"):
            envs.reset(seed=0)
        with pytest.raises(roboschool.InvalidInput, match="reset"):
            envs.step(np.zeros((4, 3)))
        flag.touch()
        envs.reset(seed=0)
        envs.step(np.zeros((4, 3)))
        envs.close()


@pytest.mark.parametrize("number", [0, 2])
def test_copies_that_are_reset_are_not_received(number: int) -> None:
    envs = roboschool.VectorEnv("hopper", 4, num_workers=number, autoreset_mode="Disabled")
    envs.reset(seed=0)
    envs.send(np.zeros((4, 3)))
    envs.reset(seed=1, options={"reset_mask": np.array([True, False, False, True])})
    assert envs.recv()[0].tolist() == [1, 2]
    envs.close()


@pytest.mark.parametrize("number", [0, 1, 3])
def test_one_policy_in_two_seats_plays_each_for_itself(number: int) -> None:
    class Swing:
        def reset(self, seed: int) -> None:
            self.rng = np.random.default_rng(seed)

        def act(self, observation: np.ndarray) -> np.ndarray:
            return self.rng.uniform(-1.0, 1.0, 8)

    one = Swing()
    shared = {"ant_1": one, "ant_2": one}
    apart = {"ant_1": Swing(), "ant_2": Swing()}
    assert story_of("ants", number, 8, opponents=shared) == story_of("ants", 0, 8, opponents=apart)


class Stillborn(Faulty):
    """Some episodes are over where they begin."""

    def over(self, now: Any) -> np.ndarray:
        return (now.memory[..., 1] < 0.5) & (now.memory[..., 0] < 2.0)


@pytest.mark.slow
def test_an_episode_that_is_over_where_it_begins_is_the_same_for_all(caplog: pytest.LogCaptureFixture) -> None:
    scene = load_scene("hopper")
    agents = tuple(dataclasses.replace(agent, task=Stillborn(agent.robot, luck=-1.0)) for agent in scene.agents)
    scene = dataclasses.replace(scene, agents=agents)

    def kill(envs: roboschool.VectorEnv) -> Callable[[int], None]:
        return lambda step: workers(envs)[0].channel.child.process.kill() if step in (4, 14) else None

    for mode in MODES[:2]:
        alone = story_of(scene, 0, 20, autoreset_mode=mode)
        assert story_of(scene, 2, 20, before=kill, autoreset_mode=mode) == alone


def test_signals_without_a_name_are_told_by_number(caplog: pytest.LogCaptureFixture) -> None:
    envs = roboschool.VectorEnv("hopper", 2, num_workers=1, timeout=1e9)
    envs.reset(seed=0)
    workers(envs)[0].channel.child.process.send_signal(40)
    envs.step(np.zeros((2, 3)))
    assert "killed by signal 40" in caplog.text
    envs.close()


def test_a_file_that_cannot_be_written_costs_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    envs = roboschool.VectorEnv(faulty("hopper", luck=2.0, at=2), 1, num_workers=1)
    envs.reset(seed=0)
    envs.step(np.zeros((1, 3)))
    truncated, info = envs.step(np.zeros((1, 3)))[3:]
    assert truncated[0]
    assert "no crash report can be written" in info["worker_error"][0]
    envs.close()


def test_copies_with_options_of_their_own_are_caught_up_with_these() -> None:
    radii = [2.0, 3.0, 3.0, 4.0]
    envs = roboschool.VectorEnv("ant_sumo", 4, 1, max_episode_steps=3)
    envs.reset(seed=0, options=[{"radius": radius} for radius in radii])
    for step in range(5):  # the second episode begins at the fourth
        if step in (1, 4):
            workers(envs)[0].channel.child.process.kill()
        assert envs.step(np.zeros((4, 8)))[4]["radius"].tolist() == radii
    with pytest.raises(roboschool.InvalidInput, match="options: 1 mappings for 4 copies"):
        envs.reset(options=[{}])
    envs.close()


def test_what_a_worker_has_started_ends_with_it_when_it_crashes() -> None:
    child = ChildProcess("faults:start_and_crash")
    sleeper = int(child.connection.recv_bytes())
    assert child.wait() == "ended with exit status 3"
    until(lambda: process_state(sleeper) == "Z")


def test_a_process_that_somebody_else_has_waited_for_is_not_killed_by_its_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    child = ChildProcess("faults:start_and_crash")
    os.kill(int(child.connection.recv_bytes()), signal.SIGKILL)
    os.waitpid(child.process.pid, 0)
    killed: list[int] = []
    monkeypatch.setattr(os, "killpg", lambda group, number: killed.append(group))
    child.kill()
    assert not killed
