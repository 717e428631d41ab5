"""URDFs of the world come through the importer repaired, every change reported; hostile ones are refused."""

import itertools
import json
import math
import os
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pybullet
import pytest
from click.testing import CliRunner
from folders import BAD
from PIL import Image

from roboschool.cli.main import main
from roboschool.errors import InvalidInput, Repairable
from roboschool.importing import motors, project
from roboschool.importing.card_text import write_card
from roboschool.importing.gains import find_loads
from roboschool.importing.hull import make_hull, solid_of
from roboschool.importing.importer import ImportedRobot, ImportOptions, import_robot
from roboschool.importing.infer import infer_card
from roboschool.importing.kind import find_gripper, read_anatomy
from roboschool.importing.project import new_robot
from roboschool.importing.trial import make_scene
from roboschool.mdp.effects import Placement
from roboschool.physics.checkpoint import Start
from roboschool.physics.worlds import World
from roboschool.robots.robot import Robot, load_robot
from roboschool.robots.urdf import read_urdf
from roboschool.scenes.loader import load_scene

BOX = '<geometry><box size="0.1 0.1 0.2"/></geometry>'
INERTIAL = '<inertial><mass value="2"/><inertia ixx="0.01" iyy="0.01" izz="0.01" ixy="0" ixz="0" iyz="0"/></inertial>'
LINK = f'<link name="{{}}">{INERTIAL}<visual>{BOX}</visual><collision>{BOX}</collision></link>'
LIMIT = '<limit lower="-1" upper="1" effort="5" velocity="3"/>'
ENDS = '<parent link="base"/><child link="{}"/><origin xyz="0 0 0.5"/><axis xyz="0 1 0"/>'
CUBE = [(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)]
QUADS = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
CUBE_FACES = [face for a, b, c, d in QUADS for face in ((a, b, c), (a, c, d))]


def robot(*parts: str, joint: str = LIMIT, kind: str = "revolute", root: str = LINK.format("base")) -> str:
    """A base and an arm on it; `parts` are added."""
    hinge = f'<joint name="hinge" type="{kind}">{ENDS.format("arm")}{joint}</joint>'
    return f'<robot name="tiny">{root}{LINK.format("arm")}{hinge}{"".join(parts)}</robot>'


def fixed(child: str, parent: str = "base", xyz: str = "0 0 0.3") -> str:
    """A joint that fixes a link to another."""
    ends = f'<parent link="{parent}"/><child link="{child}"/>'
    return f'<joint name="to_{child}" type="fixed"><origin xyz="{xyz}"/>{ends}</joint>'


def bring_in(tmp_path: Path, text: str | bytes, **options: object) -> ImportedRobot:
    """Import a text from `tmp_path/pack/urdf/tiny_bot.urdf`."""
    path = tmp_path / "pack" / "urdf" / "tiny_bot.urdf"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return import_robot(path, tmp_path / "out", ImportOptions(**options))  # type: ignore[arg-type]


def said(imported: ImportedRobot) -> str:
    """The whole report."""
    return "\n".join(imported.report.lines(every=True))


def cube_obj(material: str = "") -> str:
    """A cube of 1 m."""
    rows = [f"v {x} {y} {z}\n" for x, y, z in CUBE] + [f"f {a + 1} {b + 1} {c + 1}\n" for a, b, c in CUBE_FACES]
    return material + "".join(rows)


def mesh_robot(name: str, scale: str = "0.1 0.1 0.1") -> str:
    """A robot whose arm has one more shape, from a mesh."""
    shape = f'<geometry><mesh filename="{name}" scale="{scale}"/></geometry>'
    return robot(
        f'<link name="tip">{INERTIAL}<visual>{shape}</visual><collision>{shape}</collision></link>', fixed("tip")
    )


