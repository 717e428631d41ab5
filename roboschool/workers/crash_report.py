"""Reproductions: files that do once more what has ended a worker."""

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

FILE = '''"""{told}

Written by Roboschool {version}; `python` with this file plays the episode that did it.
"""

import sys

sys.path[:] = {path}

from roboschool.workers.crash_report import reproduce

reproduce("""
{data}
""")
'''


@dataclass(frozen=True)
class Episode:
    """All that an episode depends on."""

    job: BatchSpec
    origin: int | EpisodeOrigin
    options: Mapping[str, Any]  # of the game
    actions: np.ndarray  # the one that ended the worker last (step, agent, joints)


def write_reproduction(told: str, episode: Episode) -> str:
    """Write a file that plays an episode; return its path.

    Args:
        told: what has happened, for people.
        episode: that did it.

    Raises:
        OSError: it cannot be written.
    """
    path = [os.path.abspath(folder) for folder in sys.path if isinstance(folder, str)]
    data = base64.b64encode(cloudpickle.dumps(episode)).decode()
    text = FILE.format(told=told, version=version("roboschool"), path=path, data=textwrap.fill(data, 118))
    handle, name = tempfile.mkstemp(".py", "roboschool_reproduction_")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return name


def reproduce(data: str) -> None:
    """Play the episode that a file holds, as a worker did, and say how far it comes."""
    episode: Episode = cloudpickle.loads(base64.b64decode(data))
    copies = EnvBatch(episode.job, episode.job.layout(1).board())
    copies.begin({0: episode.origin}, {0: episode.options})
    last = len(episode.actions)
    for step, action in enumerate(episode.actions, 1):
        print(f"step {step} of {last}", flush=True)  # noqa: T201 - whoever runs the file reads it
        copies.board.action[0] = action
        copies.step([0], autoreset=step == last)
    print("it came through")  # noqa: T201
