"""Models of MuJoCo come through the importer as far as a URDF can have the same; the rest is in the report."""

from pathlib import Path

import gymnasium
import numpy as np
import pytest

from roboschool.errors import InvalidInput
from roboschool.importing.draft import Draft
from roboschool.importing.formats import read_draft
from roboschool.importing.importer import import_robot
from roboschool.importing.project import new_robot
from roboschool.importing.report import Report
from roboschool.importing.source import open_source

ASSETS = Path(gymnasium.__file__).parent / "envs" / "mujoco" / "assets"

# Masses [kg] as MuJoCo 3.4 computes them; how the base is held, the joints with a motor, and whether it stands.
CLASSICS = {
    "hopper": (15.820, "planar", 3, True),
    "walker2d": (23.677, "planar", 6, True),
    "half_cheetah": (14.0, "planar", 6, True),
    "ant": (0.911, "free", 8, True),
    "humanoid": (42.116, "free", 17, False),  # on two balls, without a policy
}

WHOLE = """
<mujoco model="whole">
  <compiler angle="radian" eulerseq="zyx" meshdir="parts"/>
  <option timestep="0.001"/>
  <default>
    <joint damping="0.5" axis="0 1 0"/>
    <default class="light"> <geom density="100" rgba="1 0 0 1"/> </default>
    <default class="seen"> <geom contype="0" conaffinity="0" group="2" mass="0"/> </default>
  </default>
  <asset> <mesh name="cube" file="cube.obj" scale="0.1 0.1 0.1"/> <material name="green" rgba="0 1 0 1"/> </asset>
  <worldbody>
    <geom type="plane" size="1 1 1"/>
    <body name="box" pos="3 0 0"> <freejoint/> <geom size="1"/> </body>
    <body name="base" pos="0 0 1" childclass="light">
      <freejoint name="root"/>
      <geom type="box" size="0.1 0.2 0.3"/>
      <geom class="seen" type="mesh" mesh="cube" material="green"/>
      <site name="imu"/>
      <body name="upper" pos="0.1 0 0" euler="0 1.5707963267948966 0">
        <joint name="twist" axis="1 0 0" range="-1 2" pos="0 0 0.2"/>
        <joint name="bend" range="-1 1" limited="false" pos="0 0 0.1" stiffness="3" armature="0.1"/>
        <geom type="capsule" fromto="0 0 0 0 0 0.4" size="0.05" friction="0.5 0.1 0.1"/>
        <frame pos="0 0 0.4" xyaxes="0 1 0 -1 0 0">
          <body name="hand" pos="0.1 0 0">
            <joint name="ball" type="ball"/>
            <geom type="ellipsoid" size="0.1 0.2 0.3" mass="2"/>
          </body>
          <body name="finger">
            <joint name="grip" type="slide" axis="0 0 1" range="0.1 0.3" ref="0.1"/>
            <inertial pos="0 0 0.1" mass="3" fullinertia="0.1 0.2 0.25 0.01 0 0"/>
            <geom type="cylinder" size="0.05 0.1" zaxis="1 0 0"/>
          </body>
          <body name="thumb"> <joint name="follow" range="-1 1"/> <geom size="0.05"/> </body>
        </frame>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor joint="twist" gear="-50" ctrlrange="-1 0.5" ctrllimited="true"/>
    <position joint="bend" kp="100" forcerange="-30 30"/>
    <general joint="ball" gainprm="4" ctrlrange="-2 2"/>
    <motor joint="grip" ctrlrange="-7 7"/>
    <motor tendon="none"/>
  </actuator>
  <equality>
    <joint joint1="follow" joint2="bend" polycoef="0.1 -0.5 0 0 0"/>
    <connect body1="hand" body2="base" anchor="0 0 0"/>
  </equality>
  <keyframe> <key name="home" qpos="3 0 0 1 0 0 0  0 0 1 1 0 0 0  0.3 0.4  1 0 0 0  0.2 0"/> </keyframe>
  <sensor/>
</mujoco>
"""
CORNERS = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 2 3\nf 1 2 4\nf 1 3 4\nf 2 3 4\n"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "robot" / "whole.xml"
    (path.parent / "parts").mkdir(parents=True, exist_ok=True)
    (path.parent / "parts" / "cube.obj").write_text(CORNERS)
    path.write_text(text)
    return path


