"""Suites: their parts do not overlap, their hash is of what is played, and a secret part is what was promised."""

import dataclasses
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from folders import ROOT

from roboschool import InvalidInput, load_scene
from roboschool.bodies.family import COMPOSITION, EXTRAPOLATION, INTERPOLATION, kind_of
from roboschool.cli.main import main
from roboschool.results import suites, verification
from roboschool.results.entry import Credit, make_row, read_training
from roboschool.results.episodes import with_variant
from roboschool.results.row_file import write_row
from roboschool.results.suites import Suite, commit_secret, load_suite, reveal, suite_names
from roboschool.results.verification import FAILED, REPLAYED, verify

HASHES = {  # of the suites that rows are compared in: another one needs another name
    "all": "e1335e5c4cbe26ec6ad7b36e423d8e441626912e8be67d3a37cd7cb30a3dc982",
    "bodies": "69e70181d19c4b5ef7417852662d85ced7b95eefdf76fce23705900cbff57a6e",
    "conditions": "5364d434f4c625528d61f517de35d025d181134f08b2df9515502b9b11ca2e92",
    "grounds": "024073da8767ef317b99b92badf76d841b5d17e88c28488a22e05acf883825b4",
    "looks": "19cc5dbfb19c3192549d8a1338e1e481d6c93b229077d9dbb513eed2886b59b1",
    "opponents": "ec6c58a0147ca9f1870a8b5283fef53f17958f49a9e7ccb87640eaf8e916ccc0",
}
SMALL = Suite(summary="few", axis="body", train=(0, 1), held_out={"extrapolation": (100_000, 100_002)})


@pytest.mark.parametrize("name", suite_names())
def test_no_variant_is_in_two_parts(name: str) -> None:
    parts = load_suite(name).parts()
    seeds = [seed for part in parts.values() for seed in part]
    assert len(set(seeds)) == len(seeds) >= 100
    assert load_suite(name).sha256 == HASHES[name]


@pytest.mark.parametrize("name", [name for name in suite_names() if name != "looks"])
def test_variants_are_of_the_kinds_that_their_parts_are_called_after(name: str) -> None:
    for part, seeds in load_suite(name).parts().items():
        assert {kind_of(seed) for seed in seeds} == {INTERPOLATION if part == "train" else part}
    assert {INTERPOLATION, EXTRAPOLATION, COMPOSITION} <= set(load_suite(name).parts())
    assert load_suite(name).train[0] == 0, "a training takes so many from 0 up"


@pytest.mark.parametrize(("name", "scene"), [("all", "hopper"), ("opponents", "pong")])
def test_the_variants_of_a_suite_can_be_loaded_and_are_told_apart(name: str, scene: str) -> None:
    suite = load_suite(name)
    for part in suite.parts():
        variant = next(text for _, text, _ in reversed(suite.plan()) if suite.part_of(text) == part)
        assert load_scene(scene, **with_variant({}, variant)) != load_scene(scene)
        assert len(variant.split(",")) == len(suite.axis.split("+"))


def test_a_secret_part_is_drawn_from_the_number_that_was_promised() -> None:
    promised = dataclasses.replace(SMALL, secret=commit_secret("small", 7))
    known = reveal("small", promised, 7)
    assert len(known.parts()["secret"]) == 50
    assert known.parts()["secret"] == reveal("small", promised, 7).parts()["secret"]
    assert known.sha256 != promised.sha256
    for suite, number in ((promised, 8), (SMALL, 7)):
        with pytest.raises(InvalidInput, match="does not have the hash that was published"):
            reveal("small", suite, number)


def test_parts_that_overlap_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (suites.FOLDER / "looks.toml").read_text()
    (tmp_path / "mine.toml").write_text(text.replace("[1000, 1049]", "[49, 60]"))
    monkeypatch.setattr(suites, "FOLDER", tmp_path)
    with pytest.raises(InvalidInput, match=r"mine\.toml: train: 0 to 49 is empty, or has variants of another part"):
        load_suite("mine")
    with pytest.raises(InvalidInput, match="unknown suite 'bodys'; there is mine"):
        load_suite("bodys")


def test_a_row_of_a_suite_is_verified_and_cannot_choose_its_variants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (verification, "roboschool.results.entry"):
        name = module if isinstance(module, str) else module.__name__
        monkeypatch.setattr(f"{name}.load_suite", lambda _: SMALL)
    credit = Credit(who="us", suite="small", options={"seconds": 0.3})
    row = make_row([read_training("hopper")], credit, tmp_path)
    assert [each.variant for each in row.runs[0].episodes][1:3] == ["body=1", "body=100000"]
    assert len(row.returns()[0]) == 3
    write_row(tmp_path / "row.json", row)
    assert verify(tmp_path / "row.json").status == REPLAYED
    raw = json.loads((tmp_path / "row.json").read_text())
    raw["runs"][0]["episodes"][2]["variant"] = "body=100003"
    (tmp_path / "row.json").write_text(json.dumps(raw))
    found = verify(tmp_path / "row.json")
    assert found.status == FAILED
    assert "not those of the suite" in found.faults[0]


def test_the_command_says_train_held_out_and_gap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("roboschool.cli.suite.load_suite", lambda _: SMALL)
    done = CliRunner().invoke(main, ["evaluate", "hopper", "--suite", "small", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert found["gap"] == pytest.approx(found["train"]["value"] - found["held_out"]["value"])
    assert set(found["parts"]) == {"extrapolation"}
    short = CliRunner().invoke(main, ["evaluate", "hopper", "--suite", "small", "--json", "--set", "seconds=0.1"])
    assert 0.0 < json.loads(short.output)["held_out"]["value"] < 20.0 < found["held_out"]["value"]
    for words, fault in (
        (["hopper", "--suite", "small", "--episodes", "3"], "it decides the episodes"),
        (["hopper", "--secret", "3"], "only with --suite"),
        (["reacher", "--suite", "small"], "robot 'reacher' is of no family"),
    ):
        done = CliRunner().invoke(main, ["evaluate", *words])
        assert done.exit_code == 1
        assert fault in done.output


def test_the_table_of_training_bodies_is_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import bodies_page

    assert bodies_page.PAGE.read_text() == bodies_page.page(), "run python tools/bodies_page.py"
