"""What was seen of a match, `poses.npz`: poses of all bodies step by step, and marks and scores where they change."""

import itertools
import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.mdp.effects import Mark
from roboschool.physics.checkpoint import Snapshot
from roboschool.scenes.scene import Scene
from roboschool.simulation.simulation import Simulation

BODY, MARKS, SCORES = "bodies/", "marks", "scores"  # names of arrays; BODY is before a name, which may be any
BASE = 7  # numbers of a base: its position [m], its orientation x, y, z, w
MARK = 9  # numbers of a mark's change: step, which mark, position [m], radius [m], red, green, blue
GONE = (0.0,) * (MARK - 2)  # a mark of radius 0 is not there any more
MOST_MARKS = 4096
ASKEW = 0.01  # by how much the length of an orientation may differ from 1


@dataclass(frozen=True)
class Trajectory:
    """What was seen, from step 0 on; it ends early where physics has blown up."""

    bodies: dict[str, np.ndarray]  # agents, then props (frames, BASE + joints); joints [rad, or m]
    marks: np.ndarray  # (changes, MARK), by step
    scores: np.ndarray  # what the game counts, from step 0 on: step, score of each agent (changes, 1 + agents)

    @property
    def frames(self) -> int:
        """Of how many steps there are poses."""
        return len(next(iter(self.bodies.values())))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return everything by its name in the file."""
        return {BODY + name: rows for name, rows in self.bodies.items()} | {MARKS: self.marks, SCORES: self.scores}

    def look(self, step: int) -> tuple[Snapshot, list[Mark]]:
        """Return what a camera needs to know of a step; nothing is known of gravity or speeds."""
        rows = [rows[step].tolist() for rows in self.bodies.values()]
        bases, joints = zip(*(((row[:3], row[3:BASE]), (row[BASE:], ())) for row in rows), strict=True)
        changes = self.marks[: np.searchsorted(self.marks[:, 0], step, "right")][::-1]
        _, last = np.unique(changes[:, 1], return_index=True)
        marks = [
            Mark((x, y, z), radius, (int(red), int(green), int(blue)))
            for _, _, x, y, z, radius, red, green, blue in changes[last].tolist()
            if radius > 0.0
        ]
        return Snapshot(math.nan, math.nan, (), bases, joints), marks

    def count(self, step: int) -> list[float]:
        """Return the score of each agent at a step; nothing in a game that counts nothing before its end."""
        steps = self.scores[:, 0]
        if not ((steps > 0) & (steps < self.frames - 1)).any():
            return []
        counted: list[float] = self.scores[max(0, np.searchsorted(steps, step, "right") - 1), 1:].tolist()
        return counted

    def check_fit(self, scene: Scene, where: str) -> None:
        """Check that these are poses of a scene's bodies.

        Raises:
            InvalidInput: there are other bodies in it, or with other joints, or scores of other agents.
        """
        wanted = {agent.name: len(agent.robot.unactuated) + len(agent.robot.joints) for agent in scene.agents}
        wanted |= {prop.name: len(prop.joints) for prop in scene.props}
        found = {name: rows.shape[1] - BASE for name, rows in self.bodies.items()}
        if list(found.items()) != list(wanted.items()):
            raise InvalidInput(f"{where}: it has bodies and joints {found}, and scene {scene.name!r} {wanted}")
        if self.scores.shape[1] != 1 + len(scene.agents):
            raise InvalidInput(f"{where}: {SCORES} is {self.scores.shape}, not (changes, {1 + len(scene.agents)})")


class Recorder:
    """Writes down what is seen of one match in a scene."""

    def __init__(self, scene: Scene) -> None:
        self._names = [*(agent.name for agent in scene.agents), *(prop.name for prop in scene.props)]
        self._bodies = [array("f") for _ in self._names]
        self._marks = array("f")
        self._shown: list[Mark] = []
        self._agents = len(scene.agents)
        self._column = (
            scene.game.agent_stats.index("score") if scene.game and "score" in scene.game.agent_stats else None
        )
        self._scores = array("f")
        self._counted: list[float] = []
        self._frames = 0

    def add(self, simulation: Simulation) -> None:
        """Look at the next step, unless physics has blown up."""
        if simulation.broken:
            return
        snapshot = simulation.worlds[0].capture()
        for body, base, joints in zip(self._bodies, snapshot.bases, snapshot.joints, strict=True):
            body.extend(base[0])
            body.extend(base[1])
            body.extend(joints[0])
        marks = simulation.marks()
        if marks != self._shown:
            for number, (mark, old) in enumerate(itertools.zip_longest(marks[:MOST_MARKS], self._shown[:MOST_MARKS])):
                if mark is not old and mark != old:  # the first is quick
                    seen = GONE if mark is None else (*mark.position, mark.radius, *mark.colour)
                    self._marks.extend((self._frames, number, *seen))
            self._shown = marks
        if self._column is not None:
            scores = simulation.now.agent_stats[0, :, self._column].tolist()
            if scores != self._counted:
                self._scores.extend((self._frames, *scores))
                self._counted = scores
        self._frames += 1

    def poses(self) -> Trajectory:
        """Return what has been seen, as far as it can be written."""
        frames = self._frames
        bodies = [np.array(body, np.float32).reshape(frames, -1 if frames else BASE) for body in self._bodies]
        sound = np.logical_and.reduce([is_sound(rows) for rows in bodies])
        frames = frames if sound.all() else int(sound.argmin())
        marks = np.array(self._marks, np.float32).reshape(-1, MARK)
        marks[~np.isfinite(marks).all(axis=1), 2:] = GONE
        scores = np.array(self._scores, np.float32).reshape(-1, 1 + self._agents)
        scores = scores[np.isfinite(scores).all(axis=1) & (scores[:, 0] < frames)]
        bodies = [rows[:frames] for rows in bodies]
        return Trajectory(dict(zip(self._names, bodies, strict=True)), marks[marks[:, 0] < frames], scores)


def is_sound(rows: np.ndarray) -> np.ndarray:
    """Return whether poses of a body (frames, BASE + joints) can be: finite, and turned by a turn (frames,)."""
    length = np.linalg.norm(rows[:, 3:BASE].astype(float), axis=1)
    sound: np.ndarray = np.isfinite(rows).all(axis=1) & (abs(length - 1.0) < ASKEW)
    return sound


def read_poses(arrays: Mapping[str, np.ndarray], steps: int) -> Trajectory:
    """Return the poses of a match of so many steps.

    Raises:
        InvalidInput: arrays are missing, or hold what cannot be.
    """
    bodies = {name.removeprefix(BODY): rows for name, rows in arrays.items() if name.startswith(BODY)}
    if not bodies or arrays.keys() - {BODY + name for name in bodies} != {MARKS, SCORES}:
        raise InvalidInput(f"it holds {', '.join(arrays) or 'nothing'}, not bodies, marks and scores")
    frames = len(next(iter(bodies.values())))
    for name, rows in bodies.items():
        if len(rows) != frames or frames > steps + 1 or rows.shape[1] < BASE:
            raise InvalidInput(f"{name} is {rows.shape}: {frames} frames of {steps} steps, {BASE} numbers at least")
        if not is_sound(rows).all():
            raise InvalidInput(f"{name} has a pose that cannot be, in frame {is_sound(rows).argmin()}")
    marks, scores = arrays[MARKS], arrays[SCORES]
    if marks.shape[1] != MARK:
        raise InvalidInput(f"{MARKS} is {marks.shape}, not (changes, {MARK})")
    if not scores.shape[1]:
        raise InvalidInput(f"{SCORES} is {scores.shape}, not (changes, 1 + agents)")
    for name, changes in ((MARKS, marks), (SCORES, scores)):
        step = changes[:, 0]
        if (np.diff(step, prepend=0.0) < 0.0).any() or (step >= frames).any() or (step % 1.0).any():
            raise InvalidInput(f"{name} change at steps that cannot be, of {frames} frames")
    number = marks[:, 1]
    if ((number < 0.0) | (number >= MOST_MARKS) | (number % 1.0 > 0.0)).any():
        raise InvalidInput(f"{MARKS} are not numbered from 0 to {MOST_MARKS - 1}")
    return Trajectory(bodies, marks, scores)
