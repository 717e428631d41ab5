"""`roboschool new scene`: what it writes is a scene that works, and says what each key is."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from roboschool.cli.main import main
from roboschool.errors import InvalidInput
from roboschool.scenes.loader import load_scene
from roboschool.scenes.new_scene import NewScene, make_text, read_count, write_scene
from roboschool.scenes.top_view import draw_top_view

ROOM = """summary = "A room."
timestep = 0.02
agent = [{ name = "point_0", robot = "point", task = { name = "goal" } }]
element = [{ kind = "goal", positions = [[1.0, 0.5]] }, { kind = "hazard", count = %s }]
layout = { area = [-2.0, -1.0, 2.0, 1.0] }
"""


def test_a_scene_is_written_checked_and_pictured(tmp_path: Path) -> None:
    arguments = ["new", "scene", "yard", "--robot", "car", "--goal", "1", "--hazards", "4", "--vases", "2"]
    done = CliRunner().invoke(main, [*arguments, "--into", str(tmp_path)])
    assert done.exit_code == 0, done.output
    path = tmp_path / "scenes" / "yard.toml"
    assert f"{path}: all is well" in done.output
    assert "2 vase" not in done.output
    assert "o hazard, G goal, v vase, 0 car_0" in done.output
    with Image.open(path.with_suffix(".png")) as picture:
        assert picture.size == (480, 360)
    scene = load_scene(path)
    kinds = [element.kind for element in scene.layout.elements]  # type: ignore[union-attr]
    assert kinds == ["goal", *["hazard"] * 4, *["vase"] * 2]
    assert [term.name for term in scene.agents[0].task.costs(scene.info)] == [
        "hazards",
        "vases_contact",
        "vases_velocity",
    ]
    lines = path.read_text().splitlines()
    assert len(lines) < 60
    assert all("#" in line for line in lines if re.match("size|keepout|timestep|substeps|indicator|area", line))
    again = CliRunner().invoke(main, [*arguments, "--into", str(tmp_path)])
    assert again.exit_code != 0
    assert "yard.toml: there is such a file already" in again.output


def test_robots_of_several_kinds_act_at_their_own_periods(tmp_path: Path) -> None:
    path = write_scene(NewScene("pack", ("doggo", "car", "point", "car"), "goal", {"hazard": (2, 6)}), tmp_path)
    scene = load_scene(path)
    assert [agent.name for agent in scene.agents] == ["doggo_0", "car_0", "point_0", "car_1"]
    assert [agent.hold for agent in scene.agents] == [5, 2, 1, 2]
    assert (scene.timestep, scene.substeps) == (0.02, 4)
    assert scene.layout is not None
    assert scene.layout.counts == ((4, 2, 6),)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (NewScene("a b", ("car",), "goal", {}), "a name is of lower case letters"),
        (NewScene("yard", ("cra",), "goal", {}), "did you mean 'car'"),
        (NewScene("yard", ("car", "car"), "goal", {"goal": 1}), "goal: 1 are too few: 2 robots"),
        (NewScene("yard", ("car",), "push", {"box": 0}), "box: 0 are too few"),
    ],
)
def test_what_cannot_be_is_refused(wanted: NewScene, words: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=words):
        write_scene(wanted, tmp_path)
    assert not list(tmp_path.rglob("*.toml"))


@pytest.mark.parametrize("written", ["-1", "x", "3-", "6-2", "201", "1-2-3", "999999999", ""])
def test_counts_that_are_none_are_refused(written: str) -> None:
    with pytest.raises(InvalidInput):
        read_count(written)
    assert (read_count("4"), read_count("2-6")) == (4, (2, 6))


def test_tasks_have_what_they_need() -> None:
    for task, kinds in (("goal", ["goal"]), ("button", ["button"]), ("push", ["goal", "box"])):
        text = make_text(NewScene("yard", ("point",), task, {}), Path("yard.toml"))
        assert re.findall(r'^kind    = "(\w+)"$', text, re.M) == kinds


def test_things_are_where_they_are_from_above(tmp_path: Path) -> None:
    (tmp_path / "room.toml").write_text(ROOM % 0)
    scene = load_scene(tmp_path / "room.toml")
    about, edge, *rows, _ = draw_top_view(scene, {"goal_0": (1.0, 0.5, 0.0), "point_0": (-1.5, -0.5, 0.0)})
    assert about.endswith("4 m wide, as seed 0 draws it: G goal, 0 point_0")
    assert len(rows) == 12
    assert {len(line) for line in (edge, *rows)} == {52}
    assert rows[9][3:].index("0") == 6  # a quarter of the height above the lower edge, an eighth of the width
    cells = [(row, column) for row, line in enumerate(rows) for column, letter in enumerate(line[3:]) if letter == "G"]
    assert (min(cells)[0], max(cells)[0]) == (1, 4)
    assert 36 in {column for _, column in cells}


def test_a_scene_that_cannot_be_placed_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "room.toml"
    path.write_text(ROOM % 40)
    done = CliRunner().invoke(main, ["check", str(path)])
    assert done.exit_code == 1
    assert re.search(
        r"layout: hazard_\d+ finds no place in \d+ of 40 layouts; 42 things keep 21\.1 m2 of 8\.0 m2", done.output
    )
    path.write_text(ROOM.replace("-1.0, 2.0, 1.0]", "-0.2, 2.0, 0.2]").replace("[[1.0, 0.5]]", "[]") % 8)
    done = CliRunner().invoke(main, ["check", str(path)])
    assert "its areas are narrower than twice its keepout, 0.4 m" in done.output
