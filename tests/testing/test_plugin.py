"""`pytest --roboschool FOLDER` judges a stranger's robots; without the option it costs nothing."""

import os
import re
import shlex
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from folders import ROOT
from lxml import etree

from roboschool.errors import InvalidInput
from roboschool.readers import tomllib
from roboschool.robots.robot import load_robot
from roboschool.testing.aspects import golden_hash
from roboschool.testing.expectations import read_expectations
from roboschool.testing.trial import scene_of

INSTALLED = bool(entry_points(group="pytest11", name="roboschool"))
PLUGIN = () if INSTALLED else ("-p", "roboschool_pytest")
PAGE = (ROOT / "docs" / "ci.md").read_text()
INERTIAL = '<inertial><mass value="{}"/><inertia ixx="0.02" iyy="0.02" izz="{}"/></inertial>'
ARM = f"""<robot name="arm"><link name="base"/>
<link name="upper">{INERTIAL.format(1.5, 0.002)}</link><link name="fore">{INERTIAL.format(0.8, 0.002)}</link>
<joint name="shoulder" type="revolute"><parent link="base"/><child link="upper"/><origin xyz="0 0 0.3"/>
<axis xyz="0 1 0"/><limit lower="-1.5" upper="1.5" effort="10"/></joint>
<joint name="elbow" type="revolute"><parent link="upper"/><child link="fore"/><origin xyz="0 0 0.4"/>
<axis xyz="0 1 0"/><limit lower="-2" upper="2" effort="4"/></joint></robot>"""
CART = f"""<robot name="cart"><link name="rail"/><link name="cart">{INERTIAL.format(2, 0.02)}</link>
<joint name="slide" type="prismatic"><parent link="rail"/><child link="cart"/><axis xyz="1 0 0"/>
<limit lower="-1" upper="1" effort="20"/></joint></robot>"""
CARD = """model = "arm.urdf"
trunk = "base"
standing_height = 0.0
[actuators]
shoulder = { kind = "position", kp = 60.0, kd = 3.0, scale = 0.5 }
elbow = { kind = "position", kp = 30.0, kd = 1.0, scale = 0.5 }
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def run(command: list[str], folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, as in a job without our pytest.ini."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "ROBOSCHOOL"))}
    where = {"PYTHONPATH": str(ROOT), **env}
    return subprocess.run(command, cwd=folder, env={**clean, **where}, capture_output=True, text=True, check=False)


def job(step: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a step of a workflow, with the tools of this environment."""
    tool, *arguments = shlex.split(step)
    tools = {"pytest": ["-m", "pytest", *PLUGIN], "roboschool": ["-m", "roboschool.cli"]}
    return run([sys.executable, *tools[tool], *arguments], folder)


def write_repository(folder: Path) -> Path:
    """Write what a stranger has: two robots, one with a card."""
    (folder / "mine" / "arm").mkdir(parents=True)
    (folder / "mine" / "arm" / "arm.urdf").write_text(ARM)
    (folder / "mine" / "arm" / "arm.toml").write_text(CARD)
    (folder / "mine" / "cart.urdf").write_text(CART)
    return folder


def results(folder: Path) -> dict[str, str]:
    """Return what became of each test, from the report of the job."""
    cases = etree.parse(folder / "robots.xml").getroot().iter("testcase")
    return {f"{case.get('classname')}.{case.get('name')}": case[0].tag if len(case) else "passed" for case in cases}


