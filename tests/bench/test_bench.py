"""The bench: what it promises to print, that it measures what it says, and that its page is fresh. No timings."""

import dataclasses
import json
import re
import sys
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from folders import ROOT
from PIL import Image

from roboschool import paths
from roboschool.bench import measures, peers, sharing
from roboschool.bench.peers import Peer
from roboschool.bench.report import OURS_BESIDE, PEER_TITLES, find_ratios, peers_ahead, read_report, spread
from roboschool.bench.scenes import sizes
from roboschool.bench.seats import CYCLES, MEASURES
from roboschool.cli.main import main
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import MOST_AGENTS

DOCS = ROOT / "docs"
TINY = ["--seconds", "0.02", "--rounds", "1", "--copies", "2"]


def bench(*arguments: object, code: int = 0) -> Result:
    done = CliRunner().invoke(main, ["bench", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return done


@pytest.mark.slow
def test_json_has_what_is_promised_and_is_read_again(tmp_path: Path) -> None:
    counts = ("--workers", "1,2", "--threads", "2")
    done = bench("hopper", "race", *TINY, *counts, "--resets", 10, "--shape", 2, "--json")
    report = json.loads(done.stdout)
    assert set(report) == {"machine", "versions", "settings", "scenes"}
    assert {"processor", "cores", "system", "python", "day", "backend", "load"} == set(report["machine"])
    assert {"roboschool", "pybullet", "numpy", "gymnasium"} == set(report["versions"])
    hopper, race = report["scenes"]
    assert (hopper["scene"], race["scene"], race["agents"]) == ("hopper", "race", 3)
    assert set(hopper["steps_per_s"]) == {"single", "vector", "workers_1", "workers_2", "threads_2"}
    assert set(hopper["simulated_s_per_s"]) == set(hopper["steps_per_s"])
    threads = {"threads_2_faster_than_vector", "threads_2_of_apart"}
    bare = {"single_over_bullet", "vector_over_bullet"}
    assert set(hopper["ratios"]) == {*bare, "workers_2_faster_than_workers_1", *threads}
    assert set(hopper["bullet_us"]) == {"bullet", "vector_bullet"}
    assert [size for size, _ in hopper["copies"]] == [size for size, _ in hopper["robots"]] == [1, 2]
    assert set(race["steps_per_s"]) == {"single"}
    assert set(race["ratios"]) == {"single_over_bullet"}
    for row in report["scenes"]:
        assert all(len(laps) == 1 for laps in row["rounds_us"].values())
        assert min(*row["steps_per_s"].values(), *row["bullet_us"].values(), row["start_up_s"]) > 0
        assert row["ratios"]["single_over_bullet"] > 1
    assert hopper["reset_us"] > 0
    assert None not in (hopper["memory_mib"], hopper["growth_mib"], race["memory_mib"])

    kept = tmp_path / "kept.json"
    kept.write_text(done.stdout)
    assert json.loads(bench("--from", kept, "--json").stdout) == report
    text = bench("--from", kept, "--plot", tmp_path).stdout
    assert max(map(len, text.splitlines())) <= 120
    for word in (
        "hopper",
        "race",
        "single",
        "x2, 2 workers",
        "2 workers/1",
        "x2, 2 threads",
        "2 threads/2 programs",
        "±",
    ):
        assert word in text
    assert {picture.name for picture in tmp_path.glob("*.png")} == {
        "speed_scenes.png",
        "speed_copies.png",
        "speed_robots.png",
    }


def test_bullet_is_timed_in_the_very_same_motion() -> None:
    for open_ in (lambda: measures.alone("hopper"), lambda: measures.alone("race"), lambda: measures.vector("ant", 2)):
        leader, follower = open_(), open_()
        measure = measures.bullet(leader, follower)
        for _ in range(2):
            leader(0.02)
            assert measure(0.0) > 0
            for ours, theirs in zip(leader.worlds, follower.worlds, strict=True):
                assert ours.capture() == theirs.capture()
        leader.close()
        follower.close()


def test_ratios_are_of_the_pairs_of_a_round() -> None:
    rounds = {"single": [2.0, 4.0, 9.0], "bullet": [1.0, 4.0, 3.0], "peer": [8.0, 4.0, 18.0]}
    rounds |= {"workers_1": [4.0, 4.0, 4.0], "workers_2": [2.0, 2.0, 4.0]}
    found = find_ratios(rounds, {"peer": "single", "absent": "vector"})
    assert found == {
        "single_over_bullet": [2.0, 1.0, 3.0],
        "single_faster_than_peer": [4.0, 1.0, 2.0],
        "workers_2_faster_than_workers_1": [2.0, 2.0, 1.0],
    }
    assert spread([1.0, 2.0, 3.0, 4.0, 5.0]) == 1.5
    assert spread([7.0]) == 0.0


def test_the_page_says_in_words_where_others_are_faster() -> None:
    report = read_report(DOCS / "speed.json")
    faster = ("half_cheetah", {"single_faster_than_gymnasium_mujoco": 0.5})
    slower = ("hopper", {"single_faster_than_gymnasium_mujoco": 1.5})
    rows = [dataclasses.replace(report.scenes[0], scene=name, ratios=ratios) for name, ratios in (faster, slower)]
    words = peers_ahead(dataclasses.replace(report, scenes=rows))
    assert words == "Where others are faster: Gymnasium MuJoCo takes 2 times as many steps of half_cheetah.\n"
    assert peers_ahead(dataclasses.replace(report, scenes=rows[1:])) == "Where others are faster: nowhere.\n"
    alone = [dataclasses.replace(rows[1], steps_per_s={"single": 1.0})]
    assert peers_ahead(dataclasses.replace(report, scenes=alone)) == ""


@pytest.mark.parametrize(
    "name", [name for name in sorted(paths.scenes()) if ("robots", 1) in sizes(load_scene(name), 1)]
)
def test_robots_of_a_crowd_begin_apart(name: str) -> None:
    world = measures.crowd(load_scene(name), 5)
    world.reset(seed=0)
    assert len(world.agents) == 5
    assert world.simulation.worlds[0].overlaps() == []
    world.close()


def test_a_crowd_may_be_as_large_as_a_world() -> None:
    world = measures.crowd(load_scene("ant"), MOST_AGENTS)
    assert len(world.possible_agents) == MOST_AGENTS


def test_missing_peers_are_named_and_the_others_run(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def make(identity: str) -> measures.Stepper:
        made.append(identity)
        return measures.Stepper(np.sin, [0.0], 0.01, lambda: None, copies=16)

    ids = {"hopper": "Hopper-v5"}
    there = Peer("envpool_mujoco", "click", "click", ids, make)
    absent = Peer("gymnasium_mujoco", "no_such_package", "no_such_package", ids, make)
    monkeypatch.setattr(peers, "PEERS", (there, absent))
    done = bench("hopper", *TINY, "--workers", "0", "--threads", "0", "--peers", "--json")
    assert "left out: no_such_package" in done.stderr
    report = json.loads(done.stdout)
    assert made == ["Hopper-v5"]
    assert "click" in report["versions"]
    (row,) = report["scenes"]
    assert row["ratios"]["vector_faster_than_envpool_mujoco"] > 0
    assert set(row["steps_per_s"]) == {"single", "vector", "envpool_mujoco"}

    monkeypatch.setattr(peers, "PEERS", (absent,))
    done = bench("hopper", *TINY, "--peers", code=1)
    assert "none of no_such_package is installed" in done.stderr
    assert "roboschool2[bench]" in done.stderr


def test_every_peer_has_a_title_and_scenes_of_ours() -> None:
    assert [peer.name for peer in peers.PEERS] == list(PEER_TITLES) == list(OURS_BESIDE)
    for peer in peers.PEERS:
        assert set(peer.ids) <= set(paths.scenes())
    assert set(peers.MUJOCO.values()) == set(peers.MUJOCO_STEP)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["antz"], ["'antz'", "did you mean 'ant'"]),
        (["ant", "--workers", "1;2"], ["1;2", "written 1,2"]),
        (["ant", "--workers", "3", "--copies", "2"], ["3", "1 to 2"]),
        (["ant", "--workers", "-1"], ["-1", "1 to 64"]),
        (["ant", "--threads", "two"], ["--threads two", "written 1,2"]),
        (["ant", "--plot", "nowhere"], ["nowhere", "no such folder"]),
        (["ant", "--json", "--markdown"], ["not both"]),
        (["ant", "--from", "speed.json"], ["name no scenes"]),
        (["--from", "nothing.json"], ["Error: nothing.json: no such file"]),
        (["--from", __file__], ["test_bench.py", "not JSON"]),
        (["--from", DOCS.parent / "assets" / "ant" / "policies" / "ant.json"], ["ant.json", "bench --json"]),
    ],
)
def test_bad_arguments_are_one_line(arguments: list[object], words: list[str]) -> None:
    done = bench(*arguments, code=1)
    assert len(done.stderr.splitlines()) == 1
    for word in words:
        assert word in done.stderr


