"""Crash reports: Python files that replay the episode in which workers died."""

import base64
import os
import sys
import tempfile
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cloudpickle
import numpy as np

from roboschool.simulation.checkpoint import EpisodeOrigin
from roboschool.system_info import version
from roboschool.workers.env_batch import BatchSpec, EnvBatch

FILE = '''"""{message}

Written by Roboschool {version}. `python` with this file replays the episode.
"""

import sys

sys.path[:] = {path}

from roboschool.workers.crash_report import replay

replay("""
{data}
""")
'''


@dataclass(frozen=True)
class Episode:
    """Everything that an episode depends on."""

    spec: BatchSpec
    origin: int | EpisodeOrigin
    options: Mapping[str, Any]  # of the game
    actions: np.ndarray  # (step, agent, joints); the worker died in the last step


def write_crash_report(message: str, episode: Episode) -> str:
    """Write a file that replays an episode; return its path.

    Args:
        message: what has happened.
        episode: in which it has happened.

    Raises:
        OSError: the file cannot be written.
    """
    path = [os.path.abspath(folder) for folder in sys.path if isinstance(folder, str)]
    data = base64.b64encode(cloudpickle.dumps(episode)).decode()
    text = FILE.format(message=message, version=version("roboschool"), path=path, data=textwrap.fill(data, 118))
    handle, name = tempfile.mkstemp(".py", "roboschool_crash_report_")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return name


def replay(data: str) -> None:
    """Replay the episode of a crash report as a worker does, and print each step."""
    episode: Episode = cloudpickle.loads(base64.b64decode(data))
    batch = EnvBatch(episode.spec, episode.spec.layout(1).allocate())
    batch.reset({0: episode.origin}, {0: episode.options})
    last = len(episode.actions)
    for step, action in enumerate(episode.actions, 1):
        print(f"step {step} of {last}", flush=True)  # noqa: T201 - for the user who runs the file
        batch.buffers.action[0] = action
        batch.step([0], autoreset=step == last)
    print("no crash")  # noqa: T201
