"""Temporary files: worlds need no writable folder, and what needs one says so in a line."""

import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import roboschool
from roboschool import scratch
from roboschool.multiplayer.server import Server
from roboschool.physics.worlds import World

NO_FOLDER = """
import tempfile

def nowhere():
    raise FileNotFoundError(2, "No usable temporary directory found")

tempfile._get_default_tempdir = nowhere  # as if no folder could be written, which root always can
"""
PLAYS = """
import roboschool
env = roboschool.AgentEnv("ant")
env.reset(seed=0)
print(len(env.step([0.0] * 8)))
env.close()
"""


def no_folder(*_: object, **__: object) -> Any:
    raise PermissionError(13, "Permission denied")


@pytest.mark.skipif(not scratch.IN_MEMORY, reason="this system has no files in memory")
def test_a_world_is_built_and_stepped_without_a_temporary_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", NO_FOLDER + PLAYS]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("5\n", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("in_memory", sorted({False, scratch.IN_MEMORY}))
def test_every_text_is_read_anew(in_memory: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts that follow each other may have one path; Bullet must not take the first for the second."""
    monkeypatch.setattr(scratch, "IN_MEMORY", in_memory)
    for name in ("ant", "hopper", "humanoid"):
        scene = roboschool.load_scene(name)
        world, robot = World(scene), scene.agents[0].robot
        assert len(world.bodies[0].joints) == len(robot.joints) + len(robot.unactuated)
        world.close()


def test_what_needs_a_folder_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch.tempfile, "mkdtemp", no_folder)
    told = "no temporary folder can be written: Permission denied; TMPDIR may name another"
    with pytest.raises(roboschool.InvalidInput, match=told):
        Server("hopper")


def test_pictures_need_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch.tempfile, "mkdtemp", no_folder)
    env = roboschool.AgentEnv("hopper", render_mode="rgb_array")
    env.reset(seed=0)
    assert env.render().std() > 1.0
    env.close()


def test_files_outside_memory_need_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "IN_MEMORY", False)
    monkeypatch.setattr(scratch.tempfile, "NamedTemporaryFile", no_folder)
    with pytest.raises(roboschool.InvalidInput, match="no temporary folder"), scratch.scratch_path():
        pass


def test_a_folder_is_private() -> None:
    folder = scratch.scratch_folder()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.rmdir()
