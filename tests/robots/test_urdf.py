"""Every bad URDF is refused with a message that helps; every good one reaches Bullet as it was written."""

import dataclasses
import math
import os
import random
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pybullet
import pytest
from folders import BAD
from PIL import Image

from roboschool.errors import InvalidInput, Repairable
from roboschool.readers import tomllib
from roboschool.robots.urdf import read_urdf
from roboschool.robots.urdf_faults import MOST_LINKS
from roboschool.robots.urdf_schema import KINDS

URDFS = BAD / "urdf"
EXPECTED = tomllib.loads((URDFS / "expected.toml").read_text())
CORNERS = ((0, 0, 0), (0.2, 0, 0), (0, 0.2, 0), (0, 0, 0.2))
FACES = ((0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3))
OBJ = "".join(f"v {x} {y} {z}\n" for x, y, z in CORNERS) + "".join(f"f {a + 1} {b + 1} {c + 1}\n" for a, b, c in FACES)
STL = struct.pack("<80xI", len(FACES)) + b"".join(
    struct.pack("<12fH", 0, 0, 0, *CORNERS[a], *CORNERS[b], *CORNERS[c], 0) for a, b, c in FACES
)
GOOD = """<?xml version="1.0" encoding="utf-8"?>
<!-- all shapes, all kinds of joints, and what other programs add -->
<robot name="pet" version="1.0" xmlns:sensor="http://playerstage.sourceforge.net/gazebo">
  stray
  <?editor keep?>
  <material name="red"><color rgba="1 0 0 1"/></material>
  <link name="torso">
    <inertial>
      <origin xyz="0 0 0.1"/><mass value="2.5"/>
      <inertia ixx="0.2" ixy="0.01" ixz="0" iyy="0.2" iyz="0" izz="0.3"/>
    </inertial>
    <visual name="shown"><geometry><box size="0.4 0.3 0.2"/></geometry><material name="red"/></visual>
    <collision name="felt"><geometry><box size="0.4 0.3 0.2"/></geometry></collision>
    <contact><lateral_friction value="0.9"/><contact_cfm value="0"/></contact>
  </link>
  <joint name="neck" type="continuous">
    <origin xyz="0 0 0.3" rpy="0 0.1 0"/><parent link="torso"/><child link="head"/>
    <axis xyz="0&#9;0&#10;2"/>
    <limit lower="-1e16" upper="1e16" effort="3" velocity="4"/>
    <dynamics/>
    <safety_controller k_velocity="1"/>
  </joint>
  <link name="head">
    <inertial><mass value="1e0"/><inertia ixx="+.02" iyy="0.02" izz="2.E-2"/></inertial>
    <visual>
      <geometry><sphere radius="0.1"/></geometry><material name="sky"><color rgba="0 0.5 1 0.5"/></material>
    </visual>
    <visual><geometry><mesh filename="good.obj" scale="1 -1 0.5"/></geometry><material name="sky"/></visual>
    <collision><origin xyz="0 0 0.1"/><geometry><capsule radius="0.1" length="0.2"/></geometry></collision>
  </link>
  <joint name="hip" type="revolute">
    <parent link="torso"/><child link="leg"/>
    <limit lower="-0.5" upper="1.25" effort="10" velocity="5"/>
  </joint>
  <link name="leg">
    <inertial><mass value="0.5"/><inertia ixx="0.01" iyy="0.01" izz="0.01"/></inertial>
    <collision><geometry><cylinder radius="0.05" length="0.4"/></geometry></collision>
    <collision><geometry><mesh filename="./meshes/good.stl"/></geometry></collision>
  </link>
  <joint name="shin" type="prismatic">
    <parent link="leg"/><child link="foot"/><axis xyz="0 0 -1"/>
    <limit lower="-0.2" effort="50"/><dynamics damping="0.5" friction="0.1"/>
  </joint>
  <link name="foot">
    <inertial><mass value="0.25"/><inertia ixx="0.01" iyy="0.01" izz="0.01"/></inertial>
  </link>
  <joint name="glue" type="fixed">
    <parent link="head"/><child link="nose"/><axis xyz="0 0 0"/><limit effort="nan" velocity="nan"/>
  </joint>
  <link name="nose"><inertial><mass value="0.1"/><inertia ixx="0.01" iyy="0.01" izz="0.01"/></inertial></link>
  <gazebo reference="head"><material>Gazebo/Red</material></gazebo>
  <transmission name="t"><joint name="hip"/></transmission>
  <ros2_control name="c" type="system"><joint name="hip"/></ros2_control>
  <sensor name="camera"><parent link="head"/></sensor>
</robot>
"""
MASSES = {"torso": 2.5, "head": 1.0, "leg": 0.5, "foot": 0.25, "nose": 0.1}
LINK = '<link name="{}"><inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1"/></inertial></link>\n'
JOINT = '<joint name="{}" type="{}"><parent link="{}"/><child link="{}"/></joint>\n'


