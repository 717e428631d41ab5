"""What players of several games see and are paid alike: own body, others, ways; numbers to be put side by side."""

import functools
import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roboschool.mdp.effects import Mark
from roboschool.mdp.state import PLACE, State
from roboschool.mdp.task import Task
from roboschool.robots.robot import Robot
from roboschool.tasks.run import joint_entries

SIGHT = 5.0  # everything is within this, either way
FAR = 5.0  # a distance that is seen as 1 [m]
PACE = 0.3  # what a speed of 1 m/s looks like
LONG = 500.0  # a time that is seen as 1 [steps]
WAYS = ("forward", "left", "up")
COLOURS = ((237, 99, 79), (0, 205, 195))  # of two sides, home and away, and of what is theirs
NEUTRAL = (250, 185, 40)  # of lines, rings and goals, which are nobody's
ABOVE = 0.5  # height over a trunk at which the colour of its side is shown [m]


def own_body(now: State, robot: Robot) -> list[np.ndarray]:
    """Return what a robot feels of itself, without where in the world it is: (..., 6 + 2J + F) in all."""
    return [now.felt[..., :1] - robot.standing_height, now.velocity * PACE, now.felt[..., 6:]]


def own_body_entries(robot: Robot) -> list[str]:
    """Return what each number of `own_body` is."""
    return [
        "height over the stance [m]",
        *(f"0.3 x speed {way} [m/s]" for way in WAYS),
        "roll [rad]",
        "pitch [rad]",
        *(entry for joint in robot.joints for entry in joint_entries(joint)),
        *(f"{foot} on the ground" for foot in robot.feet),
    ]


def things(now: State, places: np.ndarray) -> list[np.ndarray]:
    """Return where things are, how fast, and which way they face, each thing 9 numbers (..., 9k).

    Args:
        now: of those who look.
        places: of k things, as in `State.others` (..., k, 9).
    """
    seen: np.ndarray = now.sight(places) * np.array([1.0 / FAR, PACE, 1.0])[:, None]
    return [seen.reshape(*seen.shape[:-3], -1)]


def thing_entries(*names: str) -> list[str]:
    """Return what each number of `things` is."""
    kinds = ("{}, {} [5 m]", "0.3 x speed of {}, {}, less own [m/s]", "where the x axis of {} points, {}")
    return [kind.format(name, way) for name in names for kind in kinds for way in WAYS]


def spots(now: State, points: np.ndarray) -> list[np.ndarray]:
    """Return where points on the ground are, forward and to the left (..., 2k) in all.

    Args:
        now: of those who look.
        points: x and y of k points, in the world [m] (..., k, 2).
    """
    way = points - now.position[..., None, :2]
    x, y, left, forward = way[..., 0], way[..., 1], now.bearing[..., None, 0], now.bearing[..., None, 1]
    seen: np.ndarray = np.stack([forward * x - left * y, left * x + forward * y], axis=-1) / FAR
    return [seen.reshape(*seen.shape[:-2], -1)]


def spot_entries(*names: str) -> list[str]:
    """Return what each number of `spots` is."""
    return [f"{name}, {way} [5 m]" for name in names for way in WAYS[:2]]


def ball_and_things(now: State, ball: np.ndarray, places: np.ndarray) -> list[np.ndarray]:
    """Return what `things` does of a ball (..., 9) and of k things, without the x axis of the ball, which rolls.

    It is (..., 6 + 9k) in all.
    """
    seen = things(now, np.concatenate([ball[..., None, :], places], axis=-2))[0]
    return [seen[..., :6], seen[..., 9:]]


def ball_and_thing_entries(*names: str) -> list[str]:
    """Return what each number of `ball_and_things` is."""
    return [*thing_entries("the ball")[:6], *thing_entries(*names)]


def crowd(now: State, places: np.ndarray, most: int) -> list[np.ndarray]:
    """Return `things` with room for the most there can be, so that all see alike however many play (..., 9 x most).

    Who is not there is zeros: no x axis is all zeros.
    """
    seen = things(now, places)
    missing = PLACE * (most - places.shape[-2])
    return [*seen, np.zeros((*places.shape[:-2], missing))]


def flat_distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return how far things are from each other over the ground, by their x and y [m] (...)."""
    away: np.ndarray = np.hypot(one[..., 0] - other[..., 0], one[..., 1] - other[..., 1])
    return away


@functools.lru_cache(16)  # asked for in every step of a match that is recorded
def ring(x: float, y: float, radius: float, balls: int = 16) -> tuple[Mark, ...]:
    """Return balls around a spot on the ground."""
    turns = [2.0 * math.pi * ball / balls for ball in range(balls)]
    return tuple(Mark((x + radius * math.cos(t), y + radius * math.sin(t), 0.0), 0.05, NEUTRAL) for t in turns)


def goal_way(now: State, way: np.ndarray) -> list[np.ndarray]:
    """Return where a goal line across the x axis is, for those whose goal is at +x (way 1) or -x (-1): (..., 4) in all.

    They are its bearing, sine and cosine, and the robot's place as from behind its own line: along, to the left.
    """
    side = way[..., None]
    return [now.bearing * side, now.position[..., :2] * side / FAR]


GOAL_ENTRIES = (
    "sine of the angle to the goal",
    "cosine of the angle to the goal",
    "own place along the way to the goal, from the middle [5 m]",
    "own place to the left of that way [5 m]",
)


def together(parts: list[np.ndarray]) -> np.ndarray:
    """Return numbers side by side, none beyond sight."""
    seen: np.ndarray = np.concatenate(parts, axis=-1)
    near: np.ndarray = np.minimum(np.maximum(seen, -SIGHT), SIGHT)
    return near


def column(values: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """Return one number of each agent as a column, to be put beside others (..., 1)."""
    return values[..., None] * scale


@dataclass(frozen=True)
class Contender(Task):
    """The task of those who play a game: it is over for all when the game is."""

    sight: ClassVar[float] = SIGHT

    def over(self, now: State) -> np.ndarray:
        """Return that nobody's episode ends before the game does."""
        return np.zeros(now.points.shape, dtype=bool)
