"""`roboschool check` finds what is wrong with all that a robot or a scene is made of."""

import dataclasses
import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from folders import ROOT
from lxml import etree

from roboschool import paths
from roboschool.cli.main import main
from roboschool.errors import InvalidInput
from roboschool.robots.robot import load_robot
from roboschool.testing import files as checked_files
from roboschool.testing.check import CheckReport, examine
from roboschool.testing.files import examine_all, find_all
from roboschool.testing.trial import try_robot
from roboschool.workers.crash_report import Episode, write_crash_report

BOX = """<robot name="box"><link name="root"/><link name="box"><inertial>
<mass value="5"/><inertia ixx="5" iyy="5" izz="5"/></inertial>
<collision><geometry><box size="{size}"/></geometry></collision></link>
<joint name="hold" type="{kind}"><parent link="root"/><child link="box"/>{more}</joint></robot>"""
SLIDE = '<axis xyz="0 0 1"/><limit lower="-1" upper="1"/>'
SCENE = """summary = "An ant."
[[agent]]
name = "ant_0"
robot = "ant"
task = { name = "run" }
"""
LIGHT = [
    f'<link name="{name}"><inertial><mass value="{mass}"/><inertia ixx="{i}" iyy="{i}" izz="{i}"/></inertial></link>'
    for name, mass, i in (("body", 5.0, 0.1), ("a", 0.01, 1e-6), ("b", 0.01, 1e-6))
]
HINGE = """<joint name="{}" type="revolute"><origin xyz="0 0 0.1"/><parent link="{}"/><child link="{}"/>
<axis xyz="0 1 0"/><limit lower="-1" upper="1" effort="300"/></joint>"""
PROP = """[[prop]]
name = "{name}"
model = "{model}.urdf"
position = {position}
"""


def write_scene(folder: Path, *props: str, text: str = SCENE) -> str:
    """Write a scene with some props, and return its path."""
    (folder / "slab.urdf").write_text(BOX.format(size="3 3 0.1", kind="fixed", more=""))
    (folder / "lift.urdf").write_text(BOX.format(size="0.2 0.2 0.2", kind="prismatic", more=SLIDE))
    (folder / "park.toml").write_text(text + "".join(props))
    return str(folder / "park.toml")


def test_an_effort_that_no_motor_of_a_dog_has_is_called_absurd() -> None:
    """50 x 15 kg x 9.8 m/s2 x 0.331 m."""
    dog = load_robot("dog")
    most = 50.0 * dog.mass * 9.8 * dog.standing_height
    for torque, notes in ((0.99 * most, 0), (1.01 * most, 1)):
        strong = dataclasses.replace(dog, torque=(torque, *dog.torque[1:]))
        found = [note for note in try_robot(strong)[1] if "absurd" in note]
        assert len(found) == notes
    assert found[0].startswith(f"joint {dog.joints[0].name!r}: an effort of {torque:g} N m is absurd: more than")
    assert [note for note in try_robot(load_robot("ant"))[1] if "absurd" in note] == []


@pytest.mark.parametrize(
    ("props", "problems"),
    [
        ([("slab", "slab", [0.0, 0.0, 0.05])], ["ant_0 and slab overlap by 10.0 cm"]),
        ([("slab", "slab", [0.0, [9.0, 0.0], 0.05])], ["prop[0].position[1]: a range begins with its lower end"]),
        ([("slab", "slab", [0.0, [0.0, 4.0], 0.05])], ["ant_0 and slab overlap"]),
        ([("lift", "lift", [5.0, 0.0, 0.06])], ["lift and the ground overlap by 4.0 cm"]),
        (
            [("slab", "slab", [5.0, 0.0, 0.3]), ("lift", "lift", [5.0, 0.0, 0.4])],
            ["slab and lift overlap by 5.0 cm"],
        ),
        ([("slab", "slab", [5.0, 0.0, 0.0]), ("other", "slab", [6.0, 0.0, 0.0])], []),  # they never move
        ([("slab", "slab", [5.0, 0.0, 0.0]), ("lift", "lift", [5.0, 0.0, 0.15])], []),  # they touch
    ],
)
def test_what_begins_inside_something(props: list[tuple[str, str, Any]], problems: list[str], tmp_path: Path) -> None:
    rows = [PROP.format(name=name, model=model, position=position) for name, model, position in props]
    finding, _ = examine(write_scene(tmp_path, *rows))
    assert len(finding.problems) == len(problems), finding
    for problem, words in zip(finding.problems, problems, strict=True):
        assert words in problem


