"""Files that strangers may have written: matches, policies, pools, tournaments. Nothing in them runs."""

import dataclasses
import io
import json
import os
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from safetensors.numpy import save

import roboschool
from roboschool import paths, readers, writers
from roboschool.cli.contest import run_replay
from roboschool.cli.output import Output
from roboschool.envs.parallel import ParallelEnv
from roboschool.errors import InvalidInput
from roboschool.policies.opponent_pool import OpponentPool
from roboschool.tournament import game_log
from roboschool.tournament.entrants import read_entrants
from roboschool.tournament.game_log import GAMES, GameLog, Line, Stamp, read_games, read_lines
from roboschool.tournament.match import play_recorded
from roboschool.tournament.match_workers import Plan, Result, file_name
from roboschool.tournament.players import PlayerCache
from roboschool.tournament.record import Match, check_path, read_match, write_match
from roboschool.tournament.replay import find_scene, verify
from roboschool.tournament.report import RESULTS, Report, begin_report, read_report, write_summary
from roboschool.tournament.schedule import stage
from roboschool.tournament.tournament import make_plan, run_tournament

SHORT = {"seconds": 0.2}  # 12 steps
DEEP = 100_000
LONG = "x" * 5000


@pytest.fixture(scope="module")
def match() -> Match:
    with closing(ParallelEnv("pong", **SHORT)) as env, PlayerCache(quiet=True) as cache:
        return play_recorded(env, SHORT, read_entrants(env.scene, ["still", "scripted"]), 3, cache)[1]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder that one stands in, with a module that leaves a trace when it is imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    lines = ("import pathlib", "from roboschool.games.pong import Pong", "pathlib.Path('trace').touch()", "", "")
    (tmp_path / "here_be_dragons.py").write_text("\n".join(lines) + "class Mine(Pong): pass\n")
    yield tmp_path
    sys.modules.pop("here_be_dragons", None)


MINE = "here_be_dragons:Mine"


def with_record(match: Match, **changes: Any) -> Match:
    return dataclasses.replace(match, record=dataclasses.replace(match.record, **changes))


def scene_of_mine(folder: Path) -> Path:
    path = folder / "mine.toml"
    path.write_text(paths.scenes()["pong"].read_text().replace('name = "pong"', f'name = "{MINE}"', 1))
    return path


# What a stranger's match names


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"options": {"game": {"name": MINE}}}, "match.json: options.game.name: 'here_be_dragons:Mine' names a class"),
        ({"options": {"game": {"name": "pong", "deep": [[{"er": MINE}]]}}}, "options.game.deep.er: 'here_be_"),
        ({"options": {"lanes": [f"ant/{MINE}"]}}, "options.lanes: 'ant/here_be_dragons:Mine' names a class"),
        ({"options": {"name": "ant"}}, "unexpected keyword argument 'name'"),
        ({"rules": {"radius": 2.0}}, "rules: unknown option of a reset 'radius'"),
        ({"scene": "mine.toml"}, "no file that a match names is opened; give --scene FILE"),
        ({"scene": "/etc/passwd"}, "unknown scene '/etc/passwd'"),
        ({"scene": LONG}, "unknown scene 'xxx"),
        ({"scene": "roboschool/Pong-v1"}, "unknown scene"),
        ({"scene": "ant_sumo"}, "it has agents and joints"),
    ],
)
def test_nothing_that_a_match_names_is_imported_or_opened(
    here: Path, match: Match, changes: dict[str, Any], words: str
) -> None:
    scene_of_mine(here)
    path = here / "b.rsmatch"
    write_match(path, with_record(match, **changes))
    for shown in ({"check": True}, {"picture": here / "p.png"}, {"video": here / "v.gif"}):
        asked = {"check": False, "video": None, "picture": None} | shown
        with pytest.raises(InvalidInput) as error:
            run_replay(path, asked.pop("check"), Output(size="96x64", **asked))
        assert words in str(error.value)
    assert sorted(p.name for p in here.iterdir()) == ["b.rsmatch", "here_be_dragons.py", "mine.toml"]
    assert "here_be_dragons" not in sys.modules