# Faults of the survey: what is added to a robot, and what the report says of it.
FAULTS = {
    "no name of a material": (
        robot(f'<link name="x">{INERTIAL}<visual>{BOX}<material name=""/></visual></link>', fixed("x")),
        "",
    ),
    "a material that is nowhere": (
        robot(f'<link name="x">{INERTIAL}<visual>{BOX}<material name="blue"/></visual></link>', fixed("x")),
        "a material that is nowhere defined was left out",
    ),
    "two materials": (
        robot(f'<link name="x"><visual>{BOX}<material name="a"/><material name="b"/></visual></link>', fixed("x")),
        "a second <material> was ignored",
    ),
    "an unknown attribute": (robot().replace('name="hinge"', 'name="hinge" colour="1"'), "an unknown attribute"),
    "an unknown element": (robot("<gazebo/>", "<frame/>"), "an element for other programs was ignored"),
    "a misspelt element": (
        robot().replace("<collision>", "<colision>", 1).replace("</collision>", "</colision>", 1),
        "misspelt",
    ),
    "what is left of xacro": (
        robot().replace("<robot", '<robot xmlns:xacro="http://x"').replace("<visual>", "<visual><xacro:grey/>"),
        "an element for other programs was ignored",
    ),
    "an undeclared prefix": (robot("<drake:acceleration/>"), "prefixes without a declaration"),
    "limits that are equal": (
        robot(
            LINK.format("x"),
            '<joint name="j" type="prismatic"><parent link="arm"/><child link="x"/><limit upper="0"/></joint>',
        ),
        "welded",
    ),
    "a hinge with limits of zero": (robot(joint='<limit lower="0" upper="0"/>'), "became continuous"),
    "limits the wrong way round": (robot(joint='<limit lower="1" upper="-1" effort="5"/>'), "exchanged"),
    "limits of 1e16": (robot(joint='<limit lower="-1e16" upper="1e16" effort="5"/>'), "more than four turns"),
    "no limits": (robot(joint=""), "a hinge without limits became continuous"),
    "a shape of size zero": (robot().replace('size="0.1 0.1 0.2"', 'size="0 0 0"', 1), "a shape of size zero"),
    "numbers with commas": (robot(joint='<limit lower="-1.57," upper="1.57" effort="5"/>'), "malformed"),
    "five numbers": (robot().replace('xyz="0 1 0"', 'xyz="0 1 0 0 0"'), "malformed"),
    "inertia of zero": (
        robot().replace('ixx="0.01" iyy="0.01" izz="0.01"', 'ixx="0" iyy="0" izz="0"', 1),
        "zero or not positive",
    ),
    "an inertia against the triangle": (robot().replace('izz="0.01"', 'izz="0.1"', 1), "the nearest possible"),
    "a floating root": (
        robot(
            '<link name="world"/>',
            '<joint name="float" type="floating"><parent link="world"/><child link="base"/></joint>',
        ),
        "the base is free",
    ),
    "a planar joint": (robot(kind="planar"), "became three"),
    "an axis of zero": (robot().replace('xyz="0 1 0"', 'xyz="0 0 0"'), "an axis of length zero"),
    "a mass below zero": (robot().replace('mass value="2"', 'mass value="-2"', 1), "a mass below zero"),
    "a second joint of a name": (
        robot(LINK.format("x"), '<joint name="hinge" type="fixed"><parent link="arm"/><child link="x"/></joint>'),
        "a second joint of the same name",
    ),
    "two parents": (
        robot(LINK.format("x"), fixed("x"), fixed("x", "arm").replace("to_x", "again")),
        "a joint that closes a loop was cut",
    ),
    "a link that hangs on nothing": (robot(LINK.format("alone")), "links that hang on nothing were dropped"),
    "a joint to nowhere": (robot(fixed("nowhere")), "a joint was dropped"),
    "a name of 100 letters": (robot(LINK.format("x" * 100), fixed("x" * 100)), "a name was shortened"),
    "NUL after the end": (robot() + "\0\0", "NUL"),
    "a mesh that is not there": (mesh_robot("../meshes/none.stl"), "a mesh that is not there was left out"),
    "more than 64 shapes": (
        robot(f'<link name="x">{INERTIAL}{f"<visual>{BOX}</visual>" * 70}</link>', fixed("x")),
        "of too many shapes the largest were kept",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_kind_of_fault_is_repaired_and_reported(fault: str, tmp_path: Path) -> None:
    text, word = FAULTS[fault]
    imported = bring_in(tmp_path, text)
    assert word in said(imported)
    assert read_urdf(imported.path).links == imported.model.links
    stated, computed = imported.report.figures.values()
    assert sum(link.mass for link in imported.model.links) == pytest.approx(stated + computed, rel=1e-6)


def test_a_sound_robot_is_left_as_it_is(tmp_path: Path) -> None:
    imported = bring_in(tmp_path, robot())
    assert imported.report.changes == []
    assert imported.model.joints[0].effort == 5.0


def test_fixed_links_are_merged_with_mass_inertia_and_shapes(tmp_path: Path) -> None:
    imported = bring_in(tmp_path, robot(LINK.format("x"), fixed("x", xyz="0 0 0.4")))
    base = imported.draft.links["base"]
    assert base.mass == 4.0
    assert base.centre.tolist() == pytest.approx([0.0, 0.0, 0.2])
    assert base.inertia is not None
    assert np.diag(base.inertia).tolist() == pytest.approx([0.02 + 4 * 0.04, 0.02 + 4 * 0.04, 0.02])
    assert (len(base.visuals), len(base.collisions)) == (2, 2)


def test_a_frame_as_root_is_no_part_of_the_world(tmp_path: Path) -> None:
    imported = bring_in(tmp_path, robot('<link name="frame"/>', fixed("base", "frame")))
    assert imported.model.root == "base"
    assert not imported.model.fixed


def test_a_moving_link_without_a_mass_gets_one_from_its_shapes(tmp_path: Path) -> None:
    text = robot().replace(LINK.format("arm"), f'<link name="arm"><collision>{BOX}</collision></link>')
    imported = bring_in(tmp_path, text)
    assert imported.report.figures["mass stated in the file [kg]"] == 2.0
    assert imported.report.figures["mass computed [kg]"] == pytest.approx(2.0)  # of the same density as the base


def test_visuals_collide_if_nothing_else_does(tmp_path: Path) -> None:
    imported = bring_in(tmp_path, robot().replace("<collision>" + BOX + "</collision>", ""))
    assert "the file has no collision shapes" in said(imported)
    assert all(link.collisions for link in imported.draft.links.values())


def test_a_mimic_follows_its_leader(tmp_path: Path) -> None:
    rule = '<mimic joint="hinge" multiplier="-0.5" offset="0.1"/>'
    follower = f'<joint name="f" type="revolute">{ENDS.format("x")}{LIMIT}{rule}</joint>'
    text = robot(LINK.format("x"), follower)
    made = new_robot(_file(tmp_path, text), tmp_path / "mine", ImportOptions(base="fixed"))
    assert list(made.inferred.card.actuators) == ["hinge"]
    world = World(load_scene(tmp_path / "mine" / "scenes" / "tiny_bot.toml"))
    body = world.bodies[0]
    numbers = dict(zip((*body.robot.unactuated, "hinge"), body.joints, strict=True))
    world.reset(Start((Placement((0.0, 0.0), 0.0, (0.0,)),)))
    for _ in range(50):
        world.step([[0.0, 0.8, 20.0, 0.0, 1.0, 5.0, 5.0, 0.0]])  # in the order of QUANTITIES
    q, p = (pybullet.getJointState(body.id, numbers[name], world.client)[0] for name in ("hinge", "f"))
    world.close()
    assert abs(q) > 0.3
    assert p == pytest.approx(-0.5 * q + 0.1, abs=1e-3)


def test_mimics_are_welded_on_request_and_their_chains_resolved(tmp_path: Path) -> None:
    joint = (
        '<joint name="{0}" type="revolute"><parent link="arm"/><child link="l{0}"/>{1}<mimic joint="{2}" {3}/></joint>'
    )
    parts = (
        LINK.format("la"),
        LINK.format("lb"),
        joint.format("a", LIMIT, "b", 'multiplier="2"'),
        joint.format("b", LIMIT, "hinge", 'multiplier="3" offset="0.1"'),
    )
    mimic = bring_in(tmp_path, robot(*parts)).draft.joints["a"].mimic
    assert mimic is not None
    assert (mimic.leader, mimic.multiplier, mimic.offset) == ("hinge", 6.0, 0.2)
    assert "on request" in said(bring_in(tmp_path, robot(*parts), weld_mimics=True))
    with pytest.raises(InvalidInput, match="cycle"):
        bring_in(tmp_path, robot(*parts[:3], joint.format("b", LIMIT, "a", "")))


@pytest.mark.parametrize(
    "name", ["../meshes/cube.obj", "package://pack/meshes/cube.obj", "package://other/meshes/cube.obj"]
)
def test_meshes_are_found_converted_and_copied(name: str, tmp_path: Path) -> None:
    meshes = tmp_path / "pack" / "meshes"
    meshes.mkdir(parents=True)
    (meshes / "cube.mtl").write_text("newmtl red\nKd 1 0 0\n")
    (meshes / "cube.obj").write_text(cube_obj("mtllib cube.mtl\nusemtl red\n"))
    (tmp_path / "pack" / "LICENSE").write_text("free")
    imported = bring_in(tmp_path, mesh_robot(name))
    shape = imported.draft.links["base"].visuals[-1]
    assert shape.file.startswith("meshes/")
    assert shape.colour is not None
    assert shape.colour[:3] == (1.0, 0.0, 0.0)
    assert shape.solid is not None
    assert shape.solid.reach == pytest.approx(0.1)
    assert shape.solid.volume == pytest.approx(0.001)
    assert (imported.folder / "LICENSE").read_text() == "free"


def test_a_dae_keeps_its_unit_axis_and_colour(tmp_path: Path) -> None:
    collada = pytest.importorskip("collada")
    meshes = tmp_path / "pack" / "meshes"
    meshes.mkdir(parents=True)
    mesh = collada.Collada()
    effect = collada.material.Effect("e", [], "phong", diffuse=(0.0, 1.0, 0.0))
    material = collada.material.Material("m", "m", effect)
    points = np.array([(x * 10.0, y * 20.0, z * 30.0) for x, y, z in CUBE], dtype=np.float32)  # in centimetres, y up
    source = collada.source.FloatSource("p", points.ravel(), ("X", "Y", "Z"))
    shape = collada.geometry.Geometry(mesh, "g", "g", [source])
    inputs = collada.source.InputList()
    inputs.addInput(0, "VERTEX", "#p")
    shape.primitives.append(shape.createTriangleSet(np.array(CUBE_FACES).ravel(), inputs, "mm"))
    mesh.effects.append(effect)
    mesh.materials.append(material)
    mesh.geometries.append(shape)
    node = collada.scene.MaterialNode("mm", material, inputs=[])
    mesh.scenes.append(collada.scene.Scene("s", [collada.scene.Node("n", [collada.scene.GeometryNode(shape, [node])])]))
    mesh.scene = mesh.scenes[0]
    mesh.assetInfo.unitmeter, mesh.assetInfo.unitname, mesh.assetInfo.upaxis = 0.01, "cm", "Y_UP"
    with (meshes / "part.dae").open("wb") as file:
        mesh.write(file)
    imported = bring_in(tmp_path, mesh_robot("../meshes/part.dae", "1 1 1"))
    shape = imported.draft.links["base"].visuals[-1]
    assert np.ptp(shape.solid.corners, axis=0).tolist() == pytest.approx([0.1, 0.3, 0.2])  # y is up there
    assert shape.colour == (0.0, 1.0, 0.0, 1.0)


def test_hulls_have_at_most_120_faces_and_their_mass_is_right() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(2000, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    corners, faces = make_hull(points)
    volume, centre, inertia = solid_of(corners, faces)
    assert len(faces) <= 120
    assert volume == pytest.approx(4 / 3 * math.pi, rel=0.15)
    assert np.abs(centre).max() < 0.05
    cube, sides = make_hull(np.array(CUBE, dtype=float))
    volume, centre, inertia = solid_of(cube, sides)
    assert volume == pytest.approx(1.0)
    assert centre.tolist() == pytest.approx([0.5, 0.5, 0.5])
    assert inertia.ravel().tolist() == pytest.approx((np.eye(3) / 6).ravel().tolist())
    assert len(make_hull(np.array([(0.0, 0, 0), (1, 0, 0), (0, 1, 0)]))[1]) == 12  # flat: a thin box


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "tiny_bot.urdf"
    path.write_text(text)
    return path


# What must be refused: a name of a mesh and what to write there, or a whole text.
def test_hostile_texts_are_refused(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE robot [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><robot name="x"><link name="&b;"/></robot>'
    many = "".join(f'<link name="l{i}"/>' for i in range(5000))
    deep = "<a>" * 100 + "</a>" * 100
    for text, word in (
        (bomb, "DOCTYPE"),
        (f'<robot name="x">{many}</robot>', "5000 links"),
        (robot(deep), "in each other"),
        ("<robot" + " " * (17 * 2**20), "more than"),
        (
            robot().replace("<robot", '<robot xmlns:xacro="http://x"').replace("</robot>", "<xacro:if/></robot>"),
            "xacro",
        ),
        ("<sdf/>", "SDF is not read"),
        ("not xml", "XML"),
        (f'<robot name="x">{LINK.format("a")}</robot>', "no joint moves"),
    ):
        with pytest.raises(InvalidInput, match=word):
            bring_in(tmp_path, text)


def test_no_file_outside_the_robots_folders_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret" / "secret.obj"
    secret.parent.mkdir()
    secret.write_text(cube_obj())
    urdf = tmp_path / "pack" / "urdf"
    urdf.mkdir(parents=True)
    (tmp_path / "pack" / "package.xml").write_text("<package/>")
    (urdf / "link.obj").symlink_to(secret)
    (urdf / "folder").symlink_to(secret.parent)
    for name in (
        "link.obj",
        "folder/secret.obj",
        "../../secret/secret.obj",
        f"file://{secret}",
        str(secret),
        "package://pack/../../secret/secret.obj",
        "package://folder/secret.obj",
    ):
        with pytest.raises(InvalidInput, match="outside"):
            bring_in(tmp_path, mesh_robot(name))
    assert "not there" in said(bring_in(tmp_path, mesh_robot("package://../secret/secret.obj")))
    with pytest.raises(InvalidInput, match="URLs"):
        bring_in(tmp_path, mesh_robot("http://example.com/a.stl"))
    os.environ["ROS_PACKAGE_PATH"] = str(secret.parent)
    try:
        bring_in(tmp_path, mesh_robot("package://secret/secret.obj"))
    finally:
        del os.environ["ROS_PACKAGE_PATH"]


def glb(index: dict[str, object], binary: bytes = b"") -> bytes:
    """A binary glTF."""
    text = json.dumps(index).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks


def test_hostile_meshes_are_refused(tmp_path: Path) -> None:
    meshes = tmp_path / "pack" / "meshes"
    meshes.mkdir(parents=True)
    corners = (0.0, 0.0, 0.0, math.nan, 0.0, 0.0, 0.0, 1.0, 0.0)
    (meshes / "nan.stl").write_bytes(struct.pack("<80xI12fH", 1, 0, 0, 1, *corners, 0))
    (meshes / "dtd.dae").write_text('<!DOCTYPE x [<!ENTITY a "b">]><COLLADA/>')
    huge = {"count": 2**31, "componentType": 5126, "type": "VEC3"}
    primitive = {"attributes": {"POSITION": 0}}
    scene = {"nodes": [{"mesh": 0}], "scenes": [{"nodes": [0]}], "meshes": [{"primitives": [primitive]}]}
    (meshes / "bomb.glb").write_bytes(glb({"asset": {"version": "2.0"}, "accessors": [huge], **scene}))
    with zipfile.ZipFile(meshes / "zip.dae", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.dae", b"0" * 2**24)
    with (meshes / "large.stl").open("wb") as file:
        file.truncate(200 * 2**20)
    for name, word in (
        ("nan.stl", "not finite"),
        ("dtd.dae", "DTD"),
        ("bomb.glb", "more numbers"),
        ("zip.dae", "zip"),
        ("large.stl", "larger than"),
    ):
        with pytest.raises(InvalidInput, match=word):
            bring_in(tmp_path, mesh_robot(f"../meshes/{name}"))


DOG = "".join(
    LINK.format(f"{side}_{part}").replace("0.1 0.1 0.2", "0.04 0.04 0.2").replace('value="2"', 'value="0.3"')
    for side in ("fl", "fr", "rl", "rr")
    for part in ("thigh", "calf")
)
PAIR = '<parent link="{1}"/><child link="{0}_{2}"/><axis xyz="0 1 0"/><limit lower="-1.5" upper="1.5" effort="40"/>'
HINGE = f'<joint name="{{0}}_{{2}}" type="revolute"><origin xyz="{{3}}"/>{PAIR}</joint>'


def dog() -> str:
    """Four legs with two joints each."""
    places = {"fl": "0.3 0.1", "fr": "0.3 -0.1", "rl": "-0.3 0.1", "rr": "-0.3 -0.1"}
    links = DOG.replace("<visual>", '<visual><origin xyz="0 0 -0.1"/>')
    links = links.replace("<collision>", '<collision><origin xyz="0 0 -0.1"/>')
    hips = [HINGE.format(side, "base", "thigh", f"{place} 0") for side, place in places.items()]
    knees = [HINGE.format(side, f"{side}_thigh", "calf", "0 0 -0.2") for side in places]
    base = LINK.format("base").replace("0.1 0.1 0.2", "0.7 0.2 0.1").replace('value="2"', 'value="8"')
    return f'<robot name="dog">{base}{links}{"".join(hips + knees)}</robot>'


def flat_arm() -> str:
    """Three joints in a line that lies level."""
    ways = list(itertools.pairwise(["base", "x_a", "x_b", "x_c"]))
    joints = [HINGE.format("x", parent, child.removeprefix("x_"), "0.2 0 0") for parent, child in ways]
    links = [LINK.format(name).replace('value="2"', 'value="0.5"') for name in ("base", "x_a", "x_b", "x_c")]
    return f'<robot name="flat">{"".join(links + joints)}</robot>'


def test_a_fixed_robot_stays_above_the_ground_wherever_its_joints_begin(tmp_path: Path) -> None:
    imported = bring_in(tmp_path, flat_arm())
    robot = infer_card(imported).robot
    world = World(make_scene(robot))
    world.reset(Start((Placement((0.0, 0.0), 0.0, tuple(rest + 0.09 for rest in robot.pose)),)))  # down
    assert world.overlaps() == []
    world.close()


def test_what_a_fixed_robot_moves_is_clear_of_the_ground_by_the_margin_of_contacts(tmp_path: Path) -> None:
    base = LINK.format("base").replace("<collision>", '<collision><origin xyz="0 0 0.1"/>')
    old, deep = '<origin xyz="0 0 0.5"/><axis xyz="0 1 0"/>', '<origin xyz="0.5 0 0.0985"/><axis xyz="0 0 1"/>'
    imported = bring_in(tmp_path, robot(root=base).replace(old, deep))
    made = infer_card(imported, kind="arm", base="fixed").robot
    world = World(make_scene(made))
    world.reset(Start((Placement((0.0, 0.0), 0.0, made.pose),)))
    assert world.overlaps() == []
    world.close()


def test_a_dog_is_known_and_stands(tmp_path: Path) -> None:
    made = new_robot(_file(tmp_path, dog()), tmp_path / "mine", ImportOptions(name="dog"))
    card = made.inferred.card
    assert (made.inferred.anatomy.kind, card.fixed, card.trunk) == ("legged", False, "base")
    assert sorted(card.feet) == ["fl_calf", "fr_calf", "rl_calf", "rr_calf"]
    assert made.inferred.trial.is_standing
    assert card.standing_height == pytest.approx(0.4, abs=0.05)
    assert card.upright.tilt == 50.0
    assert all(row["kp"] <= 80.0 and row["kd"] <= 3.0 for row in card.actuators.values())  # 40 N m at 0.5 rad: soft
    assert load_robot(tmp_path / "mine" / "assets" / "dog" / "dog.toml").joints
    assert load_scene(tmp_path / "mine" / "scenes" / "dog.toml").agents[0].robot.name == "dog"


@pytest.mark.parametrize(
    ("passes", "text", "said_of_it", "detail"),
    [
        (lambda robot: robot.substep < 0.003, robot(), "substeps were made shorter", "2.06 ms instead of 4.12 ms"),
        (lambda robot: any(robot.pose), flat_arm(), "an arm was lifted in its rest pose", "x_a by -0.75 rad"),
        (lambda robot: max(robot.torque) < 4.0, robot(), "motors were made weaker", "to 0.5 of the effort"),
        (lambda robot: False, robot(), "random actions make it diverge", "shortest substeps"),
    ],
)
def test_what_random_actions_make_necessary_is_reported(
    passes: Callable[[Robot], bool],
    text: str,
    said_of_it: str,
    detail: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(motors, "try_random", lambda robot, trunk: len(motors.RANDOM) * passes(robot))
    imported = bring_in(tmp_path, text)
    found = infer_card(imported).robot
    (change,) = (change for change in imported.report.changes if change.kind == said_of_it)
    assert detail in change.detail
    assert passes(found) or said_of_it == "random actions make it diverge"


def test_the_trunk_of_an_arm_is_its_gripper(tmp_path: Path) -> None:
    names = ["base", "x_shoulder", "x_elbow", "x_forearm", "x_wrist"]
    ways = [*itertools.pairwise(names), ("x_wrist", "x_camera"), ("x_wrist", "x_jaw")]
    joints = [HINGE.format("x", parent, child.removeprefix("x_"), "0.02 0 0.2") for parent, child in ways]
    links = [LINK.format(name) for name in (*names, "x_camera", "x_jaw")]
    made = new_robot(_file(tmp_path, f'<robot name="tiny">{"".join(links + joints)}</robot>'), tmp_path / "mine")
    card = made.inferred.card
    assert (made.inferred.anatomy.kind, card.fixed, card.trunk) == ("arm", True, "x_wrist")
    assert made.tasks == ("reach_pose", "stand")
    assert card.standing_height == pytest.approx(0.9, abs=0.01)  # the base was lifted out of the ground by 0.1 m
    jaw_alone = "".join(part for part in links + joints if "camera" not in part)
    assert find_gripper(bring_in(tmp_path, f'<robot name="tiny">{jaw_alone}</robot>').draft) == "x_wrist"
    assert find_gripper(bring_in(tmp_path, dog()).draft) == "base"


def test_a_dog_that_is_drawn_lying_is_turned_upright(tmp_path: Path) -> None:
    lying = '<link name="frame"/><joint name="turn" type="fixed"><origin rpy="1.5707963 0 0"/><parent link="frame"/>'
    text = dog().replace("</robot>", f'{lying}<child link="base"/></joint></robot>')
    made = new_robot(_file(tmp_path, text), tmp_path / "mine")
    assert "turned upright" in said(made.imported)
    assert made.inferred.trial.is_standing
    assert made.inferred.card.standing_height == pytest.approx(0.4, abs=0.05)


def test_a_rover_has_wheels_with_a_speed(tmp_path: Path) -> None:
    disc = '<geometry><cylinder radius="0.1" length="0.05"/></geometry>'
    shape = f'<collision><origin rpy="1.5707963 0 0"/>{disc}</collision>'
    joints = []
    for name, place in {"a": "0.2 0.2 0", "b": "0.2 -0.2 0", "c": "-0.2 0.2 0", "d": "-0.2 -0.2 0"}.items():
        joints.append(f'<link name="{name}">{INERTIAL}{shape}</link>')
        ends = f'<parent link="base"/><child link="{name}"/><origin xyz="{place}"/><axis xyz="0 1 0"/>'
        joints.append(f'<joint name="turn_{name}" type="continuous">{ends}</joint>')
    text = f'<robot name="rover">{LINK.format("base").replace("0.1 0.1 0.2", "0.4 0.3 0.1")}{"".join(joints)}</robot>'
    made = new_robot(_file(tmp_path, text), tmp_path / "mine")
    assert (made.inferred.anatomy.kind, made.inferred.card.fixed) == ("wheeled", False)
    assert {spec.kind for spec in made.inferred.robot.actuators} == {"velocity"}
    assert made.inferred.trial.is_standing


def test_an_arm_is_fixed_and_does_not_begin_below_the_ground(tmp_path: Path) -> None:
    imported = bring_in(
        tmp_path, robot(root=LINK.format("base").replace("<collision>", '<collision><origin xyz="0 0 -1"/>'))
    )
    inferred = infer_card(imported)
    assert inferred.card.fixed
    assert inferred.robot.fixed
    assert "the root's frame was put on the ground" in said(imported)
    assert imported.draft.links["base"].collisions[0].frame[2, 3] == pytest.approx(0.1)


def test_an_effort_that_is_missing_is_guessed_and_marked(tmp_path: Path) -> None:
    imported = bring_in(tmp_path, robot(joint='<limit lower="-1" upper="1"/>'))
    inferred = infer_card(imported, kind="arm")
    assert "guess" in inferred.unsure["actuators"]
    assert "UNSURE" in write_card(inferred.card, "An arm", inferred.unsure)


@pytest.mark.parametrize(("effort", "is_absurd"), [("1000", False), ("2000", True)])
def test_a_leg_of_a_dog_of_7_kg_cannot_have_2000_newton_metres(tmp_path: Path, effort: str, is_absurd: bool) -> None:
    """Its trunk is 0.4 m high: 1373 N m are 50 times what lifts it by an arm as long."""
    text = dog().replace('effort="40"', f'effort="{effort}"').replace('<mass value="8"/>', '<mass value="4.6"/>')
    imported = bring_in(tmp_path, text)
    assert imported.draft.mass() == pytest.approx(7.0)
    draft, names = imported.draft, sorted(imported.draft.joints)
    loads = find_loads(draft, read_anatomy(draft, ""), names, True, imported.report)
    assert len(loads) == 8
    for load in loads.values():
        assert load.guessed is is_absurd
        assert load.effort == (pytest.approx(2.0 * load.need) if is_absurd else 1000.0)
    assert (f"{effort} in the file" in said(imported)) is is_absurd


def test_the_command_writes_nothing_in_a_dry_run_and_the_robot_otherwise(tmp_path: Path) -> None:
    path, mine = _file(tmp_path, robot()), tmp_path / "mine"
    command = ["new", "robot", str(path), "--into", str(mine), "--kind", "arm"]
    dry = CliRunner().invoke(main, [*command, "--dry-run"])
    assert dry.exit_code == 0, dry.output
    assert "Nothing was written" in dry.output
    assert not mine.exists()
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    for command_to_go_on in ("roboschool check", "roboschool film", "-m pytest", "roboschool train"):
        assert command_to_go_on in done.output
    assert (mine / "assets" / "tiny_bot" / "import_report.txt").exists()
    with Image.open(mine / "assets" / "tiny_bot" / "tiny_bot.png") as picture:
        assert picture.size == (480, 360)
    assert load_scene(mine / "scenes" / "tiny_bot.toml").agents[0].robot.name == "tiny_bot"
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(mine / "tests")]
    subprocess.run(tests, check=True, cwd=tmp_path)
    again = CliRunner().invoke(main, command)
    assert again.exit_code == 1
    assert "there already" in again.output
    data = json.loads(CliRunner().invoke(main, [*command, "--name", "other", "--json"]).output)
    assert (data["name"], data["kind"], data["fixed"]) == ("other", "arm", True)


def test_each_task_that_suits_its_kind_gets_a_scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(project.TASKS, "legged", ("flown", "flagrun", "run", "reach"))
    made = new_robot(_file(tmp_path, dog()), tmp_path / "mine", ImportOptions(name="dog"))
    assert made.tasks == ("flagrun", "run")
    assert [path.stem for path in made.scenes] == ["dog", "dog_run"]
    assert [type(load_scene(path).agents[0].task).__name__ for path in made.scenes] == ["Flagrun", "Run"]
    assert "task 'reach': " in said(made.imported)


def test_an_object_of_another_library_comes_in(tmp_path: Path) -> None:
    urchin = pytest.importorskip("urchin")
    imported = import_robot(urchin.URDF.load(str(_file(tmp_path, robot()))), tmp_path / "out")
    assert imported.model.joints[0].name == "hinge"
    assert not (tmp_path / "out" / "saved.urdf").exists()
    with pytest.raises(InvalidInput, match="neither a path"):
        import_robot(3, tmp_path / "out")


def test_licences_come_along(tmp_path: Path) -> None:
    (tmp_path / "pack" / "urdf").mkdir(parents=True)
    (tmp_path / "pack" / "LICENSE").write_text("of the package")
    (tmp_path / "pack" / "urdf" / "LICENSE").write_text("of the robot")
    (tmp_path / "pack" / "urdf" / "COPYING.txt").symlink_to("/etc/hostname")
    (tmp_path / "NOTICE").write_text("of nobody")
    bring_in(tmp_path, robot())
    found = {path.name: path.read_text() for path in (tmp_path / "out").iterdir() if path.suffix != ".urdf"}
    assert found == {"LICENSE": "of the robot", "pack_LICENSE": "of the package"}


def test_what_collides_is_seen_where_what_is_seen_is_not_there(tmp_path: Path) -> None:
    mesh = '<geometry><mesh filename="nowhere.dae"/></geometry>'
    part = f'<link name="x"><visual>{mesh}</visual><collision>{BOX}</collision></link>{fixed("x", "arm")}'
    imported = bring_in(tmp_path, robot(part))
    assert len(imported.draft.links["arm"].visuals) == 2
    assert "a mesh that is not there was left out" in said(imported)


def test_meshes_that_an_object_names_by_whole_paths_are_taken(tmp_path: Path) -> None:
    (tmp_path / "cube.obj").write_text(cube_obj())

    class Loaded:  # as yourdfpy does
        def write_xml_file(self, path: str) -> None:
            Path(path).write_text(mesh_robot(str(tmp_path / "cube.obj")))

    imported = import_robot(Loaded(), tmp_path / "out")
    assert list((tmp_path / "out" / "meshes").iterdir())
    assert "not there" not in said(imported)


ENDS_OF_EXTRA = '<parent link="body"/><child link="extra"/>'
MOVING = f'{LINK.format("extra")}<joint name="extra" type="continuous">{ENDS_OF_EXTRA}</joint></robot>'
MESHES = ("mesh_missing", "mesh_http", "mesh_stl_nan")
MORE = ("joint_fixed", "latin1", "latin1_declared", "origin_overflow")  # is repaired than the strict reader says


@pytest.mark.parametrize("path", sorted((BAD / "urdf").glob("*.urdf")), ids=lambda path: path.stem)
def test_faults_said_to_be_repaired_are(path: Path, tmp_path: Path) -> None:
    """But for those of meshes, which take long; some of them stand for all."""
    text = path.read_bytes().replace(b"</robot>", MOVING.encode())
    if b'name="body"' not in text or (b"<mesh" in text and path.stem not in MESHES):
        return
    (tmp_path / path.name).write_bytes(text)
    with pytest.raises(InvalidInput) as caught:
        read_urdf(tmp_path / path.name)
    is_said = all(isinstance(fault, Repairable) for fault in caught.value.faults or (str(caught.value),))
    try:
        import_robot(tmp_path / path.name, tmp_path / "out")
    except InvalidInput:
        assert not is_said, caught.value
    else:
        assert is_said or path.stem in MORE, caught.value