def test_pictures_need_matplotlib_and_say_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delitem(sys.modules, "roboschool.bench.plots", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert "roboschool2[bench]" in bench("ant", "--plot", tmp_path, code=1).stderr


def test_page_of_speed_is_fresh() -> None:
    page = bench("--from", DOCS / "speed.json", "--markdown").stdout
    assert page == (DOCS / "speed.md").read_text(), "run: roboschool bench --from docs/speed.json --markdown"
    for name in ("scenes", "copies", "robots"):
        path = DOCS / "pictures" / f"speed_{name}.png"
        assert f"(pictures/{path.name})" in page
        assert path.stat().st_size < 150_000
        with Image.open(path) as picture:
            assert picture.width == 840


@pytest.mark.slow
def test_the_cost_of_sharing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ROBOTS": ("hopper",), "SIZES": (2, 3), "ENTRANTS": ("still", "random"), "GAMES": 1}.items():
        monkeypatch.setattr(sharing, name, value)
    lines = bench("--sharing", "ant_sumo", *TINY).stdout.splitlines()
    seats, robots, (matches,) = (list(part) for empty, part in groupby(lines, lambda line: line == "") if not empty)
    assert [line.split("  ")[0] for line in seats] == ["ant_sumo", *MEASURES, "an empty world", *MEASURES]
    assert [len(line.split()) for line in (*seats[1:4], *seats[5:])] == [4] * 6
    assert [line.split()[-2:] for line in robots[:1]] == [["2", "3"]]
    assert min(float(word) for word in robots[1].split()[1:]) > 0.0
    assert re.fullmatch(r"a tournament kept \d+ cores \d+% busy for \d+\.\d s", matches)


def test_pictures_are_measured() -> None:
    head, hopper, pong = bench("hopper", "pong", "--pictures", *TINY).stdout.splitlines()
    assert head.split()[-5:] == ["600x400", "960x540", "64", "of", "64x64"]
    for name, line in (("hopper", hopper), ("pong", pong)):
        assert line.startswith(name)
        assert len(found := re.findall(r"([\d.]+), *([\d.]+)", line)) == 4
        assert min(float(number) for pair in found for number in pair) > 0.0


@pytest.mark.slow
def test_seats_play_the_same_episodes() -> None:
    with ExitStack() as stack:
        counts = [make("race", stack, empty)(2) for empty in (False, True) for make in MEASURES.values()]
    assert len(set(counts[:3])) == 1
    assert counts[3:] == [3 * 2 * CYCLES] * 3, "no robot falls in an empty world"
    assert "name no other" in bench("ant", "--sharing", "race", code=1).output
