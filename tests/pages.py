"""Runs the code of a page of the docs, block after block, as a newcomer would in an empty folder."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from folders import ROOT

BLOCK = re.compile(r"^```(python|toml|xml)\n(.*?)^```$|^    (roboschool [^\n]*)$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"(?:# |<!-- )([\w./-]+\.(?:toml|urdf|py))(?: -->)?\n")


def run_page(page: Path, folder: Path) -> list[str]:
    """Write and run what a page says; return what is printed.

    A block that begins with the name of a file is written there; another block of Python, and every indented line that
    begins with `roboschool`, is run.
    """
    return [_run(command, folder) for command in _commands(page.read_text(), folder)]


def _commands(text: str, folder: Path) -> Iterator[list[str]]:
    for language, block, line in BLOCK.findall(text):
        named = FILE.match(block)
        if line:
            yield ["-m", "roboschool.cli", *shlex.split(line)[1:]]
        elif named:
            path = folder / named[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.removeprefix(named[0]) if language == "xml" else block)
        elif language == "python":
            yield ["-c", block]


def _run(command: list[str], folder: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout
