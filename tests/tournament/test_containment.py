"""What policies can do to the processes around them, and what comes of it: no result that nobody has played."""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from roboschool.envs.parallel import ParallelEnv
from roboschool.errors import InvalidInput
from roboschool.tournament import match_workers
from roboschool.tournament.containment import BUBBLEWRAP, LIMITS, contained, describe_containment, find_containment
from roboschool.tournament.entrants import read_entrants
from roboschool.tournament.match import MatchResult, play_recorded
from roboschool.tournament.page import make_page
from roboschool.tournament.players import PlayerCache
from roboschool.tournament.record import read_match, write_match
from roboschool.tournament.report import read_report
from roboschool.tournament.tournament import make_plan, run_tournament
from roboschool.workers.orphans import adopted_orphans, kill_orphans

SHORT = {"seconds": 0.2}  # 12 steps
LIMIT = 60.0  # of an action, where nothing shall hang [s]
MARK = "ROBOSCHOOL_TEST"  # a variable that all processes below a test have
wrapped = pytest.param(
    BUBBLEWRAP, marks=pytest.mark.skipif(find_containment() != BUBBLEWRAP, reason="bubblewrap cannot be used here")
)
Contest = Callable[..., MatchResult]
both = pytest.mark.parametrize("containment", [LIMITS, wrapped])


@pytest.fixture(scope="module")
def env() -> Any:
    world = ParallelEnv("pong", **SHORT)
    yield world
    world.close()


@pytest.fixture(scope="module")
def caches() -> Any:
    """Where players wait from test to test, by containment."""
    with adopted_orphans(), ExitStack() as stack:
        kinds = (LIMITS, BUBBLEWRAP)
        yield {kind: stack.enter_context(PlayerCache(LIMIT, quiet=True, containment=kind)) for kind in kinds}


@pytest.fixture
def contest(env: ParallelEnv, caches: dict[str, PlayerCache]) -> Contest:
    def play(policy: str, containment: str, tick: Callable[[], None] = lambda: None) -> MatchResult:
        entrants = read_entrants(env.scene, [f"hostile:{policy}", "hostile:Good"])
        for other in caches.keys() - {containment}:
            caches[other].close()  # before a policy strikes whomever it sees
        played, match = play_recorded(env, SHORT, entrants, 0, caches[containment], tick=tick)
        assert match.record.containment == containment
        return played

    return play


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], set[int]]:
    """Processes below the test that have not ended."""
    monkeypatch.setenv(MARK, str(tmp_path))
    mark = f"{MARK}={tmp_path}".encode()

    def find() -> set[int]:
        found = set()
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended
                if mark in (entry / "environ").read_bytes().split(b"\0"):  # that of a zombie is empty
                    found.add(int(entry.name))
        return found

    return find


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


@both
def test_every_process_of_a_match_dies_with_it(
    env: ParallelEnv, containment: str, marked: Callable[[], set[int]]
) -> None:
    entrants = read_entrants(env.scene, ["hostile:Forks", "hostile:Good"])
    with adopted_orphans():
        with PlayerCache(LIMIT, quiet=True, containment=containment) as cache:
            played, _ = play_recorded(env, SHORT, entrants, 0, cache)
            assert not played.faults
            assert len(marked()) >= 5
        assert wait_for(lambda: not marked())


def test_what_a_policy_says_of_itself_can_be_read_again(env: ParallelEnv, tmp_path: Path) -> None:
    entrants = read_entrants(env.scene, ["hostile:RaisesEscapes", "hostile:Good"])
    with PlayerCache(LIMIT, quiet=True, containment=LIMITS) as cache:
        _, match = play_recorded(env, SHORT, entrants, 0, cache)
    write_match(tmp_path / "m.rsmatch", match)
    (fault,) = read_match(tmp_path / "m.rsmatch").record.faults
    assert (fault.player, fault.reason) == (0, "crash")
    assert r"\x1b" in fault.detail


