"""Touch the right one of several buttons, again and again, by the rules of Safety Gym."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from roboschool.mdp.costs import pressed
from roboschool.mdp.effects import Marker, Placement
from roboschool.mdp.record import Record, quantity
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Sensor
from roboschool.mdp.state import State
from roboschool.mdp.task import Update
from roboschool.mdp.term import Term
from roboschool.schema import Bounds
from roboschool.sensors.body_sensors import places_of
from roboschool.sensors.lidar import Chosen, Unless
from roboschool.tasks.goal import Goal, GoalMemory, flat_distance


class ButtonMemory(GoalMemory):
    """What is remembered of buttons."""

    button: np.ndarray = quantity(doc="which of the buttons is to be touched")
    timer: np.ndarray = quantity(unit="steps", doc="in which buttons are not seen, and wrong ones cost nothing")


@dataclass(frozen=True)
class Button(Goal):
    """Touch a button; then another is drawn, and for some steps no button is seen and none costs."""

    memory: ClassVar[type[Record]] = ButtonMemory
    kinds: ClassVar[tuple[str, ...]] = ("button",)
    delay: Annotated[int, Bounds(0, 10**6)] = 10  # for how many [steps]

    @property
    def launched_props(self) -> tuple[str, ...]:
        """None: buttons do not move."""
        return ()

    def own_lidars(self) -> dict[str, Sensor]:
        """Return the lidar of all buttons, and that of the right one."""
        self._find("button")  # there is one
        buttons = self.placing.of_kind("button")
        right = Chosen(places_of(buttons), "button")
        return {
            "buttons_lidar": self.lidars.of_elements("buttons", buttons, seen=Unless("timer")),
            "goal_lidar": self.lidars.of_points("goal", right, [buttons[0].size]),
        }

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return what it came nearer to the right button, and a bonus for touching it."""
        buttons = self._find("button")

        def progress(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            stood = _right(previous, buttons)
            return flat_distance(previous.position, stood) - flat_distance(state.position, stood)

        term = Term("progress", 1.0, "what it came nearer to the right button", progress, "m")
        return (term, self.success("the right button"))

    def costs(self, scene: SceneInfo) -> Sequence[Term]:
        """Return what the scene's elements cost, and wrong buttons if they do."""
        buttons = self.placing.of_kind("button")
        props = [button.prop for button in buttons]

        def wrong(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            touched = pressed(state, props)
            others = np.arange(len(props)) != previous.memory.button[..., None]
            return (touched * others).sum(axis=-1) * (previous.memory.timer == 0.0)

        terms = list(super().costs(scene))
        if any(button.costs for button in buttons):
            terms.append(Term("buttons", 1.0, "wrong buttons that it touches", wrong))
        return terms

    def reset(self, placement: Placement, memory: Any, rng: np.random.Generator) -> Placement:
        """Draw the right button."""
        placement = super().reset(placement, memory, rng)
        memory.button[...] = rng.integers(max(1, len(self.placing.of_kind("button"))))
        return placement

    def update(self, previous: State, state: State, active: np.ndarray, rngs: Sequence[np.random.Generator]) -> Update:
        """Notice who touches the right button, and draw another."""
        memory = state.memory.copy()
        props = [button.prop for button in self.placing.of_kind("button")]
        memory.timer[:] = np.maximum(memory.timer - 1.0, 0.0)
        memory.reached[:] = (pressed(state, props) * (np.arange(len(props)) == memory.button[..., None])).sum(axis=-1)
        for world, agent in np.argwhere(memory.reached * active).tolist():
            memory.timer[world, agent] = self.delay
            memory.button[world, agent] = rngs[world].integers(len(props))
        return Update(memory)

    def markers(self, state: State, world: int, agent: int) -> Sequence[Marker]:
        """Show a green ball above the right button."""
        buttons = self.placing.of_kind("button")
        x, y, _ = state.props.position[world, agent, buttons[int(state.memory.button[world, agent])].prop].tolist()
        return (Marker((x, y, 0.35), 0.08, (51, 199, 89)), *super().markers(state, world, agent))


def _right(state: State, buttons: list[int]) -> np.ndarray:
    """Return where the right button is [m] (..., 3)."""
    chosen = state.memory.button.astype(np.intp)[..., None, None]
    return np.take_along_axis(state.props.position[..., buttons, :], chosen, axis=-2)[..., 0, :]