def write(folder: Path, text: str = GOOD, name: str = "good.urdf") -> Path:
    """Write a URDF and the two meshes that the good one needs."""
    (folder / "meshes").mkdir(parents=True, exist_ok=True)
    (folder / "good.obj").write_text(OBJ)
    (folder / "meshes" / "good.stl").write_bytes(STL)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def chain(links: int, kind: str = "continuous") -> str:
    """Return a URDF in which every link hangs on the one before."""
    joints = "".join(JOINT.format(f"j{i}", kind, f"l{i - 1}", f"l{i}") for i in range(1, links))
    return '<robot name="chain">\n' + "".join(LINK.format(f"l{i}") for i in range(links)) + joints + "</robot>\n"


def one_mesh(name: str) -> str:
    """Return a URDF of one link with one mesh."""
    return f"""<robot name="pet">
<link name="body">
<visual><geometry>
<mesh filename="{name}"/>
</geometry></visual>
</link>
</robot>"""


@pytest.fixture
def load() -> Iterator[Callable[[str | Path], int]]:
    """Return a function that loads a file into Bullet."""
    client = pybullet.connect(pybullet.DIRECT)
    pybullet.setPhysicsEngineParameter(enableFileCaching=0, physicsClientId=client)
    yield lambda path: pybullet.loadURDF(str(path), flags=pybullet.URDF_USE_INERTIA_FROM_FILE, physicsClientId=client)
    pybullet.disconnect(client)


# --- what is refused


