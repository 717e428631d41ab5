"""The page of a recording: one HTML file that plays it, offline, in any browser with WebGL 2."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from roboschool.rendering.native.library import POSE
from roboschool.rendering.render_scene import LOST, RenderScene
from roboschool.rendering.shapes import BASE
from roboschool.rendering.team_colours import team_colours
from roboschool.rendering.web.packing import MOST_FACES, pack, simplify
from roboschool.scenes.scene import Scene
from roboschool.writers import replace

PAGES = (".html",)  # endings of pages
HERE = Path(__file__).parent
SCRIPTS = ("data", "kinematics", "geometry", "shaders", "view", "picture", "player")  # in this order
FINE, ANGLE, MESH, REWARD = 1e-4, 2e-4, 1e-4, 1e-3  # to which numbers are rounded: positions [m], joints, corners
ASPECT = 1.5  # of the pictures that the fixed camera of a scene is made for
DIGITS = 6


@dataclass(frozen=True)
class Seat:
    """A line of the table over the picture."""

    agents: tuple[int, ...]  # whose score and return it shows
    label: str  # of the seat
    name: str  # of its policy
    result: str = ""  # shown at the end only


@dataclass(frozen=True)
class Recording:
    """What a page plays."""

    scene: Scene
    title: str
    bodies: Sequence[np.ndarray]  # agents, then props: bases and joints (frames, BASE + joints)
    markers: np.ndarray  # step, number, position, radius, colour (0 to 255), line, end (changes, 12)
    scores: np.ndarray  # step, score of each agent (changes, 1 + agents)
    rewards: np.ndarray  # of each agent in the step before (frames, agents)
    seats: Sequence[Seat]
    ending: str  # why it ended, in words


def make_page(recording: Recording) -> str:
    """Return the page.

    Raises:
        InvalidInput: there is no library to measure the robots, or a mesh has been changed since its URDF was read.
    """
    scene = RenderScene(recording.scene)
    scripts = "\n".join((HERE / f"{name}.js").read_text() for name in SCRIPTS)
    page = (HERE / "player.html").read_text()
    data = pack(_describe(recording, scene), _tables(recording, scene))
    parts = {"@TITLE@": escape(recording.title), "@DATA@": data, "@SCRIPTS@": scripts}
    for mark, text in parts.items():  # the title is first: no mark in it is replaced by more than data
        page = page.replace(mark, text, 1)
    return page


def write_page(path: Path, recording: Recording) -> None:
    """Write the page.

    Raises:
        InvalidInput: see `make_page`, or it cannot be written; the old file is unchanged.
    """
    replace(path, make_page(recording).encode())


def _describe(recording: Recording, scene: RenderScene) -> dict[str, Any]:
    colours = team_colours(recording.scene)
    stops = np.cumsum([rows.shape[1] for rows in recording.bodies]).tolist()
    spans = [{"start": stop - rows.shape[1], "stop": stop} for rows, stop in zip(recording.bodies, stops, strict=True)]
    agents = [
        {"name": agent.name, "link": int(link), "centre": _round(centre), "radius": _round(radius), "colour": colour}
        for agent, (link, centre), radius, colour in zip(
            recording.scene.agents, scene.trunks[: len(colours)], scene.robot_radii(), colours, strict=True
        )
    ]
    camera = recording.scene.camera
    return {
        "title": recording.title,
        "timestep": recording.scene.timestep,
        "camera": camera and {**asdict(camera), "aspect": ASPECT},
        "agents": agents,
        "spans": spans,
        "links": [_link(link) for link in scene.links],
        "shapes": [_shape(*own) for own in zip(scene.shapes, scene.owners, scene.local, strict=True)],
        "meshes": list(range(len(scene.trees))),
        "ground": _ground(scene),
        "seats": [{**asdict(seat), "colour": colours[seat.agents[0]]} for seat in recording.seats],
        "ending": recording.ending,
    }


def _tables(recording: Recording, scene: RenderScene) -> dict[str, tuple[np.ndarray, Any]]:
    bodies = np.concatenate([_steady(rows) for rows in recording.bodies], axis=1).clip(-LOST, LOST)
    steps = [step for rows in recording.bodies for step in (*[FINE] * BASE, *[ANGLE] * (rows.shape[1] - BASE))]
    rounded = (1.0, 1.0, *[FINE] * 4, 1.0, 1.0, 1.0, *[FINE] * 3)
    tables: dict[str, tuple[np.ndarray, Any]] = {
        "bodies": (bodies, np.array(steps)),
        "markers": (recording.markers.clip(-LOST, LOST), np.array(rounded)),
        "scores": (recording.scores, np.array([1.0, *[REWARD] * (recording.scores.shape[1] - 1)])),
        "rewards": (recording.rewards, REWARD),
    }
    for number, tree in enumerate(scene.trees):
        corners, faces = simplify(tree.corners, MOST_FACES // len(scene.trees))
        tables |= {f"corners{number}": (corners, MESH), f"faces{number}": (faces, 1.0)}
    return tables


def _steady(rows: np.ndarray) -> np.ndarray:
    """Return poses with quaternions of one sign, so that they change little from frame to frame."""
    rows = rows.astype(float)
    turned = (rows[1:, 3:BASE] * rows[:-1, 3:BASE]).sum(axis=1) < 0.0
    signs = np.cumprod(np.where(np.concatenate(([False], turned)), -1.0, 1.0))
    rows[:, 3:BASE] *= signs[:, None]
    return rows


def _link(link: Any) -> dict[str, Any]:
    numbers = {name: int(link[name]) for name in ("parent", "kind", "place")}
    return {**numbers, "origin": _round(link["origin"]), "axis": _round(link["axis"])}


def _shape(shape: Any, owner: int, local: np.ndarray) -> dict[str, Any]:
    numbers = {name: int(shape[name]) for name in ("kind", "mesh")} | {"owner": int(owner)}
    return {**numbers, "half": _round(shape["half"]), "colour": _round(shape["colour"]), "local": _round(local[:POSE])}


def _ground(scene: RenderScene) -> Mapping[str, Any]:
    ground = scene.ground
    finish = ground.finish if np.isfinite(ground.finish) else None
    edges = {"low": ground.low, "top": ground.top, "lane": ground.lane, "finish": finish}
    colours = [_round(np.array(colour)) for colour in ground.colours]
    return {"kind": ground.kind, **edges, "middle": list(ground.middle), "colours": colours}


def _round(numbers: Any) -> Any:
    return np.round(np.asarray(numbers, float), DIGITS).tolist()