def test_a_scene_is_checked_with_its_robots_and_policies(tmp_path: Path) -> None:
    ant = paths.robots()["ant"]
    (tmp_path / "ant.urdf").write_text(ant.with_suffix(".urdf").read_text())
    (tmp_path / "tall.toml").write_text(ant.read_text().replace("standing_height = 0.57", "standing_height = 0.67"))
    row = SCENE.replace('robot = "ant"', 'robot = "tall.toml"\npolicy = "hopper"')
    finding, _ = examine(write_scene(tmp_path, text=row))
    assert [problem.partition(",")[0] for problem in finding.problems] == [
        "robot 'tall': standing_height: 0.67 m",
        f"agent 'ant_0': {ROOT / 'assets/hopper/policies/hopper.safetensors'}: the policy observes 15 numbers",
    ]


def test_names_folders_and_files(tmp_path: Path) -> None:
    ant = paths.robots()["ant"]
    for folder in ("assets/spider", "scenes", ".hidden"):
        (tmp_path / folder).mkdir(parents=True)
    write_scene(tmp_path / "scenes")
    (tmp_path / ".hidden" / "no.urdf").touch()
    (tmp_path / "pyproject.toml").write_text("[project]")
    (tmp_path / "torn.toml").write_text("[project")
    (tmp_path / "assets" / "spider" / "ant.urdf").touch()
    (tmp_path / "assets" / "spider" / "spider.toml").write_text(ant.read_text())
    inside = ["assets/spider/spider.toml", "scenes/lift.urdf", "scenes/park.toml", "scenes/slab.urdf", "torn.toml"]
    assert find_all([str(tmp_path)]) == [str(tmp_path / name) for name in inside]
    assert find_all(["ant", str(ant), "beam"]) == [str(ant), str(paths.scenes()["ant"]), str(paths.models()["beam"])]
    for target in ("nothing.urdf", "nothing", "setup.cfg", "a\0b", "x" * 5000, str(tmp_path / ".hidden" / "none")):
        with pytest.raises(InvalidInput):
            find_all([target])


def test_json_and_exit_codes(tmp_path: Path) -> None:
    good, bad = write_scene(tmp_path), str(tmp_path / "bad.toml")
    Path(bad).write_text(SCENE.replace("robot", "robt"))
    run = CliRunner().invoke
    done = run(main, ["check", good, bad, "beam", "--json"])
    assert done.exit_code == 1
    assert [(found["kind"], bool(found["problems"])) for found in json.loads(done.stdout)] == [
        ("scene", False),
        ("scene", True),
        ("prop", False),
    ]
    assert [set(found) for found in json.loads(done.stdout)] == [{"file", "kind", "problems", "repaired", "notes"}] * 3
    assert json.loads(done.stdout)[1]["problems"] == ["unknown key 'agent[0].robt'; did you mean 'robot'?"]
    assert run(main, ["check", "nowhere"]).exit_code == 2
    done = run(main, ["check", good])
    assert done.exit_code == 0
    assert f"{good}: all is well" in done.stdout


def test_faults_of_a_card_and_its_urdf_are_told_together(tmp_path: Path) -> None:
    ours = paths.robots()["hopper"]
    urdf = ours.with_suffix(".urdf").read_text().replace('<mass value="', '<mass value="about ', 1)
    (tmp_path / "hopper.urdf").write_text(
        urdf.replace("</robot>", '<jiont name="<i>&amp;"/></robot>'.replace("<i>", "&lt;i&gt;"))
    )
    card = tmp_path / "hopper.toml"
    card.write_text(ours.read_text().replace("standing_height = 1.197", "standing_height = -1.0\ncolour = 3"))
    (tmp_path / "hop.toml").write_text(SCENE.replace('"ant"', '"hopper.toml"').replace("summary", "sumary"))
    report = tmp_path / "report.xml"
    done = CliRunner().invoke(main, ["check", str(tmp_path), "--json", "--junit", str(report)])
    assert done.exit_code == 1
    scene, robot = json.loads(done.stdout)
    assert [problem.split(" ")[0] for problem in robot["problems"][:2]] == ["standing_height:", "unknown"]
    assert [problem.split(": ")[0].rpartition(":")[0] for problem in robot["problems"][2:]] == ["hopper.urdf"] * 2
    assert robot["repaired"] == robot["problems"][2:]
    assert scene["repaired"] == []
    assert ["sumary" in scene["problems"][0], "agent 'ant_0': robot: " in scene["problems"][1]] == [True, True]

    suite = etree.parse(report).getroot()[0]
    counts = {key: suite.get(key) for key in ("tests", "failures", "errors")}
    assert counts == {"tests": "2", "failures": "2", "errors": "0"}
    assert [child.tag for child in suite] == ["properties", "testcase", "testcase", "system-out", "system-err"]
    assert suite[2].get("name") == str(card)
    assert len(suite[2][0].text.splitlines()) == 4
    assert "'<i>&'" in suite[2][0].text
    assert "&lt;i&gt;&amp;" in report.read_text()