def test_an_answer_to_another_question_is_a_forfeit(contest: Contest) -> None:
    (fault,) = contest("AnswersAnotherQuestion", LIMITS).faults
    assert (fault.player, fault.reason, fault.detail) == (0, "crash", "its answer is to another request")


def test_what_a_policy_prints_is_passed_on_without_the_terminal(
    env: ParallelEnv, capsys: pytest.CaptureFixture[str]
) -> None:
    entrants = read_entrants(env.scene, ["hostile:PrintsEscapes", "hostile:Good"])
    with PlayerCache(LIMIT, containment=LIMITS) as cache:
        play_recorded(env, SHORT, entrants, 0, cache)
    assert capsys.readouterr().err == "\\x1b]0;title\\x07 False\n"


@pytest.mark.parametrize("policy", ["Exits", "Segfaults", "RaisesLimit"])
@both
def test_a_policy_that_fails_by_itself_forfeits(contest: Contest, containment: str, policy: str) -> None:
    (fault,) = contest(policy, containment).faults
    assert (fault.player, fault.reason, fault.step) == (0, "crash", 2)
    assert {"Exits": "exit status 3", "Segfaults": "SIGSEGV", "RaisesLimit": "MemoryError"}[policy] in fault.detail


@pytest.mark.parametrize(
    ("policy", "containment"),
    [
        ("Prints", LIMITS),
        ("InterruptsRival", LIMITS),
        pytest.param("AttacksAll", BUBBLEWRAP, marks=wrapped.marks),
    ],
)
def test_what_changes_nothing(contest: Contest, policy: str, containment: str) -> None:
    played = contest(policy, containment)
    assert not played.faults
    assert played.steps == 12


@pytest.mark.parametrize(("policy", "words"), [("StopsRival", "stopped"), ("KillsItself", "killed by SIGKILL")])
def test_nobody_loses_where_it_is_not_known_who_did_it(contest: Contest, policy: str, words: str) -> None:
    played = re.escape(f"match of hostile:{policy} and hostile:Good, seed 0: interrupted twice: ")
    with pytest.raises(InvalidInput, match=f"^{played}the process of a policy was {words}.* in bubblewrap none can$"):
        contest(policy, LIMITS)


