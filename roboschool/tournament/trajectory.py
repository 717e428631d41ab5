"""The trajectory of a match, `trajectory.npz`: poses of bodies, rewards, and changes of markers and scores."""

import itertools
import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.mdp.effects import Marker
from roboschool.physics.checkpoint import Snapshot
from roboschool.scenes.scene import Scene
from roboschool.simulation.simulation import Simulation

BODY, MARKERS, SCORES, REWARDS = "bodies/", "markers", "scores", "rewards"  # of arrays; BODY and the name of a body
BASE = 7  # numbers of a base: its position [m], its orientation x, y, z, w
MARKER = 12  # numbers of its change: step, its number, position [m], radius [m], red, green, blue, line, end [m]
GONE = (0.0,) * (MARKER - 2)  # a marker with neither radius nor line has been removed
MAX_MARKERS = 4096
TOLERANCE = 0.01  # of the length of an orientation, which is 1


@dataclass(frozen=True)
class Trajectory:
    """Poses, markers and scores from step 0 on; it ends early if the simulation diverges."""

    bodies: dict[str, np.ndarray]  # agents, then props (frames, BASE + joints); joints [rad, or m]
    markers: np.ndarray  # (changes, MARKER), by step
    scores: np.ndarray  # of the game: step, score of each agent (changes, 1 + agents)
    rewards: np.ndarray  # of each agent in the step before (frames, agents)

    @property
    def frames(self) -> int:
        """The number of steps with poses."""
        return len(next(iter(self.bodies.values())))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all arrays by their names in the file."""
        bodies = {BODY + name: rows for name, rows in self.bodies.items()}
        return bodies | {MARKERS: self.markers, SCORES: self.scores, REWARDS: self.rewards}

    def look(self, step: int) -> tuple[Snapshot, list[Marker]]:
        """Return what a camera needs to draw a step; gravity and velocities are not recorded."""
        rows = [rows[step].tolist() for rows in self.bodies.values()]
        bases, joints = zip(*(((row[:3], row[3:BASE]), (row[BASE:], ())) for row in rows), strict=True)
        changes = self.markers[: np.searchsorted(self.markers[:, 0], step, "right")][::-1]
        _, last = np.unique(changes[:, 1], return_index=True)
        markers = [
            Marker((x, y, z), radius, (int(red), int(green), int(blue)), line, tuple(end) if line else None)
            for _, _, x, y, z, radius, red, green, blue, line, *end in changes[last].tolist()
            if radius > 0.0 or line > 0.0
        ]
        return Snapshot(math.nan, math.nan, (), bases, joints), markers

    def count(self, step: int) -> list[float]:
        """Return the score of each agent at a step; an empty list if the game counts nothing before its end."""
        steps = self.scores[:, 0]
        if not ((steps > 0) & (steps < self.frames - 1)).any():
            return []
        counted: list[float] = self.scores[max(0, np.searchsorted(steps, step, "right") - 1), 1:].tolist()
        return counted

    def check_fit(self, scene: Scene, where: str) -> None:
        """Check that a trajectory is of the bodies of a scene.

        Raises:
            InvalidInput: it has other bodies, other joints, or scores of other agents.
        """
        wanted = {agent.name: len(agent.robot.unactuated) + len(agent.robot.joints) for agent in scene.agents}
        wanted |= {prop.name: len(prop.joints) for prop in scene.props}
        found = {name: rows.shape[1] - BASE for name, rows in self.bodies.items()}
        if list(found.items()) != list(wanted.items()):
            raise InvalidInput(f"{where}: it has bodies and joints {found}, and scene {scene.name!r} {wanted}")
        if self.scores.shape[1] != 1 + len(scene.agents):
            raise InvalidInput(f"{where}: {SCORES} is {self.scores.shape}, not (changes, {1 + len(scene.agents)})")
        if self.rewards.shape[1] != len(scene.agents):
            raise InvalidInput(f"{where}: {REWARDS} is {self.rewards.shape}, not (frames, {len(scene.agents)})")


class Recorder:
    """Records the trajectory of one match in a scene."""

    def __init__(self, scene: Scene) -> None:
        self._names = [*(agent.name for agent in scene.agents), *(prop.name for prop in scene.props)]
        self._bodies = [array("f") for _ in self._names]
        self._markers = array("f")
        self._shown: list[Marker] = []
        self._agents = len(scene.agents)
        self._counts = scene.game is not None and "score" in scene.game.agent_stats.quantities
        self._scores = array("f")
        self._counted: list[float] = []
        self._rewards = array("f")
        self._frames = 0

    def add(self, simulation: Simulation) -> None:
        """Record the next step, unless the simulation has diverged."""
        if simulation.clock.diverged:
            return
        snapshot = simulation.worlds[0].capture()
        for body, base, joints in zip(self._bodies, snapshot.bases, snapshot.joints, strict=True):
            body.extend(base[0])
            body.extend(base[1])
            body.extend(joints[0])
        markers = simulation.markers()
        if markers != self._shown:
            pairs = itertools.zip_longest(markers[:MAX_MARKERS], self._shown[:MAX_MARKERS])
            for number, (marker, old) in enumerate(pairs):
                if marker is not old and marker != old:  # identity is quicker to compare
                    state = GONE if marker is None else _numbers(marker)
                    self._markers.extend((self._frames, number, *state))
            self._shown = markers
        if self._counts:
            scores = simulation.game.state.agent_stats.score[0].tolist()
            if scores != self._counted:
                self._scores.extend((self._frames, *scores))
                self._counted = scores
        rewards = np.zeros(self._agents, np.float32)
        for group in simulation.groups:
            rewards[list(group.agents)] = group.rewards.total[0]
        self._rewards.extend(np.nan_to_num(rewards).tolist())
        self._frames += 1

    def trajectory(self) -> Trajectory:
        """Return the trajectory up to the first pose that is not finite."""
        frames = self._frames
        bodies = [np.array(body, np.float32).reshape(frames, -1 if frames else BASE) for body in self._bodies]
        sound = np.logical_and.reduce([is_sound(rows) for rows in bodies])
        frames = frames if sound.all() else int(sound.argmin())
        markers = np.array(self._markers, np.float32).reshape(-1, MARKER)
        markers[~np.isfinite(markers).all(axis=1), 2:] = GONE
        scores = np.array(self._scores, np.float32).reshape(-1, 1 + self._agents)
        scores = scores[np.isfinite(scores).all(axis=1) & (scores[:, 0] < frames)]
        bodies = [rows[:frames] for rows in bodies]
        rewards = np.array(self._rewards, np.float32).reshape(-1, self._agents)[:frames]
        return Trajectory(dict(zip(self._names, bodies, strict=True)), markers[markers[:, 0] < frames], scores, rewards)


def _numbers(marker: Marker) -> tuple[float, ...]:
    """Return a marker as its change has it, after step and number."""
    return (*marker.position, marker.radius, *marker.colour, marker.line, *(marker.end or marker.position[:2]))


def is_sound(rows: np.ndarray) -> np.ndarray:
    """Return whether poses of a body (frames, BASE + joints) are finite and their quaternions normalised (frames,)."""
    length = np.linalg.norm(rows[:, 3:BASE].astype(float), axis=1)
    sound: np.ndarray = np.isfinite(rows).all(axis=1) & (abs(length - 1.0) < TOLERANCE)
    return sound


def read_trajectory(arrays: Mapping[str, np.ndarray], steps: int) -> Trajectory:
    """Return the trajectory of a match with a number of steps.

    Raises:
        InvalidInput: arrays are missing or invalid.
    """
    bodies = {name.removeprefix(BODY): rows for name, rows in arrays.items() if name.startswith(BODY)}
    if not bodies or arrays.keys() - {BODY + name for name in bodies} != {MARKERS, SCORES, REWARDS}:
        raise InvalidInput(f"it holds {', '.join(arrays) or 'nothing'}, not bodies, markers, scores and rewards")
    frames = len(next(iter(bodies.values())))
    for name, rows in bodies.items():
        if len(rows) != frames or frames > steps + 1 or rows.shape[1] < BASE:
            raise InvalidInput(f"{name} is {rows.shape}: {frames} frames of {steps} steps, {BASE} numbers at least")
        if not is_sound(rows).all():
            raise InvalidInput(f"{name} has a pose that cannot be, in frame {is_sound(rows).argmin()}")
    markers, scores, rewards = arrays[MARKERS], arrays[SCORES], arrays[REWARDS]
    if markers.shape[1] != MARKER:
        raise InvalidInput(f"{MARKERS} is {markers.shape}, not (changes, {MARKER})")
    if not scores.shape[1]:
        raise InvalidInput(f"{SCORES} is {scores.shape}, not (changes, 1 + agents)")
    if len(rewards) != frames:
        raise InvalidInput(f"{REWARDS} is {rewards.shape}: {frames} frames have poses")
    for name, changes in ((MARKERS, markers), (SCORES, scores)):
        step = changes[:, 0]
        if (np.diff(step, prepend=0.0) < 0.0).any() or (step >= frames).any() or (step % 1.0).any():
            raise InvalidInput(f"{name} change at steps that cannot be, of {frames} frames")
    number = markers[:, 1]
    if ((number < 0.0) | (number >= MAX_MARKERS) | (number % 1.0 > 0.0)).any():
        raise InvalidInput(f"{MARKERS} are not numbered from 0 to {MAX_MARKERS - 1}")
    return Trajectory(bodies, markers, scores, rewards)
