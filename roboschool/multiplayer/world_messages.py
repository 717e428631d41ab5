"""Messages about a world: its spaces, what seats observe, pictures, and why a request is refused."""

from typing import Any, Literal

import numpy as np

from roboschool.envs.parallel import ParallelEnv
from roboschool.errors import InvalidInput, describe_error
from roboschool.multiplayer.barrier import Barrier, Reply, WorldClosed
from roboschool.multiplayer.protocol import (
    ACTION,
    LARGEST,
    LONGEST_TEXT,
    Message,
    Numbers,
    Picture,
    Refused,
    ResetReply,
    Space,
    StepReply,
    Welcome,
)

OVERHEAD = 2**10  # in a message with a picture, for all else [bytes]


class WorldMessages:
    """Writes messages about a world, and reads the actions in messages.

    Args:
        world: the world of the seats.
    """

    def __init__(self, world: ParallelEnv) -> None:
        self._world = world
        spaces = world.observation_spaces.items()
        self._observations = {name: Numbers(_dtype(space), space.shape) for name, space in spaces}
        self._actions = {name: Numbers(ACTION, space.shape) for name, space in world.action_spaces.items()}

    def welcome(self, agent: str) -> Welcome:
        """Return what the player in an agent's seat needs to know."""
        scene = self._world.scene
        return Welcome(
            agent,
            scene.id,
            scene.game.reasons if scene.game else (),
            self._world.metadata,
            self._world.render_mode,
            _describe(self._world.observation_space(agent)),
            _describe(self._world.action_space(agent)),
        )

    def read_action(self, agent: str, data: bytes) -> np.ndarray:
        """Return the action (joints,) in a message.

        Raises:
            Violation: it has another length.
        """
        return self._actions[agent].unpack(data)

    def reply(self, agent: str, number: int, reply: Reply) -> Message:
        """Return the barrier's reply to an agent's request as a message."""
        if isinstance(reply, Exception):
            return refuse(number, reply)
        observation, *rest = reply
        seen = self._observations[agent].pack(observation)
        return StepReply(number, seen, *rest) if len(rest) > 1 else ResetReply(number, seen, *rest)


def picture(number: int, barrier: Barrier) -> Message:
    """Return a picture of a barrier's world as a message, or why there is none."""
    try:
        array = barrier.picture()
    except WorldClosed as error:
        return refuse(number, error)
    except Exception as error:  # a user's own code may draw
        return Refused(number, False, f"no picture: {describe_error(error)}"[:LONGEST_TEXT])
    if array is None:
        return Refused(number, False, "this world takes no pictures")
    return Picture(number, array.shape[0], array.shape[1], array.astype(np.uint8).tobytes())


def refuse(number: int, error: Exception) -> Refused:
    """Return the message that refuses a request, because of `InvalidInput` or `WorldClosed`."""
    return Refused(number, isinstance(error, WorldClosed), str(error)[:LONGEST_TEXT])


def check_picture_size(width: int, height: int) -> None:
    """Check that a picture fits into a message.

    Raises:
        InvalidInput: it does not.
    """
    if 3 * width * height + OVERHEAD > LARGEST:
        raise InvalidInput(f"size: a picture of {width}x{height} is more than the {LARGEST} bytes of a message")


def _dtype(space: Any) -> Literal["<f4", "<f8"]:
    """Return the little-endian type that holds a box's numbers."""
    return "<f4" if space.dtype == np.float32 else "<f8"


def _describe(space: Any) -> Space:
    dtype = _dtype(space)
    numbers = Numbers(dtype, space.shape)
    return Space(space.shape, dtype, numbers.pack(space.low), numbers.pack(space.high))
