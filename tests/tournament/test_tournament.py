"""Matches between processes, tournaments that go on whatever happens, ratings, replays, pools of opponents."""

import copy
import dataclasses
import errno
import hashlib
import io
import json
import os
import pickle
import re
import signal
import subprocess
import sys
import textwrap
import warnings
import zipfile
from collections.abc import Sequence
from contextlib import closing
from itertools import combinations
from pathlib import Path
from typing import Any, NoReturn
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner
from folders import TESTS
from PIL import Image
from players import Nan
from waits import LONG

import roboschool
from roboschool import paths
from roboschool.cli.contest import print_table, run_replay
from roboschool.cli.main import main
from roboschool.cli.output import Output
from roboschool.envs.parallel import ParallelEnv
from roboschool.errors import InvalidInput
from roboschool.games.observations import COLOURS
from roboschool.mdp.effects import Marker, straight
from roboschool.paths import policies
from roboschool.physics.worlds import World
from roboschool.policies.opponent_pool import OpponentPool
from roboschool.rendering.camera import Camera
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Scene
from roboschool.tournament import rating, schedule
from roboschool.tournament.caption import Caption
from roboschool.tournament.entrants import read_entrants
from roboschool.tournament.match import play, play_recorded, scene_hash
from roboschool.tournament.page import make_page
from roboschool.tournament.players import PlayerCache, Process
from roboschool.tournament.record import read_match, write_match
from roboschool.tournament.replay import open_world, replay, verify
from roboschool.tournament.report import Report, read_report, summarise
from roboschool.tournament.sides import Outcome, deal, decide, name_results, sides_of
from roboschool.tournament.tournament import make_plan, run_tournament
from roboschool.tournament.trajectory import Recorder, read_trajectory

COMMAND = [sys.executable, "-m", "roboschool.cli"]
SHORT = {"seconds": 1.0}  # 61 steps
HANGS = 2.0  # how long a policy that hangs is waited for; whoever does not, answers in a hundredth of it [s]


