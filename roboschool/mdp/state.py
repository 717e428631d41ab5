"""The state of robots of one kind: arrays that lead with (world, agent). Every quantity is declared here, once."""

from typing import Any

import numpy as np

from roboschool.mdp.record import Record, quantity


def side_by_side(*parts: np.ndarray) -> np.ndarray:
    """Return arrays of one shape (...) as one array (..., part); `np.stack` takes three times as long."""
    numbers = np.empty((*parts[0].shape, len(parts)))
    for place, part in enumerate(parts):
        numbers[..., place] = part
    return numbers


class Bodies(Record):
    """Where bodies are, robots or props: arrays that lead with (..., body)."""

    position: np.ndarray = quantity(3, unit="m", frame="world", doc="of a robot's trunk, or of a prop's centre of mass")
    velocity: np.ndarray = quantity(3, unit="m/s", frame="world")
    x_direction: np.ndarray = quantity(3, frame="world", doc="where the x axis of the body points")


class Contacts(Record):
    """How a robot and other bodies pressed on each other during a timestep, all its substeps: (..., body).

    Without a contact all is zero. Speeds are those of trunks and of props' centres of mass when the timestep began. Who
    is to blame for a collision is a matter of `own_speed` over `closing_speed`.
    """

    pressing: np.ndarray = quantity(doc="the share of substeps with a contact, 0 to 1")
    force: np.ndarray = quantity(unit="N", doc="the normal force, a mean over the timestep")
    normal: np.ndarray = quantity(3, frame="world", doc="the direction of that force on the robot, of length 1")
    own_speed: np.ndarray = quantity(unit="m/s", doc="of the robot toward the other, along the normal")
    closing_speed: np.ndarray = quantity(unit="m/s", doc="of the two toward each other; below 0 if they part")


class TrunkState(Record):
    """Where a robot's trunk is and how it moves.

    The heading frame has its x axis where the trunk heads, and z up.
    """

    position: np.ndarray = quantity(
        3, unit="m", frame="world", doc="of the trunk: its centre of mass, or its hinge if it is planar"
    )
    world_x_direction: np.ndarray = quantity(
        2, frame="heading", doc="where the world's +x is, seen from the robot: to the left, forward; sine, cosine"
    )
    velocity: np.ndarray = quantity(3, unit="m/s", frame="heading", doc="of the trunk: forward, left, up")
    roll_pitch: np.ndarray = quantity(2, unit="rad", doc="of the trunk")

    @property
    def x_direction(self) -> np.ndarray:
        """Where the trunk's x axis points, in the world (..., 3)."""
        left, forward, pitch = self.world_x_direction[..., 0], self.world_x_direction[..., 1], self.roll_pitch[..., 1]
        level = np.cos(pitch)
        return side_by_side(forward * level, -left * level, -np.sin(pitch))

    @property
    def world_velocity(self) -> np.ndarray:
        """The velocity of the trunk, in the world [m/s] (..., 3)."""
        # minus the sine, and the cosine, of the heading
        left, forward = self.world_x_direction[..., 0], self.world_x_direction[..., 1]
        along, aside, up = (self.velocity[..., axis] for axis in range(3))
        return side_by_side(forward * along + left * aside, forward * aside - left * along, up)

    def bodies(self) -> np.ndarray:
        """Return the numbers of `Bodies` (..., 9)."""
        return np.concatenate([self.position, self.world_velocity, self.x_direction], axis=-1)