@pytest.mark.parametrize("name", sorted(path.name for path in URDFS.glob("*.urdf")))
def test_bad_file(name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_urdf(URDFS / name)
    message = str(caught.value)
    assert message.startswith(f"{URDFS / name}:")
    assert [words for words in EXPECTED[name] if words not in message] == [], message
    assert len(message.splitlines()) == 1


def test_every_expectation_has_a_file() -> None:
    assert set(EXPECTED) == {path.name for path in URDFS.glob("*.urdf")}
    assert all(EXPECTED.values())


def test_what_is_wrong_in_the_bad_files_is_not_the_rest_of_them(tmp_path: Path) -> None:
    right = (URDFS / "axis_zero.urdf").read_text().replace('xyz="0 0 0"', 'xyz="0 1 0"')
    assert read_urdf(write(tmp_path, right)).root == "body"
    shutil.copytree(URDFS / "meshes", tmp_path / "meshes", dirs_exist_ok=True)
    right = (URDFS / "mesh_scale_zero.urdf").read_text().replace("1 0 1", "1 2 1")
    assert read_urdf(write(tmp_path, right)).root == "body"


def fifo(folder: Path) -> Path:
    os.mkfifo(folder / "pet.urdf")
    return folder / "pet.urdf"


def many_joints(folder: Path) -> Path:
    joints = "".join(JOINT.format(i, "fixed", "l0", "l1") for i in range(500))
    return write(folder, chain(2).replace("</robot>", f"{joints}</robot>"))


def many_shapes(folder: Path) -> Path:
    shapes = '<collision><geometry><sphere radius="1"/></geometry></collision>' * 64
    return write(folder, GOOD.replace('<collision name="felt">', f'{shapes}<collision name="felt">'))


def mesh_fifo(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.obj")
    return write(folder, one_mesh("pipe.obj"))


def mesh_link(folder: Path) -> Path:
    (folder / "robot").mkdir()
    (folder / "outside.obj").write_text(OBJ)
    (folder / "robot" / "inside.obj").symlink_to("../outside.obj")
    return write(folder / "robot", one_mesh("inside.obj"))


def mesh_link_to_folder(folder: Path) -> Path:
    (folder / "robot").mkdir()
    (folder / "outside.obj").write_text(OBJ)
    (folder / "robot" / "inside").symlink_to("..")
    return write(folder / "robot", one_mesh("inside/outside.obj"))


def mesh_of_21_mib(folder: Path) -> Path:
    with open(folder / "big.stl", "wb") as file:
        file.truncate(21 * 2**20)
    return write(folder, one_mesh("big.stl"))


def mesh_of_200001_faces(folder: Path) -> Path:
    (folder / "big.stl").write_bytes(struct.pack("<80xI", 200_001) + STL[84:134] * 200_001)
    return write(folder, one_mesh("big.stl"))


def mesh_far_down(folder: Path) -> Path:
    return write(folder.joinpath(*["d" * 60] * 8), one_mesh("good.obj"))


def mesh_with_a_long_line(folder: Path) -> Path:
    (folder / "long.obj").write_text(OBJ + "# " + "x" * 1022 + "f 9 9 9\n")
    return write(folder, one_mesh("long.obj"))


def mesh_library_fifo(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.mtl")
    (folder / "pet.obj").write_text("mtllib pipe.mtl\n" + OBJ)
    return write(folder, one_mesh("pet.obj"))


def mesh_picture(folder: Path, size: tuple[int, int], kind: str) -> Path:
    Image.new("RGB", size).save(folder / "skin.png", kind)
    (folder / "pet.mtl").write_text("newmtl skin\nKd 1 1 1\nmap_Kd skin.png\n")
    (folder / "pet.obj").write_text("mtllib pet.mtl\nusemtl skin\n" + OBJ)
    return write(folder, one_mesh("pet.obj"))


GENERATED: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "missing": (lambda d: write(d).with_name("god.urdf"), ["god.urdf: no such file", "did you mean 'good.urdf'"]),
    "folder": (lambda d: d, ["not a regular file"]),
    "fifo": (fifo, ["pet.urdf: not a regular file"]),
    "link_to_itself": (lambda d: (d / "a.urdf").symlink_to("a.urdf") or d / "a.urdf", ["a.urdf: no such file"]),
    "nul_in_path": (lambda d: f"{d}/a\0b.urdf", [r"a\x00b.urdf"]),
    "long_path": (lambda d: f"{d}/{'x' * 5000}", ["too long for the name of a file"]),
    "number": (lambda d: 7, ["7: neither a path nor an object"]),
    "too_large": (lambda d: write(d, GOOD + " " * 2**22), ["good.urdf: more than 4194304 bytes"]),
    "one_bad_line": (lambda d: write(d, GOOD.replace("\n", " ").replace("1.25", "1,25")), [":1: joint 'hip'", "1,25"]),
    "deep_xml": (lambda d: write(d, "<robot>" + "<link>" * 100_000), ["good.urdf:1: XML", "depth"]),
    "deep_foreign": (lambda d: write(d, GOOD.replace("<gazebo", "<a>" * 5000 + "<gazebo")), ["XML", "depth"]),
    "chain_of_5000": (lambda d: write(d, chain(5000)), [":1: robot 'chain'", "5000 links, not 1 to 120"]),
    "chain_of_20000": (lambda d: write(d, chain(20_000, "fixed")), ["20000 links"]),
    "chain_of_121": (lambda d: write(d, chain(121)), ["121 links"]),
    "star_of_2000": (lambda d: write(d, re.sub(r'"l\d+"/><child', '"l0"/><child', chain(2000))), ["2000 links"]),
    "many_joints": (many_joints, [":5: joint '0'", "link 'l1' has two parents"]),
    "many_shapes": (many_shapes, [":7: link 'torso'", "65 <collision>, more than 64"]),
    "mesh_fifo": (mesh_fifo, [":4: link 'body' <mesh>: pipe.obj: not a regular file"]),
    "mesh_link": (mesh_link, ["link 'body' <mesh>: inside.obj: outside"]),
    "mesh_link_to_folder": (mesh_link_to_folder, ["link 'body' <mesh>: inside/outside.obj: outside"]),
    "mesh_of_21_mib": (mesh_of_21_mib, ["link 'body' <mesh>: big.stl: not a regular file, or larger than"]),
    "mesh_of_200001_faces": (mesh_of_200001_faces, ["link 'body' <mesh>: big.stl: 200001 faces, not 1 to 200000"]),
    "mesh_far_down": (mesh_far_down, ["link 'body' <mesh>: good.obj: its full path is longer than 500 bytes"]),
    "mesh_with_a_long_line": (mesh_with_a_long_line, ["link 'body' <mesh>: long.obj line 9", "longer than 1000 bytes"]),
    "mesh_library_fifo": (mesh_library_fifo, ["link 'body' <mesh>: pipe.mtl: not a regular file"]),
    "picture_too_large": (lambda d: mesh_picture(d, (5000, 1), "PNG"), ["pet.mtl line 3", "at most 4096 pixels"]),
    "picture_of_other_kind": (lambda d: mesh_picture(d, (8, 8), "GIF"), ["pet.mtl line 3", "not a PNG or JPEG"]),
}


@pytest.mark.parametrize("name", GENERATED)
def test_bad_input(name: str, tmp_path: Path) -> None:
    make, expected = GENERATED[name]
    with pytest.raises(InvalidInput) as caught:
        read_urdf(make(tmp_path))
    assert [words for words in expected if words not in str(caught.value)] == [], caught.value


MANY = """<robot name="many" colour="red">
<link name="body"><inertial><mass value="heavy"/><inertia ixx="0" iyy="0" izz="0"/></inertial>
<collision group="1"><geometry><box size="1 1"/></geometry></collision></link>
<link name="leg"><visual><geometry><mesh filename="nowhere.obj"/></geometry><material name="sky"/></visual></link>
<link name="foot"><inertial><mass value="1,5"/><inertia ixx="1" iyy="1" izz="9"/></inertial></link>
<joint name="hip" type="revolute"><parent link="body"/><child link="leg"/><axis xyz="0 0 0"/></joint>
<joint name="knee" type="hinge"><parent link="leg"/><child link="foto"/><limit lower="1" upper="-1"/></joint>
<joint name="toe" type="prismatic"><parent link="leg"/><child link="foot"/><limit lower="1" upper="-1"/></joint>
</robot>"""
FAULTS = (  # line, what, whether an import repairs it
    (1, "robot 'many': unknown attribute 'colour'", True),
    (2, "link 'body' <mass>: value: 'heavy' is not a finite number", True),
    (2, "link 'body' <inertia>: it is not positive definite", True),
    (3, "link 'body' <collision>: unknown attribute 'group'", True),
    (3, "link 'body' <box>: size: 2 numbers, not 3", True),
    (4, "link 'leg' <material>: unknown material 'sky'", True),
    (4, "link 'leg': <inertial> is missing", True),
    (4, "link 'leg' <mesh>: nowhere.obj: no such file", True),
    (5, "link 'foot' <mass>: value: '1,5' is not a finite number", True),
    (5, "link 'foot' <inertia>: no body has it", True),
    (6, "joint 'hip' <axis>: xyz: its length is zero", True),
    (6, "joint 'hip': a revolute joint needs a <limit>", True),
    (7, "joint 'knee': unknown joint type 'hinge'", False),
    (7, "joint 'knee' <child>: unknown link 'foto'; did you mean 'foot'?", True),
    (8, "joint 'toe' <limit>: lower 1 is not below upper -1", True),
)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="more than 10 faults") as caught:
        read_urdf(write(tmp_path, MANY, "many.urdf"))
    found = caught.value.faults
    assert len(found) == len(FAULTS), found
    for fault, (line, what, is_repaired) in zip(found, FAULTS, strict=True):
        assert fault.startswith(f"{tmp_path / 'many.urdf'}:{line}: {what}")
        assert isinstance(fault, Repairable) == is_repaired, fault


# --- what is read


def test_good_file(tmp_path: Path) -> None:
    model = read_urdf(write(tmp_path))
    assert (model.path, model.name, model.root) == (str(tmp_path / "good.urdf"), "pet", "torso")
    assert [(link.name, link.mass) for link in model.links] == list(MASSES.items())
    assert [(joint.name, joint.kind, joint.parent, joint.child) for joint in model.joints] == [
        ("neck", "continuous", "torso", "head"),
        ("hip", "revolute", "torso", "leg"),
        ("shin", "prismatic", "leg", "foot"),
        ("glue", "fixed", "head", "nose"),
    ]
    assert {joint.kind for joint in model.joints} == set(KINDS)
    assert [joint.axis for joint in model.joints[:3]] == [(0, 0, 1), (1, 0, 0), (0, 0, -1)]
    assert [(joint.lower, joint.upper) for joint in model.joints[:3]] == [(None, None), (-0.5, 1.25), (-0.2, 0)]
    assert [joint.velocity for joint in model.joints] == [4, 5, None, None]


def test_cleaned_text(tmp_path: Path) -> None:
    model = read_urdf(write(tmp_path))
    programs = ["gazebo", "transmission", "ros2_control", "sensor", "safety"]
    for word in [*programs, "<!--", "<?", "stray", "xmlns", "version", "shown", "felt", "cfm", "1e16", "nan"]:
        assert word in GOOD
        assert word not in model.text
    assert str(tmp_path / "good.obj") in model.text
    assert str(tmp_path / "meshes" / "good.stl") in model.text
    again = read_urdf(write(tmp_path, model.text, "again.urdf"))
    assert again == dataclasses.replace(model, path=again.path)


def test_bullet_sees_the_same_robot(tmp_path: Path, load: Callable[[str | Path], int]) -> None:
    model = read_urdf(write(tmp_path))
    body = load(write(tmp_path / "elsewhere", model.text))
    infos = {info[1].decode(): info for info in (pybullet.getJointInfo(body, i) for i in range(4))}
    masses = {info[12].decode(): pybullet.getDynamicsInfo(body, info[0])[0] for info in infos.values()}
    assert masses | {"torso": pybullet.getDynamicsInfo(body, -1)[0]} == MASSES
    assert list(infos) == ["neck", "glue", "hip", "shin"]  # Bullet goes depth first
    for joint in model.joints:
        info = infos[joint.name]
        types = {"continuous": 0, "revolute": 0, "prismatic": 1, "fixed": 4}
        assert info[2] == types[joint.kind]
        if joint.lower is not None:
            assert info[8:10] == (joint.lower, joint.upper)
        if joint.velocity is not None:
            assert info[11] == joint.velocity
    assert infos["hip"][10] == 10
    assert infos["shin"][6:8] == (0.5, 0.1)
    assert infos["neck"][8] > infos["neck"][9]  # so Bullet sets no limit
    assert pybullet.getDynamicsInfo(body, -1)[1] == 0.9
    shapes = [len(pybullet.getCollisionShapeData(body, infos[name][0])) for name in ("neck", "hip", "shin")]
    assert shapes == [1, 2, 0]
    colors = [(shape[1], shape[7]) for shape in pybullet.getVisualShapeData(body)]
    assert colors[0] == (-1, (1, 0, 0, 1))
    assert (infos["neck"][0], (0, 0.5, 1, 0.5)) in colors


def test_odd_names_and_folders(tmp_path: Path, load: Callable[[str | Path], int]) -> None:
    folder = tmp_path / "my 'robots' & \"füße\" %20"
    text = GOOD.replace('"leg"', '"&lt;Füße&gt; &amp; ☃"').replace("good.obj", "a &amp; b.obj")
    write(folder, text)
    os.rename(folder / "good.obj", folder / "a & b.obj")
    model = read_urdf(str(folder / "good.urdf"))
    assert model.links[2].name == "<Füße> & ☃"
    body = load(write(tmp_path / "elsewhere", model.text))
    assert pybullet.getJointInfo(body, 2)[12].decode() == "<Füße> & ☃"
    line = text[: text.index('"0.5"/><inertia')].count("\n") + 1
    with pytest.raises(InvalidInput, match=re.escape(f"{folder / 'bad.urdf'}:{line}: link '<Füße> & ☃' <mass>")):
        read_urdf(write(folder, text.replace('"0.5"/><inertia', '"-0.5"/><inertia'), "bad.urdf"))


def test_long_lines_are_broken(tmp_path: Path, load: Callable[[str | Path], int]) -> None:
    refused = 0
    for padding in range(10):
        text = re.sub(r"\n", "", chain(70).replace('"chain"', f'"{"c" * (1 + 6 * padding)}"'))
        assert 16_000 > len(text) > 12_000
        path = write(tmp_path, text)
        try:
            load(path)
        except pybullet.error:
            refused += 1
        model = read_urdf(path)
        assert max(map(len, model.text.splitlines())) < 200
        assert pybullet.getNumJoints(load(write(tmp_path, model.text, "clean.urdf"))) == 69
    assert refused  # else Bullet has been mended


def test_the_largest_robot_works_to_its_last_joint(tmp_path: Path, load: Callable[[str | Path], int]) -> None:
    body = load(write(tmp_path, read_urdf(write(tmp_path, chain(MOST_LINKS))).text))
    pybullet.resetJointState(body, MOST_LINKS - 2, 0.5)
    assert pybullet.getJointState(body, MOST_LINKS - 2)[0] == 0.5
    pybullet.resetBaseVelocity(body, [1, 2, 3])
    assert pybullet.getBaseVelocity(body)[0] == (1, 2, 3)


@pytest.mark.parametrize("old", ["", '<inertial><mass value="0"/><inertia ixx="1" iyy="1" izz="1"/></inertial>'])
def test_a_root_without_mass_is_fixed(old: str, tmp_path: Path, load: Callable[[str | Path], int]) -> None:
    path = write(tmp_path, chain(2).replace(LINK.format("l0"), f'<link name="l0">{old}</link>\n'))
    model = read_urdf(path)
    assert [link.mass for link in model.links] == [0, 1]
    body = load(write(tmp_path, model.text))
    assert pybullet.getDynamicsInfo(body, -1)[0] == 0
    pybullet.setGravity(0, 0, -9.8)
    for _ in range(20):
        pybullet.stepSimulation()
    assert pybullet.getBasePositionAndOrientation(body)[0] == (0, 0, 0)


def test_bullet_keeps_an_inertia_on_the_edge(tmp_path: Path, load: Callable[[str | Path], int]) -> None:
    plate = chain(1).replace('ixx="1" iyy="1" izz="1"', 'ixx="0.1" iyy="0.2" izz="0.3000001"')
    path = write(tmp_path, plate)
    assert pybullet.getDynamicsInfo(load(path), -1)[2] == (0, 0, 0)  # what Bullet does of itself
    inertia = pybullet.getDynamicsInfo(load(write(tmp_path, read_urdf(path).text, "clean.urdf")), -1)[2]
    assert inertia == pytest.approx((0.1, 0.2, 0.3), rel=1e-4)


def test_a_picture_on_a_mesh(tmp_path: Path, load: Callable[[str | Path], int]) -> None:
    model = read_urdf(mesh_picture(tmp_path, (8, 8), "PNG"))
    body = load(write(tmp_path, model.text))
    assert len(pybullet.getVisualShapeData(body)) == 1


# --- objects that save themselves


class Saved:
    """Stands for a `urdfpy.URDF`."""

    def __init__(self, meshes: bool) -> None:
        self.meshes = meshes

    def save(self, path: str) -> None:
        if self.meshes:
            write(Path(path).parent)
        Path(path).write_text(GOOD)


def test_an_object_that_saves_itself(tmp_path: Path, load: Callable[[str | Path], int]) -> None:
    model = read_urdf(Saved(meshes=True))
    assert model.root == "torso"
    assert pybullet.getNumJoints(load(write(tmp_path, model.text))) == 4  # the meshes are still there


def test_an_object_that_saves_no_meshes() -> None:
    with pytest.raises(InvalidInput, match=r"'head' <mesh>: good.obj: no such file.*Saved.save.*does not write along"):
        read_urdf(Saved(meshes=False))


def test_an_object_that_cannot_save() -> None:
    class Broken:
        def save(self) -> None: ...

    with pytest.raises(InvalidInput, match=r"^Broken.save: .*argument"):
        read_urdf(Broken())


def test_urchin(tmp_path: Path, load: Callable[[str | Path], int]) -> None:
    urchin = pytest.importorskip("urchin")
    text = GOOD.replace("capsule", "cylinder").replace("<dynamics/>", "").replace('"50"/', '"50" velocity="1"/')
    path = write(tmp_path, re.sub('(ixx="[^"]*") iyy', r'\1 ixy="0" ixz="0" iyz="0" iyy', text))
    model = read_urdf(urchin.URDF.load(str(path)))
    assert {link.name: link.mass for link in model.links} == MASSES
    assert pybullet.getNumJoints(load(write(tmp_path, model.text))) == 4


# --- rng

CHILD = """
import math, os, sys
import pybullet
pybullet.connect(pybullet.DIRECT)
for name in sys.stdin.read().split():
    pybullet.resetSimulation()
    pybullet.setPhysicsEngineParameter(enableFileCaching=0)
    body = pybullet.loadURDF(name, flags=pybullet.URDF_USE_INERTIA_FROM_FILE)
    for _ in range(3):
        pybullet.stepSimulation()
    assert all(map(math.isfinite, pybullet.getBasePositionAndOrientation(body)[0])), name
    os.write(2, f"loaded {name}\\n".encode())
"""
ODD_VALUES = ("nan", "-1", "0", "1e30", "1e-9", "", "torso", "leg", "hip", "fixed", "prismatic", "0 0 1", "good.obj")


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Delete, double or replace a piece of a file, or one attribute or word in it."""
    data = data or b" "
    start = dice.randrange(len(data))
    piece = data[start : start + dice.choice((1, 2, 8, 60, 300))]
    values = list(re.finditer(rb'(?<=")[^"<>]*(?=")|(?<= )[-.\d]+(?=[ \n])', data))
    if values and dice.random() < 0.6:
        old, other = dice.choice(values), dice.choice(values)
        new = dice.choice((other[0], dice.choice(ODD_VALUES).encode(), old[0] + b"0"))
        return data[: old.start()] + new + data[old.end() :]
    lines = data.splitlines(keepends=True)
    line = dice.randrange(len(lines))
    return dice.choice(
        (
            data[:start] + data[start + len(piece) :],
            data[:start] + piece + data[start:],
            data[:start] + dice.randbytes(len(piece)) + data[start + len(piece) :],
            b"".join(lines[:line] + lines[line + 1 :]),
            b"".join([*lines[: line + 1], *lines[line:]]),
        )
    )


def test_chance_damage_is_refused_or_harmless(tmp_path: Path) -> None:
    dice = random.Random(2024)
    accepted = []
    for trial in range(300):
        folder = tmp_path / str(trial)
        path = write(folder)
        victim = dice.choice((path, path, folder / "good.obj", folder / "meshes" / "good.stl"))
        data = victim.read_bytes()
        for _ in range(dice.choice((1, 1, 2))):
            data = mutate(data, dice)
        victim.write_bytes(data)
        try:
            model = read_urdf(path)
        except InvalidInput:
            shutil.rmtree(folder)
        else:
            accepted.append(str(write(folder, model.text, "clean.urdf")))
            assert math.isfinite(sum(link.mass for link in model.links))
    assert 30 < len(accepted) < 270
    child = subprocess.run(
        [sys.executable, "-c", CHILD], input="\n".join(accepted).encode(), capture_output=True, timeout=60, check=False
    )
    assert child.returncode == 0, child.stderr[-2000:]
    assert child.stderr.count(b"loaded ") == len(accepted)
