"""Reproductions: files that do once more what has ended a worker."""

import base64
import os
import sys
import tempfile
import textwrap
from importlib.metadata import version
from typing import Any

import cloudpickle
import numpy as np

from roboschool.simulation import Origin
from roboschool.workers.copies import Copies, Job

FILE = '''"""{told}

Written by Roboschool {version}; `python` with this file plays the episode that did it.
"""

import sys

sys.path[:] = {path}

from roboschool.workers.reproduction import reproduce

reproduce("""
{data}
""")
'''


def write_reproduction(told: str, job: Job, origin: int | Origin, actions: np.ndarray) -> str:
    """Write a file that plays an episode; return its path.

    Args:
        told: what has happened, for people.
        job: what every copy does.
        origin: what the episode began from.
        actions: all of it, the one that ended the worker last (step, agent, joints).

    Raises:
        OSError: it cannot be written.
    """
    path = [os.path.abspath(folder) for folder in sys.path if isinstance(folder, str)]
    data = base64.b64encode(cloudpickle.dumps((job, origin, actions))).decode()
    text = FILE.format(told=told, version=version("roboschool"), path=path, data=textwrap.fill(data, 118))
    handle, name = tempfile.mkstemp(".py", f"roboschool_{job.scene.name.replace('/', '_')}_")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return name


def reproduce(data: str) -> None:
    """Play the episode that a file holds, as a worker did, and say how far it comes."""
    loaded: Any = cloudpickle.loads(base64.b64decode(data))
    job, origin, actions = loaded
    copies = Copies(job, job.layout(1).board())
    copies.begin({0: origin})
    for step, action in enumerate(actions):
        print(f"step {step + 1} of {len(actions)}", flush=True)  # noqa: T201 - whoever runs the file reads it
        copies.board.action[0] = action
        copies.step([0], autoreset=step == len(actions) - 1)
    print("it came through")  # noqa: T201