@pytest.mark.parametrize("policy", ["StopsItself", "KillsRival"])
def test_an_interrupted_match_is_played_once_more(
    contest: Contest, policy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIKES", f"1:{tmp_path / 'struck'}")
    ticks: list[None] = []
    played = contest(policy, LIMITS, lambda: ticks.append(None))
    assert not played.faults
    assert played.steps == 12
    assert len(ticks) > 13, "a worker tells that it goes on, whichever match it plays"


@pytest.mark.parametrize("containment", [wrapped])
@pytest.mark.parametrize(("policy", "reason"), [("StopsItself", "hang"), ("KillsItself", "crash")])
def test_in_bubblewrap_it_is_known_who_did_it(env: ParallelEnv, containment: str, policy: str, reason: str) -> None:
    entrants = read_entrants(env.scene, [f"hostile:{policy}", "still"])
    with PlayerCache(0.5, quiet=True, containment=containment) as cache:
        (fault,) = play_recorded(env, SHORT, entrants, 0, cache)[0].faults
    assert (fault.player, fault.reason, fault.step) == (0, reason, 2)


@pytest.mark.parametrize("containment", [wrapped])
def test_what_a_policy_sees_from_bubblewrap(
    contest: Contest, containment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as server, tempfile.NamedTemporaryFile(dir="/tmp") as hidden:
        monkeypatch.setenv("PORT", str(server.getsockname()[1]))
        monkeypatch.setenv("HIDDEN", hidden.name)
        (fault,) = contest("Looks", containment).faults
    said = json.loads(fault.detail.partition("RuntimeError: ")[2])
    assert said.pop("processes") == 2
    assert said == {"write here": False, "write scratch": True, "network": False, "hidden": False}
    assert list(tmp_path.iterdir()) == []


@both
def test_a_player_that_is_stopped_ends_with_its_match(containment: str, marked: Callable[[], set[int]]) -> None:
    code = f"""
import os, signal, time
from roboschool.scenes.loader import load_scene
from roboschool.tournament.entrants import read_entrants
from roboschool.tournament.players import Process
scene = load_scene("pong")
player = Process(read_entrants(scene, ["still"])[0].assign(scene, ["paddle_0"]), containment={containment!r})
player.begin(0)
player.answer()
os.killpg(player.channel.child.process.pid, signal.SIGSTOP)
print(flush=True)
time.sleep(1000.0)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline()
        assert len(marked()) >= 2
        process.kill()
    assert wait_for(lambda: not marked())


def test_the_key_of_a_server_is_not_for_policies() -> None:
    told = subprocess.run(
        [*contained(LIMITS, ()), "env"],
        env=os.environ | {"ROBOSCHOOL_KEY": "secret", "OTHER": "kept"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "OTHER=kept" in told
    assert "ROBOSCHOOL_KEY" not in told


def test_children_of_the_caller_are_not_taken_for_orphans() -> None:
    with subprocess.Popen(["/bin/sh", "-c", "ulimit -d 1000000; exec sleep 60"]) as own:
        with adopted_orphans():
            kill_orphans()
        assert own.poll() is None
        own.kill()


def test_orphans_are_told_from_others() -> None:
    """Only what has a memory limit of its own, as policies have, is killed."""
    with adopted_orphans(), subprocess.Popen(["sleep", "1000"]) as ours:
        kill_orphans()
        assert ours.poll() is None
        leave = "ulimit -d 1000000; sleep 1000 > /dev/null & echo $!"
        said = subprocess.run(["/bin/sh", "-c", leave], stdout=subprocess.PIPE, check=True).stdout
        os.kill(int(said), 0)
        kill_orphans()
        with pytest.raises(ProcessLookupError):
            os.kill(int(said), 0)
        assert ours.poll() is None
        ours.kill()


# Tournaments


@pytest.fixture
def unwrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(match_workers, "find_containment", lambda: LIMITS)


def test_a_game_whose_worker_is_killed_is_played_once_more(
    unwrapped: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marked: Callable[[], set[int]]
) -> None:
    monkeypatch.setenv("STRIKES", f"1:{tmp_path / 'struck'}")
    plan = make_plan("pong", ["hostile:KillsParent", "hostile:Good"], SHORT, games=1, limit=LIMIT)
    report = run_tournament(plan, tmp_path / "t", workers=1)
    assert wait_for(lambda: not marked())
    assert (tmp_path / "struck").stat().st_size == 3
    assert [(result.reason, result.steps, result.forfeits) for result in report.results] == [("time", 12, ())] * 2
    assert {result.containment for result in report.results} == {LIMITS}
    assert read_match(tmp_path / "t" / report.results[0].file).record.containment == LIMITS
    assert describe_containment([LIMITS]) in make_page(report)


def test_a_tournament_that_is_interrupted_again_names_both(
    unwrapped: None, tmp_path: Path, marked: Callable[[], set[int]]
) -> None:
    plan = make_plan("pong", ["hostile:Good", "hostile:StopsParent"], SHORT, games=1, limit=LIMIT)
    words = (
        r"^match of hostile:\S+ and hostile:\S+, seed \d+: interrupted twice: the process that played it was stopped"
    )
    with pytest.raises(InvalidInput, match=words):
        run_tournament(plan, tmp_path / "t", workers=1)
    assert wait_for(lambda: not marked())
    assert read_report(tmp_path / "t").results == (), "no result is invented"


def test_a_worker_that_is_silent_is_lost(
    tmp_path: Path, marked: Callable[[], set[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(match_workers, "SILENCE", -1000.0)
    plan = make_plan("pong", ["hostile:Good", "still"], SHORT, games=1)
    with pytest.raises(InvalidInput, match="interrupted twice: the process that played it gave no sign of life"):
        run_tournament(plan, tmp_path / "t", workers=1)
    assert wait_for(lambda: not marked())