def read(path: Path) -> tuple[Draft, Report]:
    report = Report()
    with open_source(path) as source:
        return read_draft(source, report), report


@pytest.mark.slow
@pytest.mark.parametrize("name", CLASSICS)
def test_the_classics_come_through(name: str, tmp_path: Path) -> None:
    mass, base, motors, stands = CLASSICS[name]
    made = new_robot(ASSETS / f"{name}.xml", tmp_path)
    robot = made.inferred.robot
    assert made.imported.report.figures["mass stated in the file [kg]"] == pytest.approx(mass, abs=5e-4)
    assert (made.inferred.anatomy.kind, robot.trunk, len(robot.joints)) == ("legged", "torso", motors)
    assert (robot.planar, robot.fixed_base) == (base == "planar", False)
    assert made.inferred.trial.is_standing == stands
    assert {"run", "velocity", "stand"} >= {*made.tasks} > {"run"}


def test_bodies_joints_and_motors_are_as_in_the_model(tmp_path: Path) -> None:
    draft, _ = read(write(tmp_path, WHOLE))
    joints = draft.joints
    kinds = {name: joint.kind for name, joint in joints.items()}
    assert kinds == {
        "root": "floating",
        "twist": "revolute",
        "bend": "continuous",
        "ball": "spherical",
        "grip": "prismatic",
        "follow": "revolute",
    }
    frames = draft.frames()
    world = {name: np.round(frame[:3, 3], 6).tolist() for name, frame in frames.items()}
    assert world["upper_1"] == [0.3, 0.0, 1.0]  # where the first joint is; z of the body points along x
    assert world["upper"] == [0.2, 0.0, 1.0]
    assert world["hand"] == [0.5, 0.1, 1.0]
    assert np.round(frames["upper_1"][:3, :3] @ joints["twist"].axis, 6).tolist() == [0.0, 0.0, -1.0]
    assert (joints["twist"].lower, joints["twist"].upper, joints["twist"].damping) == (-1.0, 2.0, 0.5)
    assert (joints["grip"].lower, joints["grip"].upper) == pytest.approx((0.0, 0.2))  # ref is its zero
    efforts = {name: joint.effort for name, joint in joints.items()}
    assert efforts == {"root": None, "twist": 50.0, "bend": 30.0, "ball": 8.0, "grip": 7.0, "follow": None}
    mimic = joints["follow"].mimic
    assert mimic is not None
    assert (mimic.leader, mimic.multiplier, mimic.offset) == ("bend", -0.5, 0.1)
    assert draft.rest == pytest.approx({"twist": 0.3, "bend": 0.4, "grip": 0.1, "follow": 0.0})
    assert not draft.fixed


def test_geoms_and_masses_are_as_in_the_model(tmp_path: Path) -> None:
    draft, _ = read(write(tmp_path, WHOLE))
    masses = {name: link.mass for name, link in draft.links.items() if link.mass}
    assert masses == pytest.approx(
        {"base": 4.8, "upper": 100 * np.pi * (0.05**2 * 0.4 + 4 / 3 * 0.05**3), "hand": 2.0, "finger": 3.0}
        | {"thumb": 100 * 4 / 3 * np.pi * 0.05**3}
    )
    base, hand, finger = (draft.links[name] for name in ("base", "hand", "finger"))
    assert np.diag(base.inertia).tolist() == pytest.approx([4.8 * s / 12 for s in (0.52, 0.4, 0.2)])  # type: ignore[arg-type]
    assert np.diag(hand.inertia).tolist() == pytest.approx([0.4 * s for s in (0.13, 0.1, 0.05)])  # type: ignore[arg-type]
    assert finger.inertia is not None
    assert finger.inertia[0, 1] == 0.01
    assert finger.centre.tolist() == [0.0, 0.0, 0.1]
    assert [shape.kind for shape in base.visuals] == ["box", "mesh"]
    assert [shape.kind for shape in base.collisions] == ["box"]
    assert base.visuals[1].colour == (0.0, 1.0, 0.0, 1.0)
    assert base.visuals[0].colour == (1.0, 0.0, 0.0, 1.0)
    capsule = draft.links["upper"].collisions[0]
    assert capsule.size == pytest.approx((0.05, 0.4))
    assert capsule.frame[:3, 3].tolist() == pytest.approx([0.0, 0.0, 0.1])  # seen from its last joint
    assert draft.links["upper"].contact == {"lateral_friction": 0.5}