def test_what_cannot_be_judged_is_an_exit_code_of_its_own(tmp_path: Path) -> None:
    run = CliRunner().invoke
    assert run(main, ["check", "beam", "--junit", str(tmp_path / "no" / "report.xml")]).exit_code == 2
    done = run(main, ["check", str(tmp_path / "none.urdf")])
    assert done.exit_code == 2
    assert "none.urdf: no such file" in done.stderr
    assert run(main, ["check", str(tmp_path)]).exit_code == 2


def test_a_robot_that_blows_up_is_told_what_would_help(tmp_path: Path) -> None:
    root = f'<robot name="light">{"".join(LIGHT)}{HINGE.format("a", "body", "a")}{HINGE.format("b", "a", "b")}</robot>'
    (tmp_path / "light.urdf").write_text(root)
    finding, _ = examine(str(tmp_path / "light.urdf"))
    (problem,) = finding.problems
    assert "diverged after" in problem
    share = float(problem.partition("it does not at ")[2].partition(" of the effort")[0])
    assert "Lightest for its effort is joint 'b': 300 N m on" in problem
    (tmp_path / "light.urdf").write_text(root.replace('effort="300"', f'effort="{300 * share}"'))
    assert examine(str(tmp_path / "light.urdf"))[0].problems == ()


def test_a_crash_or_a_hang_is_a_finding_and_the_rest_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, does in (("dies", "os.kill(os.getpid(), 11)"), ("quits", "os._exit(3)"), ("sits", "time.sleep(600)")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.py").write_text(f"import os, time\n{does}\n")
        write_scene(tmp_path / name, text=SCENE.replace('"run"', '"mine:Task"'))
    files = [str(tmp_path / name / "park.toml") for name in ("dies", "quits")] + [str(paths.models()["beam"])]
    found = [finding.problems for finding in examine_all(files)]
    said = "Bullet, or code of its own, crashed: "
    assert found == [(f"{said}killed by SIGSEGV",), (f"{said}ended with exit status 3",), ()]
    monkeypatch.setattr(checked_files, "TIMEOUT", 0.5)
    strange = ["\udcff.urdf", "x" * 5000 + ".toml"]
    assert all("not supported" in p or "too long" in p for f in examine_all(strange) for p in f.problems)
    assert list(examine_all([str(tmp_path / "sits" / "park.toml")])) == [
        CheckReport(str(tmp_path / "sits" / "park.toml"), "", problems=("it takes more than 0.5 s",))
    ]


def test_a_robots_name_is_no_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written but in folders that nobody else may enter, under names that no file gives."""
    text = paths.robots()["hopper"].with_suffix(".urdf").read_text()
    with TemporaryDirectory() as folder:  # pytest's own have names that are too long for a robot
        monkeypatch.chdir(folder)
        victim = Path(folder, "victim.urdf")
        victim.write_text("precious")
        for name in (str(victim.with_suffix("")), "../victim", "victim"):
            Path("evil.urdf").write_text(text.replace('<robot name="hopper"', f'<robot name="{name}"'))
            finding, _ = examine("evil.urdf")
            assert not finding.problems
            assert victim.read_text() == "precious"
            assert sorted(os.listdir()) == ["evil.urdf", "victim.urdf"]
        monkeypatch.undo()


def test_a_scenes_name_is_no_part_of_the_name_of_a_crash_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    job: Any = SimpleNamespace(scene=SimpleNamespace(name="a\0b" * 2000))
    path = Path(write_crash_report("a worker was lost", Episode(job, 0, None, np.zeros(0))))
    assert path.parent == tmp_path
    assert path.name.startswith("roboschool_crash_report_")


def test_a_card_may_name_a_model_in_a_folder_below(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    ours = paths.robots()["hopper"]
    (tmp_path / "sub" / "hopper.urdf").write_text(ours.with_suffix(".urdf").read_text())
    card = ours.read_text().replace('"hopper.urdf"', '"sub/hopper.urdf"')
    (tmp_path / "hopper.toml").write_text(card)
    done = CliRunner().invoke(main, ["check", str(tmp_path), "--json"])
    assert [Path(found["file"]).name for found in json.loads(done.output)] == ["hopper.toml"]
