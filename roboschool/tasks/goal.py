"""Drive to a goal, again and again, by the rules of Safety Gym; what the scene says costs, costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.mdp.costs import element_costs, robot_cost
from roboschool.mdp.effects import Launch, Marker, Placement
from roboschool.mdp.layout import Placing, find_position
from roboschool.mdp.needs import Needs
from roboschool.mdp.record import Record, quantity
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Sensor
from roboschool.mdp.state import State
from roboschool.mdp.task import Task, Update
from roboschool.mdp.term import Term
from roboschool.schema import Bounds
from roboschool.sensors.body_sensors import Lidars, body_sensors
from roboschool.sensors.lidar_rings import lidar_rings

ROBOT_RADIUS = 0.1  # that lidars of rays see of other robots: a point's [m]
TRIES = 1000  # places that are drawn for a goal


class GoalMemory(Record):
    """What is remembered of a goal."""

    reached: np.ndarray = quantity(doc="1 if this step has reached it")


@dataclass(frozen=True)
class Goal(Task):
    """Drive to a goal; when it is reached, it moves to a place that is clear of everything else."""

    ends_when_fallen: ClassVar[bool] = False
    memory: ClassVar[type[Record]] = GoalMemory
    needs: ClassVar[Needs] = Needs(contacts=True, props=True)
    kinds: ClassVar[tuple[str, ...]] = ("goal",)  # of elements that the scene must have
    bins: Annotated[int, Bounds(1, 360)] = 16  # of each lidar
    reach: Annotated[float, Bounds(0.01, 1000.0)] = 3.0  # of lidars [m]
    rays: bool = False  # whether lidars are rays that see surfaces; else they go by bearing and distance
    bonus: float = 1.0  # for a success
    number: Annotated[int, Bounds(0, 10**6)] = 0  # of its own goal, where there are several
    robots_cost: bool = True  # whether it costs to run into another robot
    placing: Placing = Placing()  # noqa: RUF009 - it is frozen; filled in by the scene

    def __post_init__(self) -> None:
        """Check the parameters.

        Raises:
            InvalidInput: one is out of range, or the scene has elements, but none of a kind that the task needs.
        """
        super().__post_init__()
        for kind in self.kinds:
            if self.placing.elements and not self.placing.of_kind(kind):
                raise InvalidInput(f"there is no element of the kind {kind!r}")
        goals = len(self.placing.of_kind("goal"))
        if goals and self.number >= goals:
            raise InvalidInput(f"number: {self.number}, but there are {goals} goals, the first of which is 0")

    @property
    def launched_props(self) -> tuple[str, ...]:
        """The goal."""
        return (f"goal_{self.number}",)

    def _find(self, kind: str) -> list[int]:
        """Return the numbers of the props of a kind.

        Raises:
            InvalidInput: the scene has none.
        """
        props = [element.prop for element in self.placing.of_kind(kind)]
        if not props:
            raise InvalidInput(f"task {type(self).__name__}: the scene has no element of the kind {kind!r}")
        return props

    def _goal(self) -> int:
        """Return the number of the prop that is the goal."""
        return self._find("goal")[self.number]

    def sensors(self, scene: SceneInfo) -> Sequence[Sensor]:
        """Return what the body feels, and a lidar for each kind of element, in the order of their names."""
        named = body_sensors(self.robot) | self._all_lidars(len(scene.agents) - 1)
        return [named[name] for name in sorted(named)]

    def _all_lidars(self, others: int) -> dict[str, Sensor]:
        """Return every lidar, by name, where there is a number of other robots."""
        named = self.own_lidars() | self.lidars.of_kinds(self.placing.elements)
        if others:
            radii = [ROBOT_RADIUS] * others
            named["agents_lidar"] = self.lidars.of_points("robots", _others, radii, also=Needs(others=True))
        return named

    @property
    def lidars(self) -> Lidars:
        """Makes its lidars."""
        return Lidars(self.bins, self.reach, self.rays)

    def own_lidars(self) -> dict[str, Sensor]:
        """Return the lidars of what the task itself is about."""
        self._goal()  # there is one
        return {"goal_lidar": self.lidars.of_elements("goal", [self.placing.of_kind("goal")[self.number]])}

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return what it came nearer to the goal, and a bonus for reaching it."""
        goal = self._goal()

        def progress(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            stood = previous.props.position[..., goal, :]
            return flat_distance(previous.position, stood) - flat_distance(state.position, stood)

        return (Term("progress", 1.0, "what it came nearer to the goal", progress, "m"), self.success("the goal"))

    def success(self, what: str) -> Term:
        """Return the term for a success."""

        def reached(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return state.memory.reached

        return Term("reached", self.bonus, f"1 for reaching {what}", reached)

    def costs(self, scene: SceneInfo) -> Sequence[Term]:
        """Return what the scene's elements cost."""
        terms = element_costs(self.placing.elements)
        return [*terms, robot_cost(len(scene.agents))] if len(scene.agents) > 1 and self.robots_cost else terms

    def update(self, previous: State, state: State, active: np.ndarray, rngs: Sequence[np.random.Generator]) -> Update:
        """Notice who is at the goal, and move it."""
        memory = state.memory.copy()
        goals = self.placing.of_kind("goal")
        if not goals:  # where a contract is checked
            return Update(memory)
        goal = goals[self.number]
        memory.reached[:] = self.is_reached(state, goal.prop, goal.size)
        return Update(memory, self._move_goals(state, memory.reached * active, rngs))

    def is_reached(self, state: State, goal: int, size: float) -> np.ndarray:
        """Return 1 where the goal is reached, else 0."""
        return np.where(flat_distance(state.position, state.props.position[..., goal, :]) <= size, 1.0, 0.0)

    def _move_goals(self, state: State, reached: np.ndarray, rngs: Sequence[np.random.Generator]) -> list[Launch]:
        """Place the goal anew where it was reached."""
        launches: list[Launch] = []
        if not np.count_nonzero(reached):
            return launches
        goal = self.placing.of_kind("goal")[self.number]
        others = [element for element in self.placing.elements if element is not goal]
        away = [self.placing.robot_keepout, *(element.keepout for element in others)]
        for world, agent in np.argwhere(reached).tolist():
            things = state.props.position[world, agent].tolist()
            middles = [state.position[world, agent].tolist(), *(things[element.prop] for element in others)]
            robots = state.others.position[world, agent].tolist()
            middles, keepouts = [*middles, *robots], [*away, *[self.placing.robot_keepout] * len(robots)]
            taken = [
                (x, y, keepout + self.placing.margin) for (x, y, _), keepout in zip(middles, keepouts, strict=True)
            ]
            point, _ = find_position(rngs[world], goal.areas, goal.keepout, taken, TRIES)
            launches.append(Launch(world, f"goal_{self.number}", (*point, 0.0), (0.0, 0.0, 0.0)))
        return launches

    def markers(self, state: State, world: int, agent: int) -> Sequence[Marker]:
        """Show what its lidars see."""
        here = state.at((slice(world, world + 1), slice(agent, agent + 1)))
        return lidar_rings(self._all_lidars(here.others.array.shape[-2]), here)

    def reset(self, placement: Placement, memory: Any, rng: np.random.Generator) -> Placement:
        """Forget the last episode."""
        return super().reset(placement, memory, rng)


def _others(state: State) -> np.ndarray:
    return state.others.position


def flat_distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return how far things are from each other over the ground [m] (...)."""
    return np.hypot(one[..., 0] - other[..., 0], one[..., 1] - other[..., 1])