def test_what_a_urdf_cannot_have_is_reported(tmp_path: Path) -> None:
    imported = import_robot(write(tmp_path, WHOLE), tmp_path / "out")
    said = "\n".join(imported.report.lines(every=True))
    for words in (
        "loss: a body beside the robot was left out: body 'box'",
        "loss: a spring at a joint was left out: joint 'bend'",
        "change: an armature was left out",
        "loss: an actuator that drives no joint was left out",
        "loss: an equality was left out: equality '': <connect>",
        "change: the gains of a servo were tuned anew: joint 'bend'",
        "change: a spherical joint became three: joint 'ball'",
        "note: an ellipsoid became a mesh",
        "note: a joint follows another: joint 'follow'",
        "an element for other programs was ignored: geom of the world",
        "an element for other programs was ignored: site",
        "an element for other programs was ignored: sensor",
    ):
        assert words in said, said
    hand = next(link for link in imported.draft.links.values() if link.name == "hand")
    assert hand.collisions[0].solid is not None
    assert np.ptp(hand.collisions[0].solid.corners, axis=0).tolist() == pytest.approx([0.2, 0.4, 0.6], rel=0.05)


def test_without_a_joint_to_the_world_the_base_is_fixed(tmp_path: Path) -> None:
    arm = '<body><geom size="0.1"/><body pos="0 0 0.2"><joint name="j"/><geom size="0.1"/></body></body>'
    draft, _ = read(write(tmp_path, f"<mujoco><worldbody>{arm}</worldbody></mujoco>"))
    assert draft.fixed
    assert draft.joints["j"].kind == "continuous"


def test_includes_are_put_in_their_places(tmp_path: Path) -> None:
    path = write(tmp_path, '<mujoco><include file="parts/body.xml"/></mujoco>')
    body = path.parent / "parts" / "body.xml"
    body.write_text('<mujoco><worldbody><body><joint name="j"/><geom size="1"/></body></worldbody></mujoco>')
    assert "j" in read(path)[0].joints
    for name, words in (("none.xml", "no such file"), ("../secret.xml", "outside"), ("parts/loop.xml", "more than")):
        (tmp_path / "secret.xml").write_text("<mujoco/>")
        (path.parent / "package.xml").write_text("<package/>")
        (body.parent / "loop.xml").write_text('<mujoco><include file="parts/loop.xml"/></mujoco>')
        path.write_text(f'<mujoco><include file="{name}"/></mujoco>')
        with pytest.raises(InvalidInput, match=words):
            read(path)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('size="0.1 0.2 0.3"', 'size="0.1 0.2"', r"whole.xml:16: <geom>: size: 2 numbers, not 3 as of a box"),
        ('range="-1 2"', 'range="-1 nan"', r"<joint>: range='-1 nan': not numbers"),
        ('class="seen" type', 'class="sean" type', "unknown class 'sean'; did you mean 'seen'"),
        ('mesh="cube"', 'mesh="cub"', "unknown mesh 'cub'; did you mean 'cube'"),
        ('axis="1 0 0"', 'axis="0 0 0"', "axis of length zero"),
        ('type="ball"', 'type="universal"', "none of free, hinge, slide, ball"),
        ('fromto="0 0 0 0 0 0.4"', 'fromto="0 0 0 0 0 0"', "its points are the same"),
        ("<worldbody>", "<worldbody/><other>", "no <body> in <worldbody>"),
    ],
)
def test_faults_are_one_clear_error(old: str, new: str, words: str, tmp_path: Path) -> None:
    text = WHOLE.replace(old, new, 1).replace("</worldbody>", "</other>" if "<other>" in new else "</worldbody>")
    with pytest.raises(InvalidInput, match=words):
        read(write(tmp_path, text))
