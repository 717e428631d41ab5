"""The padded form of an observation: joints are rows of a table, so that robots with fewer of them fit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.mdp.sensor import Field
from roboschool.mdp.task import fields_of
from roboschool.robots.robot import Robot
from roboschool.scenes.scene import Scene


@dataclass(frozen=True)
class Cell:
    """Where a number of an observation is in the padded form."""

    name: str  # of the number; in a table without the name of its joint or link
    row: int | None  # the joint, in the order of actions; None: it is of the trunk


@dataclass(frozen=True)
class Padding:
    """The padded form of the observations of several scenes: a vector of the trunk, and a table of the joints."""

    trunk: tuple[str, ...]  # names of the numbers that all robots have
    columns: tuple[str, ...]  # names of the numbers of a joint; those that it lacks are zero
    joints: int  # rows: joints of the robot that has the most

    @classmethod
    def of(cls, scenes: Sequence[Scene]) -> "Padding":
        """Return the padded form of what the first agents of scenes observe.

        Raises:
            InvalidInput: two differ in more than their joints, or have images.
        """
        found = [cells_of(scene) for scene in scenes]
        trunks = [tuple(cell.name for cell in cells if cell.row is None) for cells in found]
        for scene, trunk in zip(scenes, trunks, strict=True):
            if trunk != trunks[0]:
                odd = sorted({*trunk} ^ {*trunks[0]}) or ["all in another order"]
                raise InvalidInput(
                    f"scene {scene.name!r} beside {scenes[0].name!r}: only one trunk observes {odd[0]!r}"
                )
        columns = dict.fromkeys(cell.name for cells in found for cell in cells if cell.row is not None)
        return cls(trunks[0], tuple(columns), max(len(scene.agents[0].robot.joints) for scene in scenes))

    def places(self, scene: Scene) -> np.ndarray:
        """Return where each number that a scene's agent observes is, in the trunk followed by all rows (n,)."""
        trunk, places = 0, []
        for cell in cells_of(scene):
            if cell.row is None:
                places.append(trunk)
                trunk += 1
            else:
                places.append(len(self.trunk) + cell.row * len(self.columns) + self.columns.index(cell.name))
        return np.array(places)


def cells_of(scene: Scene) -> list[Cell]:
    """Return where each number that a scene's first agent observes is in the padded form.

    What is measured at a joint, or at a link that a joint moves, is in the row of that joint; all else is of the trunk.

    Raises:
        InvalidInput: it has images, or privileged sensors.
    """
    agent = scene.agents[0]
    if agent.camera is not None:
        raise InvalidInput(f"scene {scene.name!r}: a table of joints has no place for the images of {agent.name!r}")
    if agent.task.privileged:
        raise InvalidInput(f"scene {scene.name!r}: a table of joints has no place for what is privileged")
    rows = [(field, _row_of(field, agent.robot)) for field in fields_of(agent.task, scene.info)]
    return [Cell(str(field) if row is None else _short(field), row) for field, row in rows]


def _row_of(field: Field, robot: Robot) -> int | None:
    """Return the driven joint to which a number belongs, if any."""
    if field.source is None:
        return None
    for number, joint in enumerate(robot.joints):
        if field.source in (joint, joint.child):
            return number
    return None


def _short(field: Field) -> str:
    """Return the name of a number of a joint or a link, without the name of that."""
    source = field.source if isinstance(field.source, str) or field.source is None else field.source.name
    text = field.name.replace(source or "", "").strip(" ,")
    return f"{text} [{field.unit}]" if field.unit else text
