"""The native backend at length, and built by the compiler from the package index."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from random_bodies import Twins, random_scene

BODIES = 200
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("seed", range(1000, 1000 + BODIES))
def test_random_bodies_have_the_same_bits_with_both_backends(seed: int, tmp_path: Path) -> None:
    twins = Twins(random_scene(tmp_path, seed))
    twins.live(seed, 100)
    twins.close()


def test_without_a_compiler_that_of_the_package_index_builds_the_library(tmp_path: Path) -> None:
    """It takes 100 MB."""
    (tmp_path / "no_compilers").mkdir()
    venv.create(tmp_path / "empty", with_pip=False)
    python = tmp_path / "empty" / "bin" / "python"
    hidden = os.environ | {"PATH": str(tmp_path / "no_compilers"), "CC": "", "PYTHONPATH": ""}
    pip = [sys.executable, "-m", "pip", "--quiet", "--python", str(python), "install", "--no-deps", str(ROOT)]
    subprocess.run(pip, cwd=tmp_path, env=hidden, check=True)
    (packages,) = (tmp_path / "empty" / "lib").glob("python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    code = "import roboschool; print(roboschool.__file__, roboschool.AgentEnv('ant').simulation.backend.name)"
    said = subprocess.run(
        [python, "-W", "error", "-c", code], cwd=tmp_path, env=hidden, check=True, capture_output=True, text=True
    )
    assert said.stdout.startswith(str(tmp_path))
    assert said.stdout.endswith("native\n")
