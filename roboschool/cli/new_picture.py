"""The picture that `roboschool new` takes of what it has written."""

from contextlib import closing
from pathlib import Path

import numpy as np

from roboschool.envs.agent import AgentEnv
from roboschool.rendering.video import write_picture

WIDTH, HEIGHT = 480, 360


def take_picture(scene: Path, picture: Path, steps: int = 0) -> None:
    """Write a picture of a scene whose first robot has kept its pose for some steps.

    Args:
        scene: its file.
        picture: the file that is written.
        steps: after which it is taken.

    Raises:
        InvalidInput: it cannot be written.
    """
    with closing(AgentEnv(str(scene), width=WIDTH, height=HEIGHT)) as env:
        env.reset(seed=0)
        for _ in range(steps):
            env.step(np.zeros(env.action_space.shape or ()))
        write_picture(picture, env.picture())
