"""A slice of what `make fuzz` does, so that the fuzzer itself works whenever it is needed."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from fuzz.child import FOREIGN, make_input, read
from fuzz.corpus import tournaments
from fuzz.damage import STRANGE, damage_tree
from fuzz.pool import Fuzzer
from fuzz.targets import TARGETS, TOLD, WELCOMED
from msgspec import structs

from roboschool.multiplayer.protocol import Picture, pack

INPUTS = 15  # of each format; undamaged ones first


def test_damaged_inputs_are_refused_or_harmless(tmp_path: Path) -> None:
    fuzzer = Fuzzer(list(TARGETS), seed=1, children=1, folder=tmp_path / "kept")
    fuzzer.run(seconds=0.0, least=INPUTS)
    assert not fuzzer.harmful, fuzzer.table()
    for name in TARGETS:
        assert fuzzer.counts[name]["inputs"] == INPUTS
        assert fuzzer.counts[name]["accepted"] > 0


@pytest.mark.parametrize("name", TARGETS)
def test_the_same_seed_gives_the_same_inputs(name: str) -> None:
    numbers = range(300, 304)  # the first are the corpus as it is
    assert [make_input(name, 1, n) for n in numbers] == [make_input(name, 1, n) for n in numbers]
    assert [make_input(name, 1, n) for n in numbers] != [make_input(name, 2, n) for n in numbers]


def test_damage_leaves_its_own_tools_as_they_are() -> None:
    """Values that are put into a tree are damaged with it; one that was put into itself once ended a child."""
    before, tree, rng = repr(STRANGE), {"a": [1, {"b": 2}]}, Random(0)
    for _ in range(2000):
        damage_tree(rng, tree)
        tree = tree or {"a": [1, {"b": 2}]}
    assert repr(STRANGE) == before


def rated(rating: float) -> bytes:
    """Return a tournament whose best has this rating."""
    summary, _, games = tournaments()[0].partition(b"\0")
    tree = json.loads(summary)
    tree["table"][0] |= {"rating": rating, "high": rating}
    return json.dumps(tree).encode() + b"\0" + games


FOUND: dict[str, list[Any]] = {  # in earlier runs
    "told": [
        [WELCOMED, *TOLD[1:3], Picture(3, 3, 3, bytes(18))],
        [WELCOMED, *TOLD[1:3], Picture(3, 0, 2**62, b"")],
        [
            structs.replace(
                WELCOMED, action=structs.replace(WELCOMED.action, high=WELCOMED.action.low[:4] + b"\xff" * 4)
            )
        ],
    ],
    "tournament": [rated(1e300)],
    "options": [b"ant\ntimestep=1e-308"],
}


@pytest.mark.parametrize("name", FOUND)
def test_what_did_harm_once(name: str) -> None:
    for found in FOUND[name]:
        became, trace = read(name, found if isinstance(found, bytes) else b"".join(map(pack, found)))
        assert became != FOREIGN, trace


HARM = """
import os, time
from dataclasses import replace
from fuzz import child

def work(line, seed):
    make = child.make_input

    def make_input(name, seed, number):
        if number == 1:
            os.abort()
        if number == 2:
            time.sleep(600)
        if number == 3:
            child.TARGETS[name] = replace(child.TARGETS[name], drive=lambda data, folder: 1 / 0)
        return make(name, seed, number)

    child.make_input = make_input
    child.work(line, seed)
"""


def test_what_does_harm_is_kept_and_the_rest_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "harm.py").write_text(HARM)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("fuzz.pool.ENTRY", "harm:work")
    monkeypatch.setattr("fuzz.pool.HANG", 5.0)
    fuzzer = Fuzzer(["proved"], seed=1, children=1, folder=tmp_path / "kept")
    fuzzer.run(seconds=0.0, least=4)
    assert fuzzer.harmful == [
        "proved:1: crashes: killed by SIGABRT",
        "proved:2: hangs: more than 5 s",
        "proved:3: foreign: ZeroDivisionError: division by zero",
    ]
    assert fuzzer.counts["proved"] == {"inputs": 4, "accepted": 1, "crashes": 1, "hangs": 1, "foreign": 1}
    for number in (1, 2, 3):
        assert (tmp_path / "kept" / f"proved-1-{number}.input").read_bytes() == make_input("proved", 1, number)