def run(*command: object, cwd: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [*COMMAND, *map(str, command)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": paths},
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def refused(*arguments: str) -> str:
    """Run a command in this process that must not do anything; return the line that it says."""
    done = CliRunner().invoke(main, list(arguments))
    assert (done.exit_code, type(done.exception)) == (1, SystemExit)
    assert done.stdout == "", "nothing is said before"
    return done.stderr


@pytest.fixture(scope="module")
def env() -> Any:
    world = ParallelEnv("pong", **SHORT)
    yield world
    world.close()


def contest(env: ParallelEnv, names: Sequence[str], seed: int = 0, limit: float = LONG) -> Any:
    with PlayerCache(limit, quiet=True) as cache:
        return play_recorded(env, SHORT, read_entrants(env.scene, names), seed, cache)


# Sides and results


def scene_of(*names: str, teams: Sequence[str] = ()) -> Scene:
    agent = load_scene("ant").agents[0]
    pairs = zip(names, teams or [""] * len(names), strict=True)
    return dataclasses.replace(
        load_scene("ants"), agents=tuple(dataclasses.replace(agent, name=name, team=team) for name, team in pairs)
    )


def test_sides() -> None:
    assert sides_of(scene_of("ant_0", "ant_1")) == (("ant_0",), ("ant_1",))
    assert sides_of(load_scene("soccer")) == (("home_0", "home_1"), ("away_0", "away_1"))
    assert sides_of(load_scene("tag")) == (("runner_0",), ("chaser_0", "chaser_1", "chaser_2"))
    mixed = scene_of("a_0", "a_1", "a_2", "a_3", "a_4", teams=("b", "", "x", "b", "x"))
    assert sides_of(mixed) == (("a_0", "a_3"), ("a_1",), ("a_2", "a_4"))
    race = scene_of("ant_0", "ant_1", "ant_2", "ant_3")
    assert deal(race, 2) == ((("ant_0",), ("ant_2",)), (("ant_1",), ("ant_3",)))
    runners = load_scene("race", lanes=("ant", "ant", "hopper"))
    assert sides_of(runners) == (("ant_0",), ("ant_1",), ("hopper_0",)), "in a race every agent is a side"
    with pytest.raises(InvalidInput, match="4 sides, for 2 or 4 policies, not 3"):
        deal(race, 3)
    with pytest.raises(InvalidInput, match="a match needs 2 sides or more, and it has 1"):
        sides_of(load_scene("ant"))


def test_the_game_decides_else_the_returns() -> None:
    scene = scene_of("ant_0", "ant_1")
    still = {"physics_error": 0.0}
    won = decide(scene, {"ant_0": still, "ant_1": still}, {"ant_0": 1.0, "ant_1": 2.0}, 10)
    assert won == {"ant_0": Outcome(-1, "return", 1.0), "ant_1": Outcome(1, "return", 2.0)}
    drawn = decide(scene, {"ant_0": still, "ant_1": still}, {"ant_0": 1.0, "ant_1": 1.0}, 10)
    assert {outcome.result for outcome in drawn.values()} == {0}

    class Sumo:
        reasons = ("", "fall", "out")

    told = {"physics_error": 0.0, "score": 3.0}
    infos = {"ant_0": told | {"result": 1.0, "reason": 2.0}, "ant_1": told | {"result": -1.0, "reason": 2.0}}
    ruled = dataclasses.replace(scene)
    object.__setattr__(ruled, "game", Sumo())
    said = decide(ruled, infos, {"ant_0": 0.0, "ant_1": 9.0}, 10)
    assert said == {"ant_0": Outcome(1, "out", 3.0), "ant_1": Outcome(-1, "out", 3.0)}
    broken = {name: info | {"physics_error": 1.0} for name, info in infos.items()}
    assert {o.reason for o in decide(ruled, broken, {"ant_0": 0.0, "ant_1": 9.0}, 10).values()} == {"physics"}


# Matches, their files, their replays


def test_a_match_is_verified_in_a_new_process_and_shown(tmp_path: Path) -> None:
    match = ["match", "pong", "a=scripted", "--scene", "pong", "--set", "seconds=1.0", "--seed", "7"]
    said = run(*match, "-o", "m.rsmatch", cwd=tmp_path).stdout
    assert "won" in said
    assert "lost" in said
    run(*match, "-o", "n.rsmatch", cwd=tmp_path)
    one, other = (read_match(tmp_path / name) for name in ("m.rsmatch", "n.rsmatch"))
    assert dataclasses.replace(one.record, seconds=0.0) == dataclasses.replace(other.record, seconds=0.0)
    assert one.record.scene == "pong"
    assert [player.name for player in one.record.players] == ["pong", "a"]
    assert len(one.record.players[0].hashes[0]) == 64
    assert len(one.record.checksums) == 3
    done = run("replay", "m.rsmatch", "--verify", "--picture", "p.png", "--size", "96x64", cwd=tmp_path)
    assert "verified: 61 steps" in done.stdout
    run("replay", "m.rsmatch", "--video", "v.gif", "--size", "96x64", cwd=tmp_path)
    with Image.open(tmp_path / "v.gif") as video:
        assert (video.size, video.n_frames > 20) == ((96, 64), True)
    told = json.loads(run(*match, "--json", cwd=tmp_path).stdout)
    assert told["agents"][0]["agent"] == "paddle_0"
    actions = {name: rows.copy() for name, rows in one.actions.items()}
    actions["paddle_1"][30] += 0.01
    write_match(tmp_path / "forged.rsmatch", dataclasses.replace(one, actions=actions))
    done = run("replay", "forged.rsmatch", "--verify", "--picture", "f.png", "--size", "96x64", cwd=tmp_path, code=1)
    assert "differs at step 50; at step 0 it was the same" in done.stderr
    assert (tmp_path / "f.png").read_bytes() == (tmp_path / "p.png").read_bytes(), "what was seen is shown"


@pytest.mark.parametrize("scene", ["ant_sumo", "kick_and_defend", "soccer"])
def test_a_match_is_shown_as_it_was_without_physics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scene: str
) -> None:
    path = tmp_path / "m.rsmatch"
    options = {"seconds": 5.0} if scene == "soccer" else {}
    with closing(ParallelEnv(scene, **options)) as env, PlayerCache(quiet=True) as cache:
        _, match = play_recorded(env, options, read_entrants(env.scene, ["random", "other=random"]), 3, cache)
    write_match(path, match)
    match = read_match(path)
    steps = match.record.steps
    assert match.trajectory.frames == steps + 1
    if scene == "ant_sumo":
        assert match.trajectory.count(steps) == [], "it counts nothing before its end"
        assert (steps, len(match.trajectory.markers)) == (500, 1), "a ring that stays is written once"
        assert path.stat().st_size < 200_000
    size = (192, 128)
    with closing(open_world(match)) as env, closing(Camera(env.scene, *size)) as camera:
        wanted = [
            camera.picture(env.simulation.worlds[0].capture(), env.simulation.markers())
            for now in replay(env, match)
            if now.number in {0, 60, steps}
        ]
    with closing(Camera(load_scene(scene), *size)) as camera:
        monkeypatch.setattr(World, "__init__", None)
        for step, picture in zip((0, 60, steps), wanted, strict=True):
            assert (camera.picture(*match.trajectory.look(step)) == picture).all(), step
        run_replay(path, False, Output(picture=tmp_path / "p.png", at=0.0, size="192x128"))
        snapshot, markers = match.trajectory.look(0)
        caption = Caption(load_scene(scene), match)
        camera.reset()
        plain = camera.picture(snapshot, markers)
    with Image.open(tmp_path / "p.png") as image:
        shown = np.asarray(image)
    assert (shown == caption.draw(plain, 0)).all()
    changed = np.argwhere((shown != plain).any(axis=-1))
    assert 0 < changed.max(axis=0)[0] < 40, "names are in a corner"


def test_a_caption_says_who_plays_whom_and_at_the_end_how_it_ended(env: ParallelEnv) -> None:
    _, match = contest(env, ["a=still", "b=scripted"])
    caption = Caption(env.scene, match)
    assert caption._rows(0) == [["paddle_0", "a", "0"], ["paddle_1", "b", "0"]], "nothing gives the end away"
    assert caption._rows(60) == [["paddle_0", "a", "-1"], ["paddle_1", "b", "0"]]
    assert caption._rows(61) == [["paddle_0", "a", "-1", "lost"], ["paddle_1", "b", "0", "won"]]
    assert [caption._end(step) for step in (0, 60, 61)] == ["0.0 s", "1.0 s", "time, 61 steps"]
    assert caption.colours == [*COLOURS]
    tiny = np.zeros((64, 96, 3), np.uint8)
    assert caption.draw(tiny, 0) is tiny
    assert caption.draw(np.zeros((400, 600, 3), np.uint8), 0).any()


def test_a_caption_counts_what_the_game_counts(tmp_path: Path) -> None:
    with closing(ParallelEnv("pong", seconds=5.0)) as long:
        _, match = contest(long, ["pong", "scripted"])
        write_match(tmp_path / "m.rsmatch", match)
        trajectory = read_match(tmp_path / "m.rsmatch").trajectory
        counted, told = [], []
        for now in replay(long, match):
            counted.append(trajectory.count(now.number))
            told.append([now.info[name]["score"] for name in ("paddle_0", "paddle_1")])
        assert np.allclose(counted, told, atol=1e-6)
        assert 1 < len(trajectory.scores) < 60, "written where they change"
        changed = next(step for step, scores in enumerate(told) if any(scores))
        caption = Caption(long.scene, match)
        assert caption._rows(changed - 1) == [["paddle_0", "pong", "0.00"], ["paddle_1", "scripted", "0.00"]]
        assert [row[2] for row in caption._rows(changed)] == [f"{score:.2f}" for score in told[changed]]
        assert [len(row) for row in caption._rows(trajectory.frames - 1)] == [4, 4]
        goals = np.array([[0, 0, 0], [9, 1, -1]], np.float32)
        caption = Caption(
            long.scene, dataclasses.replace(match, trajectory=dataclasses.replace(trajectory, scores=goals))
        )
        assert [row[2] for row in caption._rows(9)] == ["1", "-1"]


def test_results_are_named_and_places_where_there_are_more(tmp_path: Path) -> None:
    assert name_results([1.0, -1.0]) == ["won", "lost"]
    assert name_results([0, 0]) == ["drew", "drew"]
    assert name_results([1.0, 1 / 3, -1 / 3, -1.0]) == ["place 1", "place 2", "place 3", "place 4"]
    assert name_results([0.5, 0.5, -1.0, 0.0]) == ["place 1", "place 1", "place 4", "place 3"]
    lanes = 'lanes=["hopper", "hopper", "hopper", "hopper"]'
    four = ["still", "random", "b=still", "c=random", "--scene", "race", "--set", lanes]
    said = run("match", *four, "-o", "m.rsmatch", cwd=tmp_path).stdout
    assert all(f"place {number}" in said for number in (1, 2, 3, 4))
    assert "verified" in run("replay", "m.rsmatch", "--verify", cwd=tmp_path).stdout
    match = str(tmp_path / "m.rsmatch")
    assert "--at 3: that is when a picture is taken; give --picture, too" in refused("replay", match, "--at", "3")
    for written, words in {
        "--size 96x64": "--size 96x64: nothing is shown",
        "--picture p.png --size 96": "size '96' is not two even numbers",
        "--picture p.gif": "p.gif: unknown ending '.gif'",
        "--video v.png": "v.png: unknown ending '.png'",
    }.items():
        assert words in refused("replay", match, *written.split())


def test_markers_come_change_and_go() -> None:
    near, far, blue, line = (
        Marker((0.0, 0.5, 1.0), 0.25),
        Marker((2.0, 0.0, 0.0), 0.5),
        Marker((2.0, 0.0, 0.0), 0.5, (0, 0, 255)),
        straight((1.0, 0.0), (1.0, 2.0), (0, 0, 255), 0.125),
    )
    seen = [[], [near], [near], [near, far], [near, blue], [far], [far, line], []]
    with closing(ParallelEnv("pong")) as env:
        env.reset(seed=0)
        recorder = Recorder(env.scene)
        for markers in seen:
            env.simulation.markers = lambda markers=markers: markers
            recorder.add(env.simulation)
    trajectory = recorder.trajectory()
    assert [trajectory.look(step)[1] for step in range(len(seen))] == seen
    assert trajectory.markers[:, :2].tolist() == [[1, 0], [3, 1], [4, 1], [5, 0], [5, 1], [6, 1], [7, 0], [7, 1]]
    assert read_trajectory(trajectory.arrays(), len(seen) - 1).frames == len(seen)


@pytest.mark.parametrize("spoilt", [np.inf, 1e300, np.nan])
def test_poses_end_where_physics_blows_up(env: ParallelEnv, tmp_path: Path, spoilt: float) -> None:
    class Bomb(Recorder):
        """Spoils the ball: Bullet keeps what is too large for a pose, too."""

        def add(self, simulation: Any) -> None:
            if self._frames == 20:
                toy = simulation.worlds[0].prop_bodies[0]
                toy.set_joints([spoilt, 0.0], [0.0, 0.0])
            super().add(simulation)

    _, match = contest(env, ["still", "scripted"])
    with PlayerCache(quiet=True) as cache:
        teams = (("paddle_0",), ("paddle_1",))
        entrants = read_entrants(env.scene, ["still", "scripted"])
        players = [cache.take(one.assign(env.scene, team)) for one, team in zip(entrants, teams, strict=True)]
        recorder = Bomb(env.scene)
        played = play(env, teams, players, 0, recorder)
        for player in players:
            cache.put(player)
    trajectory = recorder.trajectory()
    assert trajectory.frames == 20
    assert played.steps == (61 if spoilt == 1e300 else 21)
    assert read_trajectory(trajectory.arrays(), played.steps).frames == 20
    path = tmp_path / "m.rsmatch"
    write_match(path, dataclasses.replace(match, trajectory=trajectory))
    run_replay(path, False, Output(video=tmp_path / "v.gif", picture=tmp_path / "p.png", size="96x64"))
    with Image.open(tmp_path / "v.gif") as video:
        assert video.n_frames == 11, "every other, and the last"
    none = {name: rows[:0] for name, rows in trajectory.arrays().items()}
    write_match(path, dataclasses.replace(match, trajectory=read_trajectory(none, 0)))
    with pytest.raises(InvalidInput, match=r"m\.rsmatch: trajectory\.npz: it has no frames"):
        run_replay(path, False, Output(picture=tmp_path / "p.png", size="96x64"))


def test_poses_of_other_bodies_are_not_shown(env: ParallelEnv, tmp_path: Path) -> None:
    _, match = contest(env, ["still", "scripted"])
    path = tmp_path / "m.rsmatch"
    bodies = match.trajectory.bodies
    more = np.hstack([bodies["paddle_1"], np.zeros((62, 1), np.float32)])
    for other in (
        {name: bodies[name] for name in list(bodies)[:-1]},
        bodies | {"paddle_1": more},
        {"cat_0" if name == "paddle_0" else name: rows for name, rows in bodies.items()},
    ):
        write_match(path, dataclasses.replace(match, trajectory=dataclasses.replace(match.trajectory, bodies=other)))
        with pytest.raises(
            InvalidInput, match=r"m\.rsmatch: trajectory\.npz: it has bodies and joints .*, and scene 'pong'"
        ):
            run_replay(path, False, Output(picture=tmp_path / "p.png", size="96x64"))
        assert "what it shows is not what happened: " in verify(read_match(path)).wrong
    write_match(
        path,
        dataclasses.replace(match, trajectory=dataclasses.replace(match.trajectory, scores=np.zeros((1, 4), "f4"))),
    )
    with pytest.raises(InvalidInput, match=r"m\.rsmatch: trajectory\.npz: scores is \(1, 4\), not \(changes, 3\)"):
        run_replay(path, False, Output(picture=tmp_path / "p.png", size="96x64"))


def test_verification_notices_whatever_is_forged(env: ParallelEnv, tmp_path: Path) -> None:
    _, match = contest(env, ["pong", "scripted"])
    path, record = tmp_path / "m.rsmatch", match.record
    write_match(path, match)
    assert verify(read_match(path)).exact
    lines = tuple(dataclasses.replace(line, result=-line.result) for line in record.agents)
    swapped = tuple(dataclasses.replace(line, player=1 - line.player) for line in record.agents)
    forgeries = {
        "agents are played by": dataclasses.replace(record, agents=swapped),
        "result": dataclasses.replace(record, agents=lines),
        "differs at 0": dataclasses.replace(record, seed=record.seed + 1),
        "differs at 61": dataclasses.replace(record, checksums=(*record.checksums[:-1], "0" * 64)),
    }
    for what, forged in forgeries.items():
        write_match(path, dataclasses.replace(match, record=forged))
        verification = verify(read_match(path))
        assert not verification.exact
        assert (f"differs at {verification.step}" if verification.step is not None else verification.wrong).find(
            what
        ) >= 0
    moved = {name: rows.copy() for name, rows in match.trajectory.bodies.items()}
    moved["paddle_1"][30, -1] += 0.01
    write_match(path, dataclasses.replace(match, trajectory=dataclasses.replace(match.trajectory, bodies=moved)))
    assert verify(read_match(path)).wrong == "what it shows is not what happened: bodies/paddle_1"
    elsewhere = dataclasses.replace(record, versions=record.versions | {"pybullet": "1"})
    write_match(path, dataclasses.replace(match, record=elsewhere))
    assert verify(read_match(path)).differs == (f"pybullet 1 there, {record.versions['pybullet']} here",)


def test_a_scene_may_move_and_must_not_change(tmp_path: Path) -> None:
    here, there = tmp_path / "table.toml", tmp_path / "other" / "name.toml"
    here.write_text(paths.scenes()["pong"].read_text())
    with closing(ParallelEnv(here, seconds=1.0)) as world:
        _, match = contest(world, ["still", "scripted"])
    assert len(match.record.scene_hash) == 64
    write_match(tmp_path / "m.rsmatch", match)
    there.parent.mkdir()
    said = run("replay", "m.rsmatch", "--verify", cwd=tmp_path, code=1).stderr
    assert "table.toml': the match was played in this file, and no file that a match names is opened; give" in said
    here.rename(there)
    shown = ["--verify", "--picture", "p.png", "--size", "96x64", "--scene", "other/name.toml"]
    assert "verified: 61 steps" in run("replay", "m.rsmatch", *shown, cwd=tmp_path).stdout
    shown[-1] = "pong"
    assert "verified: 61 steps" in run("replay", "m.rsmatch", *shown, cwd=tmp_path).stdout, "a name will do"
    shown[-1] = "other/name.toml"
    there.write_text("gravity = 3.7\n" + there.read_text())
    said = run("replay", "m.rsmatch", *shown, cwd=tmp_path, code=1).stderr
    assert "name.toml: the scene's file has changed" in said
    old = dataclasses.replace(match, record=dataclasses.replace(match.record, scene_hash=""))
    assert verify(old, there).differs == (), "who wrote it did not know"


def test_options_of_a_reset_are_set_and_remembered(tmp_path: Path) -> None:
    short = ["--scene", "ant_sumo", "--set", "seconds=0.2", "--set", "radius=[2.0, 3.0]", "--set", "dense_weight=0.5"]
    run("match", "still", "random", *short, "-o", "m.rsmatch", cwd=tmp_path)
    record = read_match(tmp_path / "m.rsmatch").record
    assert record.rules == {"radius": [2.0, 3.0], "dense_weight": 0.5}
    assert record.options == {"seconds": 0.2}
    assert "verified" in run("replay", "m.rsmatch", "--verify", cwd=tmp_path).stdout
    run("tournament", "still", "random", *short, "--games", "1", "--workers", "1", "-o", "t", cwd=tmp_path)
    report = read_report(tmp_path / "t")
    assert report.plan.rules == record.rules
    (first, *_) = report.results
    assert read_match(tmp_path / "t" / first.file).record.rules == record.rules
    for written, words in {
        "gravity=abc": """--set gravity=abc: values are written as in TOML: 3.7, "abc", ["hopper", "ant"]""",
        "seconds=0.3": "--set seconds: given twice",
        "radius=2.0,3.0": """; did you mean --set 'radius=[2.0, 3.0]'?""",
        "lanes=hopper, ant": """; did you mean --set 'lanes=["hopper", "ant"]'?""",
        "lanes=[hopper,ant]": """; did you mean --set 'lanes=["hopper", "ant"]'?""",
        "radus=2": "--set radus: unknown option 'radus'; did you mean 'radius'?",
        "gravty=2": "did you mean 'gravity'?",
        "radius=-2": "radius: -2.0 is not within 0.5 and 100",
        "radius='wide'": "game Sumo: radius: ",
        "radius": "it is written KEY=VALUE",
    }.items():
        assert words in refused("match", "still", "random", *short[:4], "--set", written)


def test_damaged_files_are_refused(env: ParallelEnv, tmp_path: Path) -> None:
    _, match = contest(env, ["still", "scripted"])
    path = tmp_path / "m.rsmatch"
    write_match(path, match)
    good = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in ("match.json", "actions.npz", "trajectory.npz")}

    def packed_with(**arrays: Any) -> bytes:
        stream = io.BytesIO()
        np.savez_compressed(stream, allow_pickle=True, **arrays)
        return stream.getvalue()

    def zipped(entries: dict[str, bytes]) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in entries.items():
                archive.writestr(name, data)
        return stream.getvalue()

    def about(**changes: Any) -> bytes:
        raw = json.loads(entries["match.json"]) | changes
        return zipped(entries | {"match.json": json.dumps(raw).encode()})

    def actions(**arrays: Any) -> bytes:
        return zipped(entries | {"actions.npz": packed_with(**arrays)})

    def trajectory(**arrays: Any) -> bytes:
        return zipped(entries | {"trajectory.npz": packed_with(**seen | arrays)})

    def spoilt_at(place: Any, value: float) -> np.ndarray:
        rows = paddle.copy()
        rows[place] = value
        return rows

    def mark(*starts: tuple[float, float]) -> np.ndarray:
        return np.array([[*start, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0] for start in starts], np.float32)

    rows = match.actions["paddle_0"]
    nan = np.full_like(rows, np.nan)
    seen = match.trajectory.arrays()
    paddle = seen["bodies/paddle_0"]
    old = {name: data for name, data in entries.items() if name != "trajectory.npz"}
    twice = io.BytesIO(entries["trajectory.npz"])
    with warnings.catch_warnings(), zipfile.ZipFile(twice, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("markers.npy", archive.read("markers.npy"))
    cases = {
        "not a match: it has the entries match.json": zipped({"match.json": entries["match.json"]}),
        "not a match: it has the entries actions.npz": zipped({"actions.npz": entries["actions.npz"]}),
        "damaged: File is not a zip": b"PK\3\4 and then nothing",
        "its version is 9": about(version=9),
        "its version is 1, not 5": zipped(old | {"match.json": b'{"version": 1}'}),
        "its version is None": zipped(entries | {"match.json": b"[]"}),
        "unknown key 'sead'": about(sead=1),
        "checksums do not fit": about(steps=500),
        "cannot be": about(steps=10**12),
        "Expected `int`": about(seed="seven"),
        "10000000 bytes, more than 4194304": zipped(entries | {"match.json": b" " * 10**7}),
        "actions.npz: more than 67108864 bytes": zipped(entries | {"actions.npz": b"0" * 10**8}),
        "trajectory.npz: more than 67108864 bytes": zipped(entries | {"trajectory.npz": b"0" * 10**8}),
        "its agents are not": actions(paddle_0=rows),
        "paddle_1 has 60 steps, not 61": actions(paddle_0=rows, paddle_1=rows[1:]),
        "is '<f8' (61, 2), not a table of '<f4'": actions(paddle_0=rows, paddle_1=rows.astype(float)),
        "paddle_1 is '|O'": actions(paddle_0=rows, paddle_1=np.array([[print]])),
        "paddle_1 holds a number that is not finite": actions(paddle_0=rows, paddle_1=nan),
        "trajectory.npz: damaged: File is not a zip file": zipped(entries | {"trajectory.npz": b"0"}),
        "not bodies, markers, scores and rewards": trajectory(more=paddle),
        "scores change at steps that cannot be, of 62 frames": trajectory(scores=paddle[:2, :3] + 62),
        "it holds nothing, not": zipped(entries | {"trajectory.npz": packed_with()}),
        "two of the same name": zipped(entries | {"trajectory.npz": twice.getvalue()}),
        "1007 entries, too many": trajectory(**{f"bodies/{number}": paddle for number in range(1000)}),
        "bodies/x is '|O'": trajectory(**{"bodies/x": np.array([[print]])}),
        "bodies/x is '<f4' (62,), not a table": trajectory(**{"bodies/x": paddle[:, 0]}),
        "x is (61, 9): 62 frames of 61 steps": trajectory(**{"bodies/x": paddle[1:]}),
        "x is (62, 6)": trajectory(**{"bodies/x": paddle[:, :6]}),
        "63 frames of 61 steps": trajectory(**{name: np.vstack([a[:1], a]) for name, a in seen.items()}),
        "x holds a number that is not finite": trajectory(**{"bodies/x": spoilt_at((5, 0), np.inf)}),
        "x has a pose that cannot be, in frame 7": trajectory(**{"bodies/x": spoilt_at((7, slice(3, 7)), 0.0)}),
        "x has a pose that cannot be, in frame 8": trajectory(**{"bodies/x": spoilt_at((8, slice(3, 7)), 1e30)}),
        "markers is (62, 8), not": trajectory(markers=paddle[:, :8]),
        "markers change at steps that cannot be": trajectory(markers=mark((5, 0), (4, 0))),
        "steps that cannot be, of 62 frames": trajectory(markers=mark((62, 0))),
        "markers change at steps": trajectory(markers=mark((-1, 0))),
        "change at steps": trajectory(markers=mark((0.5, 0))),
        "not numbered from 0": trajectory(markers=mark((0, -1))),
        "not numbered from 0 to 4095": trajectory(markers=mark((0, 4096))),
        "markers holds a number that is not finite": trajectory(markers=mark((0, np.nan))),
    }
    for words, data in cases.items():
        path.write_bytes(data)
        with pytest.raises(InvalidInput, match=re.escape(words)):
            read_match(path)
    for length in range(0, len(good), max(1, len(good) // 60)):
        path.write_bytes(good[:length])
        with pytest.raises(InvalidInput):
            read_match(path)
    spoilt = bytearray(good)
    rng = np.random.default_rng(0)
    for _ in range(100):
        at = int(rng.integers(len(spoilt)))
        path.write_bytes(bytes(spoilt[:at]) + bytes([spoilt[at] ^ 0xFF]) + bytes(spoilt[at + 1 :]))
        try:
            read_match(path)
        except InvalidInput:
            continue
    with pytest.raises(InvalidInput, match=r"did you mean 'm\.rsmatch'"):
        read_match(tmp_path / "n.rsmatch")


# Forfeits


@pytest.mark.parametrize(
    ("policy", "reason", "words"),
    [
        ("Exits", "crash", "exit status 3"),
        ("Raises", "crash", "players.py, line 32, in fail: RuntimeError: III"),
        ("Hangs", "hang", f"{HANGS:g} s"),
        ("Nan", "not finite", "nan"),
        ("Infinite", "not finite", "inf"),
        ("Wrong", "wrong shape", "the action has shape (3,), not (2,)"),
        ("Words", "wrong shape", "not an array of numbers"),
        ("Ragged", "wrong shape", "not an array"),
        ("Huge", "wrong shape", "(100000000,)"),
        ("Hungry", "crash", "MemoryError"),
        ("Cheats", "crash", "another request"),
        ("Unmade", "crash", "not today"),
    ],
)
def test_who_fails_forfeits(env: ParallelEnv, tmp_path: Path, policy: str, reason: str, words: str) -> None:
    limit = HANGS if reason == "hang" else LONG
    played, match = contest(env, [f"players:{policy}", "scripted"], limit=limit)
    (fault,) = played.faults
    assert (fault.player, fault.reason) == (0, reason)
    assert words in fault.detail
    assert "agent" not in fault.detail
    assert len(fault.detail) <= 400
    assert played.steps == fault.step == (0 if policy == "Unmade" else 19)
    assert played.outcomes == {"paddle_0": Outcome(-1, reason, 0.0), "paddle_1": Outcome(1, "forfeit", 0.0)}
    write_match(tmp_path / "m.rsmatch", match)
    assert verify(read_match(tmp_path / "m.rsmatch")).exact


def test_players_go_on_after_each_other_and_leave_nothing(env: ParallelEnv) -> None:
    """Kept between matches, and begun anew: what was played before means nothing."""
    entrants = read_entrants(env.scene, ["players:Good", "bad=players:Exits", "chatty=players:Chatty"])
    good, bad, chatty = entrants
    with PlayerCache(quiet=True) as cache:
        first, _ = play_recorded(env, SHORT, [good, chatty], 3, cache)
        pids = {player.channel.child.process.pid for player in cache.idle}
        play_recorded(env, SHORT, [bad, good], 4, cache)
        again, _ = play_recorded(env, SHORT, [good, chatty], 3, cache)
        assert pids == {player.channel.child.process.pid for player in cache.idle}
        assert not again.faults
        for name, rows in first.actions.items():
            assert (rows == again.actions[name]).all()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def cpu_time(pid: int) -> float:
    """Return how long processors have worked for a process [s]."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_player_costs_microseconds(env: ParallelEnv) -> None:
    (entrant,) = read_entrants(env.scene, ["still"])
    player = Process(entrant.assign(env.scene, ["paddle_0"]))
    player.begin(0)
    assert player.answer() == []
    seen, count = [np.zeros(13, np.float32)], 2000
    before = cpu_time(os.getpid()) + cpu_time(player.channel.child.process.pid)
    for _ in range(count):
        player.ask(seen)
        player.answer()
    taken = cpu_time(os.getpid()) + cpu_time(player.channel.child.process.pid) - before
    player.kill()
    assert taken / count < 500e-6, "of the processors, whoever else is using them"


@pytest.mark.parametrize(
    ("policies", "words"),
    [
        (["pon", "still"], "did you mean 'pong'"),
        (["ant", "still"], "ant.safetensors: the policy observes 28 numbers, and the agent has 13"),
        (["missing.safetensors", "still"], "no such file"),
        (["players:exits", "still"], "policy 'players:exits' cannot be imported: module 'players' has no attribute"),
        (["players:exits", "still"], "did you mean 'Exits'?"),
        (["nowhere:Policy", "still"], "policy 'nowhere:Policy' cannot be imported: No module named 'nowhere'"),
        (["players:Unmade", "still"], "policy 'players:Unmade' cannot be made without arguments: "),
        (["players:Quits", "still"], "policy 'players:Quits': ended with exit status 3"),
        (["=pong", "still"], "NAME=POLICY"),
        (["pong", "pong"], "two policies are called 'pong'"),
        (["pong,still,still", "still"], "2 sides, so 1 or 2 policies"),
        (["pong"], "2 policies at least"),
    ],
)
def test_policies_that_cannot_play_are_named(policies: list[str], words: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(words)):
        make_plan("pong", policies)


def test_classes_are_checked_in_processes_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["class {}:", "    def reset(self, seed): {}", "    def act(self, observation): return [0.0, 0.0]", ""]
    text = "\n".join(lines)
    module = "import time\n" + text.format("Good", "...") + text.format("Slow", "time.sleep(1000)")
    (tmp_path / "checked_apart.py").write_text(module)
    monkeypatch.syspath_prepend(tmp_path)
    make_plan("pong", ["checked_apart:Good", "still"])
    with pytest.raises(InvalidInput, match=r"policy 'checked_apart:Slow': no answer within 2 s"):
        make_plan("pong", ["checked_apart:Good", "checked_apart:Slow"], start=2.0)
    assert "checked_apart" not in sys.modules


def test_every_policy_of_a_pair_must_fit_its_side(tmp_path: Path) -> None:
    refused = run("match", "pong,ant", "still", "--scene", "pong", cwd=tmp_path, code=1).stderr
    assert "agent 'paddle_1': " in refused
    assert "ant.safetensors: the policy observes 28 numbers, and the agent has 13" in refused


def test_a_tournament_needs_sides_that_two_can_share() -> None:
    with pytest.raises(
        InvalidInput, match=r"between two at a time: scene 'race': it has 3 sides, .*: hopper_0, humanoid_0"
    ):
        make_plan("race", ["still", "random"])


# Schedules


@pytest.mark.parametrize("count", [2, 3, 7, 20])
def test_round_robin_is_double_with_the_same_seeds(count: int) -> None:
    games = schedule.stage(0, count, 3, 5, [])
    assert len(games) == schedule.count_games(count, 3) == len(set(games))
    for pair in combinations(range(count), 2):
        seeds = {both: [g.seed for g in games if (g.first, g.second) == both] for both in (pair, pair[::-1])}
        assert set(map(tuple, seeds.values())) == {(5, 6, 7)}


@pytest.mark.parametrize("count", [21, 22, 23, 33, 64])
def test_swiss_rounds_have_no_repeats_and_end_with_the_best(count: int) -> None:
    rng, played, met = np.random.default_rng(count), [], []
    strength = rng.normal(0, 3, count)
    for number in range(schedule.stages(count)):
        games = schedule.stage(number, count, 1, 5, played)
        assert games == schedule.stage(number, count, 1, 5, played)
        pairs = [frozenset((g.first, g.second)) for g in games if g.first < g.second]
        if number < schedule.rounds(count):
            assert len(set().union(*pairs)) == 2 * len(pairs) == count - count % 2, "everybody plays once"
            met += pairs
        else:
            assert len(pairs) == 28
            assert {g.seed for g in games} == {6}
            final = set().union(*pairs)
        played += [(g, float(rng.random() < 1 / (1 + np.exp(strength[g.second] - strength[g.first])))) for g in games]
    assert len(met) == len(set(met)), "nobody meets anybody twice"
    assert 8 <= schedule.rounds(count) <= 12
    assert len(played) == schedule.count_games(count, 1)
    rests = [sum(i in pair for pair in met) for i in range(count)]
    assert max(rests) - min(rests) <= count % 2
    assert len(final & set(np.argsort(-strength)[:8].tolist())) >= 4


# Ratings


def test_ratings_find_the_strengths_that_made_the_games() -> None:
    rng, strength = np.random.default_rng(1), np.linspace(400, -400, 9)
    games = [
        rating.Score(a, b, float(rng.random() < 1 / (1 + 10 ** ((strength[b] - strength[a]) / 400))), block)
        for a, b in combinations(range(9), 2)
        for block in range(60)
    ]
    table = rating.rate(games, 9)
    assert np.argsort(-table.rating).tolist() == list(range(9))
    assert np.abs(table.rating - 1500 - strength).max() < 90
    covered = (table.low - 1500 <= strength) & (strength <= table.high - 1500)
    assert covered.sum() >= 7
    assert table.rating.mean() == pytest.approx(1500)
    mixed = rating.rate([games[i] for i in rng.permutation(len(games))], 9)
    assert np.allclose(mixed.rating, table.rating)
    turned = [rating.Score(g.second, g.first, 1.0 - g.points, g.block) for g in games]
    assert np.allclose(rating.rate(turned, 9).rating, table.rating)
    off = ~np.eye(9, dtype=bool)
    assert np.allclose((table.share + table.share.T)[off], 1.0)


def test_ratings_of_draws_and_of_the_undefeated() -> None:
    equal = rating.rate([rating.Score(a, b, 0.5) for a, b in combinations(range(4), 2)], 4)
    assert np.allclose([equal.rating, equal.low, equal.high], 1500)
    sweep = rating.rate([rating.Score(0, 1, 1.0, block) for block in range(1000)], 3)
    assert np.isfinite([sweep.rating, sweep.low, sweep.high]).all()
    assert sweep.rating[0] > sweep.rating[2] > sweep.rating[1]
    few = rating.rate([rating.Score(0, 1, 1.0), rating.Score(0, 1, 0.0, 1), rating.Score(0, 1, 1.0, 2)], 2)
    assert few.low[0] < few.rating[0] < few.high[0]
    assert (rating.rate([], 2).rating == 1500).all()


# Tournaments


BAD = ["players:Exits", "nan=players:Nan"]


def story(report: Report, folder: Path) -> Any:
    checksums = [read_match(folder / result.file).record.checksums for result in report.results]
    return report.table, report.matrix, report.results, checksums


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("tournament") / "two"
    plan = make_plan("pong", ["pong", "scripted", *BAD], SHORT, games=1)
    return plan, run_tournament(plan, folder, 2), folder


def test_results_are_the_same_with_any_number_of_cores(played: Any, tmp_path: Path) -> None:
    plan, report, folder = played
    ticks: list[int] = []
    assert story(run_tournament(plan, tmp_path / "one", 1, ticks.append), tmp_path / "one") == story(report, folder)
    assert sum(ticks) == len(report.results) == 12
    assert read_report(folder) == report
    assert all(verify(read_match(folder / result.file)).exact for result in report.results)


def test_a_tournament_goes_on_whoever_fails(played: Any) -> None:
    _, report, _ = played
    rows = {row.name: row for row in report.table}
    assert [row.name for row in report.table][2:] == ["nan", "players:Exits"] or rows["nan"].forfeits == 6
    for name in ("nan", "players:Exits"):
        assert (rows[name].games, rows[name].forfeits) == (6, 6)
    assert rows["pong"].won >= 4
    both = [result for result in report.results if len(result.forfeits) == 2]
    assert len(both) == 2
    assert {result.points for result in both} == {0.5}


def test_the_page_is_one_well_formed_file(played: Any) -> None:
    _, report, _ = played
    plan = report.plan
    odd = "<b>&\"'é" + "x" * 60
    plan = dataclasses.replace(plan, entrants=(dataclasses.replace(plan.entrants[0], name=odd), *plan.entrants[1:]))
    page = make_page(report)
    named = make_page(
        dataclasses.replace(
            report,
            plan=plan,
            table=tuple(dataclasses.replace(r, name=odd) if r.name == "pong" else r for r in report.table),
            matrix={
                (odd if a == "pong" else a): {(odd if b == "pong" else b): s for b, s in row.items()}
                for a, row in report.matrix.items()
            },
        )
    )
    for text in (page, named):
        root = ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>\n"))
        assert [len(list(root.iter(tag))) for tag in ("table", "details", "svg")] == [8, 6, 0]
        assert not re.search(r"https?:|//|src=|href=|url\(|@import|<script", text)
    assert "crash; players:Exits forfeits: ended with exit status 3<" in page
    assert "not finite; nan forfeits: an action is nan<" in page
    old = [dataclasses.replace(result, details=()) for result in report.results]
    assert "crash; players:Exits forfeits<" in make_page(dataclasses.replace(report, results=tuple(old)))
    assert named.count("x" * 60 + "</t") == 2 + 6, "in both tables and in each match"
    cells = re.findall(r"--colour:(#[0-9a-f]{6})", page)
    assert len(cells) == 16
    assert "#ffffff" not in cells
    places = [float(text) for text in re.findall(r"(?:left|width):([-0-9.]+)%", page)]
    assert len(places) == 3 * len(report.table)
    assert min(places) >= 0.0
    assert max(places) <= 100.0


@pytest.mark.slow
def test_kill_9_midway_and_the_same_command_again(played: Any, tmp_path: Path) -> None:
    _, report, _ = played
    command = ["tournament", "pong", "scripted", *BAD, "--scene", "pong", "--set", "seconds=1.0", "--games", "1"]
    code = f"""
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {str(TESTS)!r})
from roboschool.tournament import tournament

ticks = []

def tick(games):
    ticks.append(games)
    if sum(ticks) == 5:
        os.kill(os.getpid(), signal.SIGKILL)

plan = tournament.make_plan("pong", ["pong", "scripted", *{BAD}], {SHORT}, games=1)
tournament.run_tournament(plan, Path("t"), 2, tick)
"""
    child = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False)
    assert child.returncode == -signal.SIGKILL
    before = read_report(tmp_path / "t")
    assert 5 <= len(before.results) < 12
    assert not before.complete
    stamps = {r.file: (tmp_path / "t" / r.file).stat().st_mtime_ns for r in before.results}
    done = run(*command, "-o", "t", "--workers", "2", cwd=tmp_path)
    assert "1. pong" in done.stdout
    assert story(read_report(tmp_path / "t"), tmp_path / "t") == story(report, played[2])
    assert all((tmp_path / "t" / name).stat().st_mtime_ns == stamp for name, stamp in stamps.items())
    page = (tmp_path / "t" / "page.html").read_text()
    shown = re.findall(r'<iframe src="([^"]+)"', page)
    assert len(shown) == len(set(shown)) == 6, "one of each pair"
    assert all((tmp_path / "t" / name).stat().st_size < 200_000 for name in shown)
    told = json.loads(run(*command, "-o", "t", "--json", cwd=tmp_path).stdout)
    assert told["table"][0]["name"] == "pong"
    for change, words in (
        (["--seed", "1"], "its seed: 0, not 1"),
        (["--set", "gravity=3.0"], "its options"),
        (["still"], "its policies: still new"),
    ):
        refused = run(*command, *change, "-o", "t", cwd=tmp_path, code=1)
        assert "another tournament" in refused.stderr
        assert words in refused.stderr
        assert "games" not in refused.stderr, "no bar is shown before"
    other = ["tournament", "pong", "still", "x=scripted", "nan=players:Nan", *command[5:]]
    refused = run(*other, "-o", "t", cwd=tmp_path, code=1).stderr
    assert "its policies: still, x new; scripted, players:Exits missing; use -o FOLDER" in refused
    (tmp_path / "photos").mkdir()
    for name in ("00001_a_b_0.rsmatch", "cat.jpg", "zoo.rsmatch"):
        (tmp_path / "photos" / name).touch()
    for folder, words in {
        "photos": "it holds cat.jpg",
        "photos/cat.jpg": "photos/cat.jpg: not a folder",
        "photos/cat.jpg/t": "photos/cat.jpg/t: no such folder can be made: Not a directory",
    }.items():
        assert words in run(*command, "-o", folder, cwd=tmp_path, code=1).stderr


def write_game(folder: Path, *lines: str) -> None:
    """Write `bug.toml`: pong, but for some lines of the body of `update`, from line 6 of `bug.py` on."""
    head = "from roboschool.games.pong import Pong\n\n\nclass Bug(Pong):\n    def update(self, *arguments):\n"
    (folder / "bug.py").write_text(head + "".join(f"        {line}\n" for line in lines))
    scene = paths.scenes()["pong"].read_text()
    (folder / "bug.toml").write_text(scene.replace('name = "pong"', 'name = "bug:Bug"', 1))


@pytest.mark.parametrize("command", [["match"], ["tournament", "--games", "1", "-o", "t"]])
def test_a_game_that_fails_says_its_line(tmp_path: Path, command: list[str]) -> None:
    write_game(tmp_path, "raise KeyError('ball')")
    done = run(*command, "still", "random", "--scene", "bug.toml", cwd=tmp_path, code=1)
    assert "bug.py, line 6, in update: KeyError: 'ball'" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        ("rewards[:] = float('nan')", "agent 'paddle_0': its return is nan"),
        ("agent_stats.result[:, 1] = float('nan')", "agent 'paddle_1': its result is nan"),
        ("agent_stats.score[:, 1] = float('inf')", "agent 'paddle_1': its score is inf"),
        ("memory.reason[:] = float('nan')", "agent 'paddle_0': its reason is nan"),
    ],
)
def test_what_is_not_finite_decides_nothing(tmp_path: Path, spoil: str, words: str) -> None:
    write_game(tmp_path, "update = super().update(*arguments)", f"update.{spoil}", "return update")
    command = ["tournament", "--games", "1", "-o", "t"] if "result" in words else ["match"]
    short = ["--scene", "bug.toml", "--set", "seconds=0.1"]
    done = run(*command, "still", "random", *short, cwd=tmp_path, code=1)
    assert f"scene 'bug': {words}, which is not finite" in done.stderr.splitlines()[-1]
    assert done.stdout == ""


def test_a_fault_of_ours_keeps_its_traceback_and_ctrl_c_has_none(tmp_path: Path) -> None:
    code = """
import sys
from roboschool.cli import contest, main

def fail(*arguments):
    raise {}

fail.__code__ = fail.__code__.replace(co_filename=contest.__file__)
contest.read_entrants = fail
main.main(["match", "still", "random", "--scene", "pong"])
"""
    for error, status, end in (("KeyError(3)", 1, "KeyError: 3"), ("KeyboardInterrupt", 130, "\nstopped")):
        command = [sys.executable, "-c", code.format(error)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, "Traceback" in done.stderr) == (status, status == 1)
        assert done.stderr.endswith(f"{end}\n")


# Self-play


def network(value: float, sees: int = 13) -> roboschool.NetworkPolicy:
    """Always does the same."""
    tensors = {"mean": np.zeros(sees), "scale": np.ones(sees), "layers.0.weight": np.zeros((2, sees))}
    return roboschool.NetworkPolicy(tensors | {"layers.0.bias": np.full(2, value)})


def pool_of(folder: Path, count: int, **arguments: Any) -> OpponentPool:
    pool = OpponentPool(folder, **arguments)
    for number in range(count):
        pool.add(network(number / 100), step=1000 * number)
    return pool


def drawn(pool: OpponentPool, episodes: int = 1500) -> np.ndarray:
    rng = np.random.default_rng(0)
    places = [pool.members.index(pool.draw(rng)) for _ in range(episodes)]
    return np.bincount(places, minlength=len(pool)) / episodes


def test_strategies_of_a_pool(tmp_path: Path) -> None:
    pool_of(tmp_path, 8)
    expected = {
        "latest": [0] * 7 + [1],
        "uniform": [1 / 8] * 8,
        "delta": [0, 0, 0, 0, 1 / 4, 1 / 4, 1 / 4, 1 / 4],
        "window": [0, 0, 0, 0, 0, 1 / 6, 1 / 6, 1 / 2 + 1 / 6],
    }
    for strategy, shares in expected.items():
        assert drawn(OpponentPool(tmp_path, strategy, window=3)) == pytest.approx(shares, abs=0.05)
    pool = OpponentPool(tmp_path, "prioritised")
    for _ in range(30):
        for place, member in enumerate(pool.members):
            pool.record(-1.0 if place == 2 else 1.0, pool.members[place])
            assert member.file == pool.members[place].file
    assert drawn(pool)[2] > 0.9
    with pytest.raises(InvalidInput, match="did you mean 'latest'"):
        OpponentPool(tmp_path, "lastest")


def test_a_pool_is_its_folder(tmp_path: Path) -> None:
    pool = OpponentPool(tmp_path / "pool", "latest")
    with pytest.raises(InvalidInput, match="empty"):
        pool.reset(0)
    pool.add(network(0.1), 0)
    copies = [copy.deepcopy(pool), pickle.loads(pickle.dumps(pool)), OpponentPool(tmp_path / "pool", "latest")]
    pool.reset(0)
    pool.record(1.0)
    pool.record(1.0)
    assert pool.rating > 1200 > pool.members[0].rating
    pool.add(network(0.2), 5000)
    assert pool.members[1].rating == pool.rating
    for other in copies:
        other.reset(3)
        assert other.act(np.zeros(13)) == pytest.approx([0.2, 0.2])
        assert (other.members, other.rating) == (pool.members, pool.rating)
    assert pool.act(np.zeros(13)) == pytest.approx([0.1, 0.1]), "until its next episode"
    with pytest.raises(InvalidInput, match="sizes"):
        pool.add(network(0.0, 5), 1)
    index = tmp_path / "pool" / "pool.json"
    index.write_text(index.read_text().replace("00000_0", "../00000_0"))
    with pytest.raises(InvalidInput, match="not the name of a file beside it"):
        OpponentPool(tmp_path / "pool")


def test_what_a_pool_cannot_use_leaves_it_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = pool_of(tmp_path, 1)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(InvalidInput, match="step"):
        pool.add(network(0.0), 1e6)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="a pool holds networks, and a list is none"):
        pool.add([], 0)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match=r"pool\.json: not a folder"):
        OpponentPool(tmp_path / "pool.json")
    for wrong in ({"delta": "x"}, {"window": 2.5}, {"latest": None}):
        with pytest.raises(InvalidInput, match=next(iter(wrong))):
            OpponentPool(tmp_path, **wrong)  # type: ignore[arg-type]
    assert sorted(path.name for path in tmp_path.iterdir()) == before

    def full(*_: Any) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(InvalidInput, match=r"pool\.json: cannot be written: No space"):
        pool.record(1.0, pool.members[0])
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert OpponentPool(tmp_path).members == pool.members


@pytest.mark.parametrize("workers", [0, 2])
def test_a_pool_plays_in_a_vector_env(tmp_path: Path, workers: int) -> None:
    pool = pool_of(tmp_path, 2)
    envs = roboschool.VectorEnv("pong", 4, workers, opponents={"paddle_1": pool}, max_episode_steps=5)
    envs.reset(seed=0)
    before = [envs.step(np.zeros((4, 2)))[0] for _ in range(5)]
    pool.add(network(1.0), 9)
    alike = roboschool.VectorEnv("pong", 4, 2 - workers, opponents={"paddle_1": OpponentPool(tmp_path)})
    envs.reset(seed=0)
    alike.reset(seed=0)
    after = [envs.step(np.zeros((4, 2)))[0] for _ in range(5)]
    assert any((a != b).any() for a, b in zip(before, after, strict=True)), "the new one plays"
    assert all((alike.step(np.zeros((4, 2)))[0] == seen).all() for seen in after)
    envs.close()
    alike.close()


def test_payoff_is_antisymmetric_and_finds_the_best() -> None:
    matrix = roboschool.payoff(["pong", network(1.0), "still"], "pong", games=2, seconds=3.0)
    assert (matrix == -matrix.T).all()
    assert matrix.shape == (3, 3)
    assert matrix[0].sum() > 0
    assert (roboschool.payoff(["pong", "pong-twin=pong"], "pong", games=2, seconds=3.0) == 0).all(), "sides are swapped"


def test_no_loss_is_counted_for_what_is_no_action(tmp_path: Path) -> None:
    told = r"policy 1 \(Nan\) forfeits at step 19: not finite: an action is nan"
    with pytest.raises(InvalidInput, match=told):
        roboschool.payoff(["still", Nan()], "pong", games=1, **SHORT)
    with pytest.raises(InvalidInput, match=r"policy 0 \(players:Wrong\) .*: wrong shape: the action has shape \(3,\)"):
        roboschool.payoff(["players:Wrong", "still"], "pong", games=1, **SHORT)
    with pytest.raises(InvalidInput, match="games: 0 is not a whole number from 1 up"):
        roboschool.payoff(["still", "random"], "pong", games=0)

    from roboschool.envs.sb3 import Snapshots

    pool = pool_of(tmp_path, 1)
    wide = network(0.0)
    wide.layers = [(np.zeros((3, 13)), np.zeros(3))]
    with pytest.raises(InvalidInput, match="the policy drives 3 actuators, and the agent has 2"):
        Snapshots(pool, every=1, scene="pong", games=1)._play(wide)
    assert pool.members[0].games == 0, "nothing is recorded"


def test_snapshots_of_a_learner_join_the_pool(tmp_path: Path) -> None:
    from stable_baselines3 import PPO, SAC
    from stable_baselines3.common.logger import configure
    from stable_baselines3.common.vec_env import VecNormalize

    from roboschool.envs.sb3 import SB3VecEnv, Snapshots, policy_of

    pool = OpponentPool(tmp_path, "uniform")
    env = VecNormalize(SB3VecEnv("pong", 4, opponents={"paddle_1": pool}))
    model = PPO("MlpPolicy", env, n_steps=16, batch_size=32, n_epochs=1, seed=0, device="cpu")
    model.set_logger(configure(str(tmp_path / "log"), ["json"]))
    pool.add(policy_of(model), step=0)
    arena = load_scene("pong", **SHORT)
    model.learn(192, callback=Snapshots(pool, every=64, scene=arena, games=2))
    assert [member.step for member in pool.members] == [0, 64, 128, 192]
    assert sum(member.games for member in pool.members) == pytest.approx(6, abs=0.2)
    model.logger.close()
    logged = json.loads((tmp_path / "log" / "progress.json").read_text().splitlines()[-1])
    assert logged["pool/members"] == 4
    assert logged["pool/won"] + logged["pool/drawn"] + logged["pool/lost"] == pytest.approx(1)
    seen = np.random.default_rng(0).normal(size=(20, 13)).astype(np.float32)
    wanted, _ = model.predict(env.normalize_obs(seen), deterministic=True)
    assert policy_of(model).act(seen) == pytest.approx(wanted, abs=1e-4)
    with pytest.raises(InvalidInput, match="MlpPolicy"):
        policy_of(SAC("MlpPolicy", env, buffer_size=10, device="cpu"))
    env.close()


def test_the_page_about_tournaments_says_what_there_is() -> None:
    text = (TESTS.parent / "docs" / "tournaments.md").read_text()
    for word in (
        "roboschool match",
        "roboschool tournament",
        "roboschool replay",
        "OpponentPool",
        "payoff",
        "--verify",
    ):
        assert word in text
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (TESTS.parent / "docs" / link).exists(), link
    assert "pong" in policies()


def test_a_pool_of_ones_own_draws_its_own_way_in_copies_too(tmp_path: Path) -> None:
    class First(OpponentPool):
        def draw(self, rng: np.random.Generator) -> Any:
            return self.members[0]

    pool = First(tmp_path / "pool")
    for step in (0, 1, 2):
        pool.add("pong", step)
    copied = copy.deepcopy(pool)
    for seed in range(8):
        copied.reset(seed)
        assert copied.member == pool.members[0]


def test_the_table_of_the_page_is_that_of_its_results(capsys: pytest.CaptureFixture[str]) -> None:
    """Six policies play ant_sumo, and those that have learned are on top."""
    docs = TESTS.parent / "docs"
    report = read_report(docs / "ant_sumo")
    assert dataclasses.replace(summarise(report.plan, report.results), versions=report.versions) == report
    print_table(report)
    said = capsys.readouterr().out
    assert textwrap.indent(said, "    ") in (docs / "tournaments.md").read_text()
    assert {row.name for row in report.table[:2]} == {"trained-1", "trained-2"}
    assert len(report.results) == 300
    assert report.plan.scene_hash == scene_hash(load_scene("ant_sumo")), "play it anew"
    policy = hashlib.sha256(policies()["ant_sumo"].read_bytes()).hexdigest()
    assert {policy} == {h for entrant in report.plan.entrants[-2:] for h in entrant.hashes}, "play it anew"


def test_a_tournament_does_not_go_on_in_another_scene(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(paths.scenes()["pong"].read_text())

    def run_it() -> Report:
        plan = make_plan(str(mine), ["still", "random"], {"seconds": 0.1}, games=1)
        return run_tournament(plan, tmp_path / "out", workers=1)

    assert run_it() == run_it()
    mine.write_text(mine.read_text() + "\n# edited\n")
    with pytest.raises(InvalidInput, match=r"out: another tournament is in it: the file of scene .* has changed"):
        run_it()