@pytest.mark.slow
def test_the_job_of_a_strangers_repository_finds_what_breaks(tmp_path: Path) -> None:
    github, gitlab = blocks("yaml")
    (step,) = re.findall(r"- run: (pytest .*)", github)
    assert re.findall(r"- (pytest .*)", gitlab) == [step]
    folder = write_repository(tmp_path)
    golden = golden_hash(scene_of(load_robot(folder / "mine" / "cart.urdf")))
    (folder / "mine" / "check.toml").write_text(f'["cart.urdf"]\ngolden = "{golden}"\n')
    done = job(step, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    names = ["check", "standing", "same_bits", "pure", "limits", "interfaces"]
    cart = [name for name in (*names, "golden") if name != "standing"]
    assert {key.rpartition(".")[2] for key in results(folder) if "arm" in key} == set(names)
    assert {key.rpartition(".")[2] for key in results(folder) if "cart" in key} == set(cart)

    (folder / "mine" / "arm" / "arm.urdf").write_text(ARM.replace('mass value="0.8"', 'mass value="0.0"'))
    (folder / "mine" / "cart.urdf").write_text(CART.replace('mass value="2"', 'mass value="2.1"'))
    done = job(step, folder)
    assert done.returncode == 1
    failed = {key.rpartition(".")[2]: value for key, value in results(folder).items() if value != "passed"}
    assert failed["check"] == failed["golden"] == "failure"
    assert {value for key, value in failed.items() if key not in ("check", "golden")} <= {"skipped"}
    assert re.search(rf'golden = "[0-9a-f]{{16}}", not "{golden}"', done.stdout)
    assert "arm.urdf:2: link 'fore' <mass>: 0 kg is not between" in done.stdout


def test_the_check_of_the_page_needs_no_pytest(tmp_path: Path) -> None:
    (step,) = re.findall(r"^    (roboschool check mine/ --junit .*)$", PAGE, re.MULTILINE)
    folder = write_repository(tmp_path)
    assert job(step, folder).returncode == 0
    assert (folder / "check.xml").is_file()


def test_fixtures_go_through_the_folder_or_say_what_they_need(tmp_path: Path) -> None:
    folder = write_repository(tmp_path)
    (tests,) = blocks("python")
    (folder / "test_mine.py").write_text(tests)
    done = job("pytest test_mine.py -q -k heavier --roboschool mine -p no:cacheprovider", folder)
    assert "2 passed" in done.stdout, done.stdout
    done = job("pytest test_mine.py -q -p no:cacheprovider", folder)
    assert "roboschool_robot: give `--roboschool FOLDER` to pytest" in done.stdout


def test_without_the_option_nothing_is_imported(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text(
        "import sys\ndef test_nothing():\n    assert not {'roboschool', 'pybullet', 'numpy'} & set(sys.modules)\n"
    )
    done = job("pytest -q -W error -p no:cacheprovider test_other.py", tmp_path)
    assert "1 passed" in done.stdout, done.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('["crt.urdf"]\ngolden = "?"\n', ["unknown file 'crt.urdf'", "did you mean 'cart.urdf'"]),
        ('["cart.urdf"]\ngoldn = "?"\nepisodes = 0\n', ["2 faults", "did you mean 'golden'", "0 is not within 1"]),
        ('["cart.urdf"]\nscore = 1.0\n', ["'cart.urdf': score: only a scene has one"]),
        ("[", ["check.toml"]),
    ],
)
def test_a_wrong_check_toml_is_one_clear_error(text: str, words: list[str], tmp_path: Path) -> None:
    (tmp_path / "check.toml").write_text(text)
    with pytest.raises(InvalidInput) as caught:
        read_expectations(tmp_path, {"cart.urdf": tmp_path / "cart.urdf"})
    for word in words:
        assert word in str(caught.value)


def test_a_folder_without_robots_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = job("pytest --roboschool empty", tmp_path)
    assert done.returncode == 4
    assert "no robot and no scene" in done.stderr


def test_the_page_and_the_project_agree() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    assert project["entry-points"]["pytest11"] == {"roboschool": "roboschool_pytest"}
    for block in [*blocks("yaml"), *blocks("dockerfile")]:
        for package in re.findall(r"roboschool2(?:\[([\w,]+)\])?", block):
            assert set(filter(None, package.split(","))) <= set(project["optional-dependencies"])
    (expected,) = blocks("toml")
    assert set(tomllib.loads(expected)["scenes/dog.toml"]) == {"golden", "score", "policy", "episodes"}