class BodyState(TrunkState):
    """The quantities that physics reports of robots of one kind. The world writes these quantities, by name."""

    angular_velocity: np.ndarray = quantity(3, unit="rad/s", frame="world", doc="of the trunk")
    q: np.ndarray = quantity("joints", unit="rad, or m for a slide", doc="positions of the driven joints")
    qd: np.ndarray = quantity("joints", unit="rad/s, or m/s for a slide", doc="speeds of the driven joints")
    passive_q: np.ndarray = quantity(
        "passive_joints", unit="rad, or m for a slide", doc="of joints without a motor, but the track of a planar robot"
    )
    passive_qd: np.ndarray = quantity("passive_joints", unit="rad/s, or m/s for a slide", doc="their speeds")
    foot_contacts: np.ndarray = quantity("feet", doc="1 where a foot presses on the ground, else 0")
    foot_obstacle_contacts: np.ndarray = quantity(
        "feet", doc="1 where a foot presses on anything but the ground, else 0"
    )
    body_contact: np.ndarray = quantity(doc="1 where any other link of a robot with feet presses on the ground, else 0")
    foot_forces: np.ndarray = quantity(
        "measured_feet", unit="N", doc="normal force on each foot, a mean over the substeps of the timestep"
    )
    link_forces: np.ndarray = quantity(
        "measured_links",
        3,
        unit="N",
        frame="world",
        doc="on each link of the robot, with friction, a mean over the substeps of the timestep",
    )
    upright: np.ndarray = quantity(doc="1 inside the envelope of the robot's card, 0 once it has fallen")
    link_heights: np.ndarray = quantity("links", unit="m", doc="of the links in `Needs.link_heights` over the ground")
    trunk_height: np.ndarray = quantity(
        "uneven", unit="m", doc="of the trunk over the ground, in a scene with a terrain"
    )

    @property
    def height(self) -> np.ndarray:
        """The height of the trunk over the ground [m] (...)."""
        height: np.ndarray = self.trunk_height[..., 0] if self.trunk_height.shape[-1] else self.position[..., 2]
        return height


class TileState(Record):
    """Which tile of a terrain a world is on."""

    number: np.ndarray = quantity(doc="of the tile")
    level: np.ndarray = quantity(doc="of the tile, 1 to 10")
    wanted: np.ndarray = quantity(doc="level that the next tile has; 0: any")


class State(BodyState):
    """The state that tasks and sensors read.

    `action`, `props`, `others`, `contacts`, `foot_forces` and `game` are empty unless a task or a sensor needs them
    (`Needs`). `game`, `agent_stats` and `memory` are records of the classes that the game and the task declare. `delay`
    and `past_actions` are empty unless an actuator of the robot is late, `conditions`, `push` and `noise` unless the
    scene randomizes something, and `own` unless a sensor is a `RememberingSensor`.
    """

    action: np.ndarray = quantity("actions", doc="what was applied in the step that led here, within -1 and 1")
    props: Bodies = quantity("props", record=Bodies, doc="every prop of the scene")
    others: Bodies = quantity("others", record=Bodies, doc="every other agent, the next in the scene first")
    contacts: Contacts = quantity(
        "touched", record=Contacts, doc="with each of `others`, then with each of `props`, then with the ground"
    )
    game_reward: np.ndarray = quantity(doc="what the scene's game has given each agent for this step")
    steps_left: np.ndarray = quantity(unit="steps", doc="until the time is up")
    game: Any = quantity(record="game", doc="what the scene's game remembers: its `Game.memory`")
    agent_stats: Any = quantity(record="agent_stats", doc="what it remembers of this agent: its `Game.agent_stats`")
    memory: Any = quantity(record="memory", doc="what the task remembers: its `Task.memory`")
    delay: np.ndarray = quantity("delays", unit="substeps", doc="by which actions reach each actuator late")
    past_actions: np.ndarray = quantity("past_actions", "joints", doc="sent in the steps before, the latest first")
    conditions: np.ndarray = quantity("conditions", doc="what the scene randomizes, as drawn for this episode")
    push: np.ndarray = quantity("push", doc="steps until the next push, and until the force of the last ends")
    noise: np.ndarray = quantity("noise", doc="number of the noise of this episode, and steps since it began")

    own: np.ndarray = quantity("own", doc="what sensors remember, behind the number of steps that they do")
    tile: Any = quantity(record="tile", doc="in a scene with a terrain its tile: `TileState`")

    def relative(self, bodies: Bodies) -> np.ndarray:
        """Return bodies as each robot sees them: from where it is, in its heading frame.

        Args:
            bodies: k of them for each robot (..., k).

        Returns:
            Position, velocity relative to its own, and x axis: each forward, left, up [m, m/s] (..., k, 3, 3).
        """
        own = np.zeros((*self.position.shape[:-1], 1, 9))
        own[..., 0, :3], own[..., 0, 3:6] = self.position, self.world_velocity
        offsets = bodies.array - own
        x, y, z = offsets[..., 0::3], offsets[..., 1::3], offsets[..., 2::3]
        left, forward = self.world_x_direction[..., None, :1], self.world_x_direction[..., None, 1:]
        return side_by_side(forward * x - left * y, left * x + forward * y, z)


TRUNK_NUMBERS = len(TrunkState.blank().names)  # a state's array begins with them
