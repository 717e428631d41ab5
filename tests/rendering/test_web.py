"""Pages that play recordings: what is in them, and that JavaScript places links where Bullet has them."""

import dataclasses
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from recordings import record, recording, unpack

from roboschool.cli.main import main
from roboschool.errors import InvalidInput
from roboschool.rendering.render_scene import RenderScene
from roboschool.rendering.web.packing import pack, simplify
from roboschool.rendering.web.page import HERE, make_page, write_page
from roboschool.scenes.loader import load_scene

PLACE = """
const fs = require("fs"), vm = require("vm");
for (const name of ["data", "kinematics"])
  vm.runInThisContext(fs.readFileSync(`${process.argv[1]}/${name}.js`, "utf8"));
unpack(fs.readFileSync(0, "utf8")).then((about) => {
  const placed = [];
  for (let step = 0; step < about.bodies.rows; step++)
    placed.push(placeLinks(about.links, interpolate(about.bodies, about.spans, step, 1)).map((pose) => pose.slice(9)));
  console.log(JSON.stringify(placed));
});
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js")
@pytest.mark.parametrize("name", ["ant_sumo", "arm_reach_pose"])
def test_javascript_places_links_where_bullet_has_them(name: str) -> None:
    scene, seen, snapshots = record(name)
    page = make_page(recording(scene, seen))
    text = page.split('<script id="data" type="text/plain">')[1].split("</script>")[0]
    done = subprocess.run(["node", "-e", PLACE, HERE], input=text, capture_output=True, text=True, check=True)
    found, shown = np.array(json.loads(done.stdout)), RenderScene(scene)
    for step, snapshot in enumerate(snapshots):
        shown.show([snapshot])
        wanted = shown.placed[0, :, 9:]
        assert abs(found[step] - wanted).max() < 0.001, step  # `test_ray_caster.py` compares these with Bullet


def test_a_page_holds_what_happened() -> None:
    scene, seen, _ = record("ant_sumo")
    about, tables = unpack(make_page(recording(scene, seen)))
    wanted = np.concatenate([*seen.bodies.values()], axis=1)
    assert tables["bodies"] == pytest.approx(wanted, abs=2e-4)
    assert tables["rewards"] == pytest.approx(seen.rewards, abs=1e-3)
    assert tables["markers"] == pytest.approx(seen.markers, abs=1e-4)
    assert [agent["name"] for agent in about["agents"]] == ["ant_0", "ant_1"]
    assert about["agents"][0]["colour"] != about["agents"][1]["colour"], "the two sides are alike"


def test_a_page_is_alone_and_names_are_text() -> None:
    scene, seen, _ = record("ant_sumo")
    hostile = "</script><img src=x onerror=alert(1)>@DATA@"
    page = make_page(recording(scene, seen, hostile))
    assert "onerror" not in page.replace("&lt;img src=x onerror=alert(1)&gt;", "")
    assert not any(word in page for word in ("http://", "https://", 'src="', "@SCRIPTS@", "@TITLE@"))
    assert page.count("</script>") == 2


def test_a_mesh_becomes_coarser_and_stays_where_it_is() -> None:
    turn, height = np.meshgrid(np.linspace(0.0, 2.0 * np.pi, 101), np.linspace(-1.0, 1.0, 51), indexing="ij")
    points = np.stack([np.cos(turn), np.sin(turn), height], axis=-1)
    corners = np.concatenate(
        [
            np.stack([points[:-1, :-1], points[1:, :-1], points[1:, 1:]], axis=2).reshape(-1, 3, 3),
            np.stack([points[:-1, :-1], points[1:, 1:], points[:-1, 1:]], axis=2).reshape(-1, 3, 3),
        ]
    )
    places, faces = simplify(corners, 1000)
    assert 100 < len(faces) <= 1000
    assert np.hypot(*places[faces].reshape(-1, 3)[:, :2].T) == pytest.approx(np.ones(3 * len(faces)), abs=0.15)
    assert len(simplify(corners, 10**6)[1]) > 2000


def test_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        pack({"a": float("nan")}, {})


def test_a_film_can_be_a_page(tmp_path: Path) -> None:
    path = tmp_path / "f.html"
    done = CliRunner().invoke(main, ["film", "inverted_pendulum", "--html", str(path)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert f"Written: {path}" in done.output
    assert path.stat().st_size < 200_000
    wrong = CliRunner().invoke(main, ["film", "hopper", "--html", str(tmp_path / "f.htm")])
    assert "unknown ending '.htm'" in wrong.output
    with pytest.raises(InvalidInput, match="cannot be written"):
        write_page(Path("/proc/f.html"), recording(*record("hopper")[:2]))


def test_two_sides_with_the_same_robots_differ() -> None:
    scene = load_scene("ant_sumo")
    shapes = RenderScene(scene).shapes
    one, other = (shapes["colour"][shapes["body"] == body] for body in (0, 1))
    assert abs(one - other).max(axis=1).min() > 0.1
    alone = RenderScene(dataclasses.replace(load_scene("ant"))).shapes["colour"]
    assert len({tuple(colour) for colour in alone.tolist()}) > 2
