"""The view of a camera: it follows the robots smoothly, or stays at a fixed position."""

import math
from typing import Any

import numpy as np

from roboschool.scenes.looks import Looks
from roboschool.scenes.scene import FixedCamera

OURS = Looks()
LEVEL = math.radians(2.0)  # it looks down by so much, whatever the looks
NEAR = 0.05  # the eye is farther from the ground, and from what it looks at [m]
VIEW = math.tan(math.radians(20.0))  # half the height of what is seen 1 m away [m]
NARROWEST = 0.5  # half its width, at least [m]
EYE = 1.4  # its height beside a robot [m]
LOW, HIGH, STEEPEST = math.radians(8.0), math.radians(15.0), math.radians(30.0)  # it looks down: at least, on several
SIDE, FRONT = math.radians(-80.0), math.radians(-52.0)  # where it is seen from one robot, from several
FARTHEST = 40.0  # from the robots [m]
AIM, TRAIL, ZOOM = np.array((0.85, 0.85, 0.96)), 0.98, 0.96  # share of the old that stays at every frame
LEAD, SWING, BESIDE = 0.2, 1.8, 3.2  # share of the way behind to look ahead; most of it, and across, to turn by [m]
SKYWARD, NORTH = np.array((0.0, 0.0, 1.0)), np.array((0.0, 1.0, 0.0))  # what may be up in a picture
STEEP = math.cos(math.radians(10.0))  # a camera that looks down steeper has the north up
UNSEEN = np.full(3, np.nan)  # before the first picture
BEHIND, FORGOTTEN = 5.0, 9.0  # a robot so far behind the first begins to leave the picture, has left it [m]
PASSED = 3.0  # the way past a line counts this many times, because the view waits for those who come later


class CameraView:
    """The eye of a camera and its direction; `top` is up in its picture, or the north if it looks along `top`."""

    def __init__(self, eye: np.ndarray, ahead: np.ndarray, wide: float, high: float, top: np.ndarray = SKYWARD) -> None:
        self.eye, self.ahead, self.wide, self.high = eye, ahead, wide, high
        right = _cross(ahead, top)
        if not right.any():
            right = _cross(ahead, NORTH)
        self.right = right / np.linalg.norm(right)
        self.up = _cross(self.right, ahead)


class Follow:
    """Keeps the robots in the picture, but those left behind; `wide` and `high` are half of what is seen 1 m away.

    With a `line` across the way, at some x [m], the first robot is the one nearest to it, and robots far past it leave
    the picture, too.
    """

    def __init__(self, wide: float, high: float, line: float | None = None, looks: Looks = OURS) -> None:
        self.wide, self.high, self.line, self.looks = wide, high, line, looks
        self.reset()

    def reset(self) -> None:
        """Reset the smoothing: the next frame is the first."""
        self.focus = self.trail = UNSEEN
        self.distance = UNSEEN[0]

    def camera_view(self, points: np.ndarray, room: np.ndarray) -> CameraView:
        """Return the view of the next frame for robots at some points (robot, 3), each with a radius (robot,) [m]."""
        points = _gather(points, self.line)
        middle = (points.min(0) + points.max(0)) / 2
        self.focus = _smooth(self.focus, middle, AIM)
        self.trail = _smooth(self.trail, middle, TRAIL)
        pace = (self.focus - self.trail).clip(-SWING, SWING) * (1.0, 1.0, 0.0)
        down = math.asin(np.clip((EYE - self.focus[2]) * self.high / room.max(), math.sin(LOW), math.sin(STEEPEST)))
        around = SIDE - math.atan2(pace[0], BESIDE)
        if len(points) > 1:
            down, around = max(down, HIGH), FRONT
        down, around = max(down + self.looks.down, LEVEL), around + self.looks.around
        ahead = -np.array((math.cos(down) * math.cos(around), math.cos(down) * math.sin(around), math.sin(down)))
        aimed = CameraView(self.focus + LEAD * pace, ahead, self.wide, self.high)
        offsets = points - aimed.eye
        wide = (abs(offsets @ aimed.right) + room) / self.wide - offsets @ ahead
        high = (abs(offsets @ aimed.up) + room) / self.high - offsets @ ahead
        self.distance = _smooth(self.distance, min(FARTHEST, np.maximum(wide, high).max()), ZOOM)
        eye = aimed.eye - self.looks.back * self.distance * ahead
        eye[2] = max(eye[2], 2 * NEAR)
        return CameraView(eye, ahead, self.wide, self.high)


class Fixed:
    """A camera at a fixed position; it can turn towards something that moves."""

    def __init__(self, view: FixedCamera, aspect: float, looks: Looks = OURS) -> None:
        self.view, self.wide, self.high = view, view.half_width, view.half_width / aspect
        self.eye, self.look = np.array(view.eye if looks == OURS else _move(view, looks)), np.array(view.target)
        self.ahead = -SKYWARD
        self._turn(self.look)
        self.top = NORTH if abs(self.ahead[2]) > STEEP else SKYWARD
        self.reset()

    def reset(self) -> None:
        """Reset the smoothing: the next frame is the first."""
        self.shown = UNSEEN

    def camera_view(self, place: Any) -> CameraView:
        """Return the view of the next frame; what is followed is at some place [m], or there is nothing to follow."""
        target = self.look if place is None else self.look + self.view.follow_weight * (np.array(place) - self.look)
        self.shown = _smooth(self.shown, target, self.view.smoothing)
        self._turn(self.shown)
        return CameraView(self.eye, self.ahead, self.wide, self.high, self.top)

    def _turn(self, look: np.ndarray) -> None:
        way = look - self.eye
        distance = np.linalg.norm(way)
        if distance > NEAR:  # what is in the eye has no direction
            self.ahead = way / distance


def _move(view: FixedCamera, looks: Looks) -> tuple[float, ...]:
    """Return where the eye is that goes around what it looks at, down on it, and away from it [m]."""
    x, y, z = (eye - target for eye, target in zip(view.eye, view.target, strict=True))
    level, around = math.hypot(x, y), math.atan2(y, x) + looks.around
    down, far = math.atan2(z, level), looks.back * math.hypot(level, z)
    down = min(max(down + looks.down, min(down, LEVEL)), math.pi / 2)
    way = math.cos(down) * math.cos(around), math.cos(down) * math.sin(around), math.sin(down)
    return tuple(target + far * part for target, part in zip(view.target, way, strict=True))


def _gather(points: np.ndarray, line: float | None) -> Any:
    """Return the points with those far behind the first moved towards the others."""
    way = points[:, :1]
    if line is not None:
        way = np.minimum(way - line, PASSED * (line - way))
    weights = (way - way.max() + FORGOTTEN) / (FORGOTTEN - BEHIND)
    weights = weights.clip(0.0, 1.0)
    mean = (weights * points).sum(0) / weights.sum()
    return mean + weights * (points - mean)


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the cross product (3,); numpy's own takes longer than a small picture may."""
    (ax, ay, az), (bx, by, bz) = a.tolist(), b.tolist()
    return np.array((ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx))


def _smooth(old: Any, new: Any, stays: Any) -> Any:
    return np.where(np.isnan(old), new, stays * old + (1.0 - stays) * new)