def test_what_the_scene_of_ones_own_names_is_imported(here: Path, match: Match) -> None:
    scene = scene_of_mine(here)
    named = with_record(match, options=SHORT | {"game": {"name": MINE}}, scene="/elsewhere/mine.toml")
    with pytest.raises(InvalidInput, match="names a class"):
        verify(named, "pong")
    assert not (here / "trace").exists()
    assert type(find_scene(named, scene).game).__name__ == "Mine"
    assert (here / "trace").exists()
    other = with_record(match, options={"game": {"name": "antigravity:Other"}})
    with pytest.raises(InvalidInput, match=r"options\.game\.name: 'antigravity:Other' names"):
        find_scene(other, scene)


# Damage


def text_of(match: Match) -> dict[str, Any]:
    raw: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(match.record)))
    return raw


def zipped(entries: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return stream.getvalue()


def parts_of(match: Match, path: Path) -> dict[str, bytes]:
    write_match(path, match)
    return readers.read_archive(path.read_bytes(), "")


def changed(raw: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Return a copy in which a value, "agents.0.player" of it, is another."""
    copy = json.loads(json.dumps(raw))
    *way, last = key.split(".")
    place = copy
    for name in way:
        place = place[int(name)] if isinstance(place, list) else place[name]
    place[int(last) if isinstance(place, list) else last] = value
    return copy


WRONG = {  # of a match: key, value and what is said
    "seconds": (-1.0, "cannot be"),
    "seed": (-1, "cannot be"),
    "players": ([], "players: there is none"),
    "players.0.hashes": (["", ""], "does not have a hash for each policy"),
    "players.0.name": ("\x1b[2J", "cannot be printed"),
    "players.1.name": (LONG, "is too long"),
    "agents": ([], "agents: there is none"),
    "agents.0.player": (2, "a player or a result cannot be"),
    "agents.0.result": (7.0, "a player or a result cannot be"),
    "agents.0.reason": ("\n", "cannot be printed"),
    "checksums.0": ("no hash", "a checksum or a hash is invalid"),
    "scene_hash": ("0" * 63, "a checksum or a hash is invalid"),
    "faults": ([{"player": 99, "reason": "", "step": 0, "detail": ""}], "faults: a player or a step"),
    "versions": ({"numpy": "\x07"}, "cannot be printed"),
}


@pytest.mark.parametrize("key", WRONG)
def test_a_match_says_nothing_that_cannot_be(match: Match, tmp_path: Path, key: str) -> None:
    path, (value, words) = tmp_path / "m.rsmatch", WRONG[key]
    parts = parts_of(match, path)
    path.write_bytes(zipped(parts | {"match.json": json.dumps(changed(text_of(match), key, value)).encode()}))
    with pytest.raises(InvalidInput, match=words) as error:
        read_match(path)
    assert str(error.value).startswith(f"{path}: match.json: ")


BAD_JSON = {
    "deep": b"[" * DEEP,
    "deep and closed": b'{"version": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "deep tables": b'{"a":' * DEEP,
    "half a pair": b'{"version": "\\ud800"}',
    "the other half": b'{"version": "\\udc00"}',
    "surrogate bytes": b'"\xed\xa0\x80"',
    "no utf-8": b'"\xff"',
    "a long number": b'{"version": ' + b"9" * 5000 + b"}",
    "a large number": b'{"version": 1e400}',
    "no number": b'{"version": NaN}',
    "infinite": b'{"version": -Infinity}',
    "cut": b'{"version": 3',
    "nothing": b"",
}


@pytest.mark.parametrize("text", BAD_JSON.values(), ids=BAD_JSON)
def test_json_that_cannot_be_used_is_refused_everywhere(match: Match, tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "m.rsmatch"
    path.write_bytes(zipped(parts_of(match, path) | {"match.json": text}))
    (tmp_path / "pool.json").write_bytes(text)
    (tmp_path / RESULTS).write_bytes(text)
    plan = make_plan("pong", ["still", "random"])
    line = text.replace(b"\n", b" ")[:1000]
    (tmp_path / GAMES).write_bytes(line + game_log.CHECK % zlib.crc32(line))
    reads: tuple[Callable[[], Any], ...] = (
        lambda: read_match(path),
        lambda: OpponentPool(tmp_path),
        lambda: read_report(tmp_path),
        lambda: read_games(tmp_path, plan),
        lambda: readers.read_json(tmp_path / RESULTS),
    )
    for read in reads:
        with pytest.raises(
            InvalidInput, match=r"m\.rsmatch: match|pool\.json|results\.json|games\.jsonl: line 1"
        ) as error:
            read()
        str(error.value).encode()


def npy(header: str, data: bytes = b"") -> bytes:
    return readers.TABLE + struct.pack("<H", len(header)) + header.encode("latin-1") + data


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2"), "is not an array"),
        (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (" + "(" * 9000), "is not an array"),
        (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 2), }\n"), "not a table"),
        (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999, 99999), }\n"), "has 0 bytes"),
        (npy(f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({'9' * 5000}, 2), }}\n"), "not a table"),
        (npy("{'descr': __import__('os'), 'fortran_order': False, 'shape': (1, 2), }\n"), "not a table"),
        (npy("{'descr': '>f4', 'fortran_order': False, 'shape': (1, 1), }\n", b"1234"), "not a table"),
        (readers.TABLE + b"\xff\xff", "is not an array"),
        (b"\x93NUMPY\x02\x00", "is not an array"),
        (b"", "is not an array"),
    ],
)
def test_arrays_are_matched_and_not_evaluated(table: bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=f"a: damaged: x.*{words}"):
        readers.read_tables(zipped({"x.npy": table}), "a")


@pytest.mark.parametrize("order", ["C", "F"])
def test_tables_are_what_numpy_has_written(order: Any) -> None:
    wanted, stream = np.arange(6, dtype="<f4").reshape(2, 3), io.BytesIO()
    np.savez_compressed(stream, x=np.asarray(wanted, order=order), y=wanted[:0])
    tables = readers.read_tables(stream.getvalue(), "a")
    assert {name: table.tolist() for name, table in tables.items()} == {"x": wanted.tolist(), "y": []}


def test_archives_hold_what_they_may() -> None:
    good = zipped({"a": b"1", "b": b"2"}, zipfile.ZIP_DEFLATED)
    assert readers.read_archive(good, "") == {"a": b"1", "b": b"2"}
    end = bytearray(good)
    end[-10:-6] = struct.pack("<L", 2**30)  # size of the directory
    cases = {
        "neither stored nor deflated": zipped({"a": b"1"}, zipfile.ZIP_LZMA),
        "more than 3 bytes": zipped({"a": bytes(10**6)}, zipfile.ZIP_DEFLATED),
        "3 entries, too many": zipped({"a": b"", "b": b"", "c": b""}),
        "its directory is too large": bytes(end),
        "File is not a zip file": good + b"!",
    }
    for words, data in cases.items():
        with pytest.raises(InvalidInput, match=f"w: damaged: .*{words}"):
            readers.read_archive(data, "w", most=2, largest=3)


def test_scores_of_nobody_are_refused(match: Match, tmp_path: Path) -> None:
    path = tmp_path / "m.rsmatch"
    write_match(
        path,
        dataclasses.replace(match, trajectory=dataclasses.replace(match.trajectory, scores=np.zeros((3, 0), "f4"))),
    )
    with pytest.raises(InvalidInput, match=r"trajectory\.npz: damaged: scores is \(3, 0\)"):
        read_match(path)


def test_names_of_any_length_are_refused(tmp_path: Path) -> None:
    long = tmp_path / LONG
    plan = make_plan("pong", ["still", "random"])
    reads: tuple[Callable[[], Any], ...] = (
        lambda: read_match(long.with_suffix(".rsmatch")),
        lambda: check_path(long / "m.rsmatch"),
        lambda: writers.replace(long, b""),
        lambda: read_report(long),
        lambda: run_tournament(plan, long),
        lambda: OpponentPool(long),
        lambda: readers.read_bytes(long, 1),
    )
    for read in reads:
        with pytest.raises(InvalidInput):
            read()
    assert list(tmp_path.iterdir()) == []


# Policies


GOOD = {"mean": np.zeros(3), "scale": np.ones(3), "layers.0.weight": np.ones((2, 3)), "layers.0.bias": np.zeros(2)}
HUGE = np.full((2, 3), 3e38)


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ({"mean": np.zeros((1, 3)), "scale": np.ones((1, 3)), "layers.0.weight": np.ones((2, 1, 3))}, "mean has shape"),
        ({"mean": np.zeros(()), "scale": np.ones(()), "layers.0.weight": np.ones(2)}, r"mean has shape \(\)"),
        ({"mean": np.zeros(0), "scale": np.ones(0), "layers.0.weight": np.ones((2, 0))}, r"mean has shape \(0,\)"),
        ({"layers.0.bias": np.zeros((2, 1)), "layers.0.weight": np.ones((2, 1, 3))}, "bias has shape"),
        ({"layers.0.weight": np.ones((3, 2))}, "weight has shape"),
        ({"layers.0.weight": HUGE}, r"layers\.0 can come to 9e\+39"),
        ({"layers.0.weight": HUGE * [1, -1, 0]}, r"layers\.0 can come to 6e\+39"),
        ({"layers.1.weight": np.full((2, 2), 1e38), "layers.1.bias": np.zeros(2)}, r"layers\.1 can come to 2e\+38"),
        ({"layers.0.bias": np.full(2, 1e300)}, "bias holds a number that is not finite"),
        ({"mean": np.array(["a", "b", "c"])}, "not an array of numbers"),
        ({"mean": np.zeros(3, complex)}, "not an array of numbers"),
        ({"mean": [[1.0], [1.0, 2.0]]}, "not an array of numbers"),
    ],
)
def test_policies_whose_arrays_cannot_be_are_refused(tmp_path: Path, tensors: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        roboschool.NetworkPolicy(GOOD | tensors)
    if all(isinstance(each, np.ndarray) and each.dtype == float for each in tensors.values()):
        path = tmp_path / "p.safetensors"
        path.write_bytes(save(GOOD | tensors, {"format": "roboschool-policy-1"}))
        with pytest.raises(InvalidInput, match=rf"p\.safetensors: .*{words}"):
            roboschool.load_policy(path)


def test_a_policy_warns_of_nothing() -> None:
    """Warnings are errors here."""
    extreme = {"mean": np.full(3, -3e38), "scale": np.full(3, 3e38), "layers.0.weight": np.full((2, 3), 1e36)}
    policy = roboschool.NetworkPolicy(GOOD | extreme)
    assert policy.act(np.full(3, 3e38, np.float32)).tolist() == [1.0, 1.0]
    policy = roboschool.NetworkPolicy(GOOD | extreme | {"scale": np.zeros(3)})
    assert np.isnan(policy.act(np.full(3, 3e38, np.float32))).all(), "infinity times nothing"
    roboschool.NetworkPolicy({name: value.astype(np.float16) for name, value in GOOD.items()})


def test_files_of_tensors_of_strange_types_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.safetensors"
    for kind, size in (("BF16", 2), ("F8_E4M3", 1), ("BOOL", 1), ("C64", 8), ("no kind", 4)):
        head = {"mean": {"dtype": kind, "shape": [3], "data_offsets": [0, 3 * size]}}
        text = json.dumps(head | {"__metadata__": {"format": "roboschool-policy-1"}}).encode()
        path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(3 * size))
        with pytest.raises(InvalidInput, match=r"p\.safetensors"):
            roboschool.load_policy(path)


def test_a_policy_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"no/p\.safetensors: cannot be written"):
        roboschool.NetworkPolicy(GOOD).save(tmp_path / "no" / "p.safetensors")
    roboschool.NetworkPolicy(GOOD).save(tmp_path / "p.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["p.safetensors"]


# Pools


def test_a_pool_says_nothing_that_cannot_be(tmp_path: Path) -> None:
    pool = OpponentPool(tmp_path)
    for step in (0, 1):
        pool.add(roboschool.NetworkPolicy(GOOD), step)
    path = tmp_path / "pool.json"
    raw = json.loads(path.read_text())
    for key, value, words in (
        ("members.0.points", 7.0, r"00000_0\.safetensors: step 0, games 0\.0 or points 7\.0 cannot be"),
        ("members.0.points", -3.0, "cannot be"),
        ("members.0.games", -1.0, "cannot be"),
        ("members.0.step", -1, "cannot be"),
        ("members.0.rating", 1e308, "rating: 1e.308 is not within"),
        ("learner", -1e308, "rating: -1e.308 is not within"),
        ("members.0.file", LONG + ".safetensors", "not the name of a file beside it"),
        ("members.0.file", "/etc/x.safetensors", "not the name of a file beside it"),
        ("members.0.file", raw["members"][1]["file"], "two members have the same file"),
    ):
        path.write_text(json.dumps(changed(raw, key, value)))
        with pytest.raises(InvalidInput, match=rf"pool\.json: .*{words}"):
            OpponentPool(tmp_path)


# Tournaments


@pytest.fixture(scope="module")
def over(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, Report, Path]:
    folder = tmp_path_factory.mktemp("tournament")
    plan = make_plan("pong", ["../a=still", "/b=still"], SHORT, games=2)
    return plan, run_tournament(plan, folder, 1), folder


@pytest.fixture
def folder(over: tuple[Plan, Report, Path], tmp_path: Path) -> Path:
    """Return a copy of a tournament, whose files are as old as they were."""
    for path in over[2].iterdir():
        copy = tmp_path / path.name
        copy.write_bytes(path.read_bytes())
        os.utime(copy, ns=(0, path.stat().st_mtime_ns))
    return tmp_path


def relined(path: Path, place: int, /, **changes: Any) -> None:
    """Write a line anew, with the right checksum."""
    lines = path.read_bytes().splitlines(keepends=True)
    raw = json.loads(lines[place - 1])
    del raw["check"]
    for key, value in changes.items():
        raw = changed(raw, key.replace("__", "."), value)
    text = json.dumps(raw).encode()[:-1]
    lines[place - 1] = text + game_log.CHECK % zlib.crc32(text)
    path.write_bytes(b"".join(lines))


def test_files_of_matches_have_numbers_and_no_names(over: tuple[Plan, Report, Path]) -> None:
    _, report, folder = over
    assert [result.file for result in report.results] == [file_name(number) for number in (1, 2, 3, 4)]
    names = {GAMES, RESULTS, *(f"0000{number}.rsmatch" for number in (1, 2, 3, 4))}
    assert {path.name for path in folder.iterdir()} == names
    assert read_report(folder) == report
    assert "results" not in json.loads((folder / RESULTS).read_text())


@pytest.mark.parametrize("left", [1, -1])
def test_a_half_written_last_line_is_played_again(over: tuple[Plan, Report, Path], folder: Path, left: int) -> None:
    plan, report, _ = over
    path = folder / GAMES
    whole = path.read_bytes()
    before = whole.splitlines(keepends=True)
    path.write_bytes(b"".join(before[:-1]) + before[-1][:left])
    assert len(read_games(folder, plan)) == 3
    ticks: list[int] = []
    assert run_tournament(plan, folder, 1, ticks.append) == report
    assert ticks == [3, 1]
    assert path.read_bytes().splitlines(keepends=True)[:-1] == before[:-1]
    assert read_report(folder) == report


def test_a_line_that_was_altered_is_named_and_without_it_the_game_is_played_again(
    over: tuple[Plan, Report, Path], folder: Path
) -> None:
    plan, report, _ = over
    path = folder / GAMES
    lines = path.read_bytes().splitlines(keepends=True)
    other = lines[1].replace(b'"points":0.5', b'"points":1.0')
    assert other != lines[1]
    for line in (other, lines[1][:40] + b"\n", b"\n", bytes(80) + b"\n", lines[1][:-2] + b"\n"):
        path.write_bytes(b"".join([lines[0], line, *lines[2:]]))
        with pytest.raises(InvalidInput, match=r"games\.jsonl: line 2: altered or torn"):
            run_tournament(plan, folder, 1)
    path.write_bytes(b"".join([lines[0], b" " * 2**20, *lines[2:]]))
    with pytest.raises(InvalidInput, match=r"games\.jsonl: line 2: more than 65536 bytes"):
        run_tournament(plan, folder, 1)
    path.write_bytes(b"".join([*lines, lines[2]]))
    with pytest.raises(InvalidInput, match=r"games\.jsonl: line 5: this game is in a line before"):
        run_tournament(plan, folder, 1)
    path.write_bytes(b"".join([lines[0], *lines[2:]]))
    ticks: list[int] = []
    assert run_tournament(plan, folder, 1, ticks.append) == report
    assert ticks == [3, 1]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"game__points": 7.0}, "points 7.0"),
        ({"game__points": -3.0}, "points -3.0"),
        ({"game__points": 1e308}, "points 1e"),
        ({"game__points": "NaN"}, "Expected `float`"),
        ({"game__forfeits": [99]}, "forfeits"),
        ({"game__forfeits": [0, 0, 0], "game__details": ["", "", ""]}, "forfeits"),
        ({"game__details": ["a", "b"]}, "forfeits"),
        ({"game__reason": "\x1b[2J"}, "cannot be printed"),
        ({"game__reason": LONG}, "too long"),
        ({"game__steps": -1}, "steps -1"),
        ({"game__stage": 1}, "stage 1"),
        ({"game__seed": -1}, "seed -1"),
        ({"game__seed": 10**30}, "seed 1000"),
        ({"game__first": 2}, "players"),
        ({"game__second": 1}, "players"),
        ({"game__file": "../secret"}, "is not that of game 2"),
        ({"game__file": LONG}, "is not that of game 2"),
        ({"number": 3}, "is not that of game 3"),
        ({"number": 9, "game__file": "00009.rsmatch"}, "not planned, or under another number|No such file"),
        ({"game__containment": "a promise"}, "containment 'a promise' is unknown"),
        ({"match": None}, "Expected `object`, got `null`"),
        ({"match__size": -1}, "size -1"),
        ({"match__sha256": "0"}, "hash"),
    ],
)
def test_no_game_is_what_cannot_be(
    over: tuple[Plan, Report, Path], folder: Path, changes: dict[str, Any], words: str
) -> None:
    relined(folder / GAMES, 2, **changes)
    with pytest.raises(InvalidInput, match=words):
        run_tournament(over[0], folder, 1)


def test_a_game_that_is_not_planned_is_refused(over: tuple[Plan, Report, Path], folder: Path) -> None:
    """The final of a Swiss tournament has seeds of its own; a double round robin has none."""
    relined(folder / GAMES, 2, game__seed=over[0].seed + over[0].games)
    with pytest.raises(InvalidInput, match=r"games\.jsonl: game 00002\.rsmatch is not planned"):
        run_tournament(over[0], folder, 1)


def test_a_match_that_is_not_what_was_played_is_noticed(over: tuple[Plan, Report, Path], folder: Path) -> None:
    plan, report, _ = over
    assert run_tournament(plan, folder, 1) == report
    one, two = folder / "00001.rsmatch", folder / "00002.rsmatch"
    data, age = one.read_bytes(), one.stat().st_mtime_ns
    os.utime(one)
    assert run_tournament(plan, folder, 1) == report, "of another age, but the same"
    for spoil in (
        lambda: one.write_bytes(two.read_bytes()),
        lambda: one.write_bytes(data[:100] + b"!" + data[101:]),
        lambda: one.write_bytes(data[:-1]),
        one.unlink,
    ):
        spoil()
        with pytest.raises(InvalidInput, match=r"00001\.rsmatch: .*games\.jsonl: line 1 .*the game is played again"):
            run_tournament(plan, folder, 1)
    match = read_match(two)
    write_match(one, with_record(match, seconds=match.record.seconds + 1.0))
    os.utime(one, ns=(0, age))
    with pytest.raises(InvalidInput, match=r"00001\.rsmatch: not the file that .*games\.jsonl: line 1 is about"):
        run_replay(one, True, Output())
    one.write_bytes(data)
    assert run_replay(one, True, Output()) == 0


def test_a_summary_says_nothing_that_cannot_be(over: tuple[Plan, Report, Path], folder: Path) -> None:
    path = folder / RESULTS
    raw = json.loads(path.read_text())
    for key, value, words in (
        ("plan.games", -1, "plan: games -1"),
        ("plan.limit", 0.0, "limit 0.0"),
        ("plan.seed", -1, "seed -1"),
        ("plan.entrants", raw["plan"]["entrants"][:1], "fewer than 2"),
        ("plan.entrants.1.name", "../a", "a name that is another's"),
        ("plan.entrants.0.hashes", ["no hash"], "a hash is invalid"),
        ("plan.entrants.0.hashes", [], "does not have a hash for each policy"),
        ("table.0.games", -1, "games -1"),
        ("table.0.won", 7, "cannot be"),
        ("table.0.forfeits", 99, "forfeits 99"),
        ("table.0.score", 7.0, "score of 7.0"),
        ("table.0.low", 1e308, "a rating of"),
        ("table.0.name", "c", "not about the entrants"),
        ("matrix", {}, "not about the entrants"),
        ("matrix./b", {"../a": -3.0}, "a share is not between 0 and 1"),
        ("matrix./b", {"c": 0.5}, "against an unknown policy"),
        ("complete", False, "not about the entrants"),
    ):
        path.write_text(json.dumps(changed(raw, key, value)))
        with pytest.raises(InvalidInput, match=words) as error:
            run_tournament(over[0], folder, 1)
        assert str(error.value).startswith(f"{path}: ")


def test_more_games_than_fit_into_a_report_are_read(tmp_path: Path) -> None:
    """The report of version 1 held all games and was refused beyond 4 MiB."""
    plan = make_plan("pong", [f"policy_{number:02}=still" for number in range(20)], games=40)
    games = stage(0, 20, plan.games, plan.seed, [])
    write_summary(tmp_path, begin_report(plan))
    with open(tmp_path / GAMES, "wb") as file:
        for number, game in enumerate(games, 1):
            name = game_log.file_name(number)
            result = Result(0, game.first, game.second, game.seed, 0.5, "time", (), 1000, name)
            text = msgspec.json.encode(Line(number, result, Stamp(1000, 0, "0" * 64)))[:-1]
            file.write(text + game_log.CHECK % zlib.crc32(text))
    assert (tmp_path / GAMES).stat().st_size > 4 * 2**20
    report = read_report(tmp_path)
    assert [result.fixture for result in report.results] == games


def test_a_log_on_a_full_disk_keeps_what_it_has(over: tuple[Plan, Report, Path], folder: Path) -> None:
    _, report, _ = over
    lines = (folder / GAMES).read_bytes()
    with closing(GameLog(folder)) as log:
        log.file.close()
        log.file = open("/dev/full", "ab", buffering=0)  # noqa: SIM115
        with pytest.raises(InvalidInput, match=r"games\.jsonl: cannot be written: No space left"):
            log.append(1, report.results[0])
    assert (folder / GAMES).read_bytes() == lines
    assert len(list(read_lines(folder / GAMES))) == 4


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_log_that_is_a_link_is_refused(folder: Path, tmp_path_factory: pytest.TempPathFactory, link: Any) -> None:
    """A folder may come from a stranger, and a link in it lead to any file of ours."""
    precious = tmp_path_factory.mktemp("home") / "precious"
    precious.write_text("one line without an end")
    (folder / GAMES).unlink()
    link(precious, folder / GAMES)
    with pytest.raises(InvalidInput, match=r"games\.jsonl: cannot be written"):
        GameLog(folder)
    assert precious.read_text() == "one line without an end"
    if link is os.symlink:
        with pytest.raises(InvalidInput, match="not a regular file"):
            list(read_lines(folder / GAMES))
