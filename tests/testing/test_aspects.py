"""Each aspect of the conformance suite finds what it is for."""

import shutil
from pathlib import Path

import pytest
from sensors.scenes_of_sensors import SEEN

from roboschool import paths
from roboschool.testing import aspects
from roboschool.testing.aspects import aspect_faults, find_aspects
from roboschool.testing.check import examine
from roboschool.testing.expectations import Expectation

NOTHING = Expectation()
HOPPER = paths.scenes()["hopper"]


def soft_ant(folder: Path, kp: float) -> Path:
    """Write an ant with position actuators."""
    ours = paths.robots()["ant"]
    shutil.copy(ours.with_suffix(".urdf"), folder)
    head, _, joints = ours.read_text().partition("[torque]")
    rows, _, pose = joints.partition("[pose]")
    names = [row.split("=")[0].strip() for row in rows.splitlines()[1:] if "=" in row]
    actuator = f'{{ kind = "position", kp = {kp}, kd = {kp / 20.0}, scale = 0.3, effort = 250.0 }}'
    table = "\n".join(f"{name} = {actuator}" for name in names)
    (folder / "soft.toml").write_text(f"{head}[actuators]\n{table}\n[pose]{pose}")
    return folder / "soft.toml"


@pytest.mark.parametrize(("kp", "stands"), [(20.0, False), (1000.0, True)])
def test_a_robot_that_sinks_does_not_stand(kp: float, stands: bool, tmp_path: Path) -> None:
    card = soft_ant(tmp_path, kp)
    assert "standing" in find_aspects(card, NOTHING)
    faults = aspect_faults("standing", card, tmp_path, NOTHING)
    assert [fault[:24] for fault in faults] == [] if stands else ["with action 0 it falls a"]


def test_joints_beyond_their_limits_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert aspect_faults("limits", HOPPER, tmp_path, NOTHING) == []
    monkeypatch.setattr(aspects, "BEYOND_HINGE", -0.5)
    faults = aspect_faults("limits", HOPPER, tmp_path, NOTHING)
    assert "agent 'hopper_0': joint 'foot_joint': " in faults[-1]
    assert "deg beyond its limits, -45 to 45 deg" in faults[-1]


def test_a_score_below_its_floor_is_a_fault(tmp_path: Path) -> None:
    def faults(**expected: object) -> list[str]:
        return aspect_faults("score", HOPPER, tmp_path, Expectation(episodes=1, **expected))  # type: ignore[arg-type]

    shutil.copy(paths.policies()["hopper"], tmp_path / "mine.safetensors")
    assert faults(score=0.0, policy="mine.safetensors") == []
    (fault,) = faults(score=1e6)  # of the policy that is shipped with the scene
    assert "is less than 1e+06, as the mean return of 1 episodes" in fault
    (fault,) = faults(score=0.0, policy="yours.safetensors")
    assert "yours.safetensors" in fault


def test_a_golden_hash_is_that_of_an_episode(tmp_path: Path) -> None:
    (fault,) = aspect_faults("golden", HOPPER, tmp_path, Expectation(golden="?"))
    golden = fault.split('"')[1]
    assert aspect_faults("golden", HOPPER, tmp_path, Expectation(golden=golden)) == []


def test_only_what_is_expected_is_tested(tmp_path: Path) -> None:
    (tmp_path / "torn.toml").write_text("summary = ")
    assert find_aspects(tmp_path / "torn.toml", NOTHING) == ["check"]
    assert find_aspects(paths.models()["beam"], NOTHING) == ["check"]
    found = find_aspects(HOPPER, Expectation(golden="?", score=1.0))
    assert found == ["check", "same_bits", "pure", "limits", "interfaces", "golden", "score"]


def test_a_scene_with_all_kinds_of_sensors_has_no_faults(tmp_path: Path) -> None:
    """Images, delays, histories, what is privileged, terrain and what is drawn, in all aspects that the plugin runs."""
    scene = tmp_path / "seen.toml"
    scene.write_text(SEEN)
    aspects_of_it = find_aspects(scene, NOTHING)
    assert aspects_of_it == ["check", "same_bits", "pure", "limits", "interfaces"]
    assert examine(str(scene))[0].problems == ()
    for name in aspects_of_it[1:]:
        assert aspect_faults(name, scene, tmp_path, NOTHING) == [], name
