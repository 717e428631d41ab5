"""A world that the native library steps."""

import ctypes
import functools
from collections.abc import Sequence
from typing import Any

from roboschool.bodies.terrain import Terrain
from roboschool.mdp.effects import Placement, Push
from roboschool.mdp.state import BodyState
from roboschool.physics.bodies import NOWHERE, STRAIGHT, Body, RobotBody
from roboschool.physics.checkpoint import EpisodeLog, Start, Triple, WorldCheckpoint
from roboschool.physics.contact_sums import PAIR
from roboschool.physics.native import library
from roboschool.physics.native.library import COLUMNS, Columns, Library
from roboschool.physics.output import redirect_native_output
from roboschool.physics.prop_body import TURN_EFFORT, PropBody
from roboschool.physics.worlds import World
from roboschool.scenes.scene import Scene

with redirect_native_output():
    import pybullet as bullet

FIRST = ctypes.byref((ctypes.c_int * 1)(0))


class NativeWorld(World):
    """A world with what the native library knows of it. All but steps and readings is done by pybullet.

    Args:
        scene: what to build.
        native: the library.
        by_pybullet: the worlds that pybullet resets and steps, because they are timed.

    Raises:
        InvalidInput: Bullet cannot load a robot, or (`NoNativeBackend`) does not take the library.
    """

    def __init__(self, scene: Scene, native: Library, by_pybullet: "set[NativeWorld]") -> None:
        self.struct = library.World(bullet=ctypes.addressof(native.functions), client=None)
        self._native = native
        self._address = ctypes.addressof(self.struct)
        self._alone = (ctypes.c_void_p * 1)(self._address)
        self._handle = 0
        self._by_pybullet = by_pybullet
        self._postpones = False
        super().__init__(scene, functools.partial(native.free, self.struct))

    def _start(self) -> None:
        super()._start()
        self._handle = self._handle or self._native.find_handle(self.client)
        self._native.learn_bodies(self._handle)
        self._describe()

    def _describe(self) -> None:
        """Tell the library what the world is made of."""
        robots, props = (library.Robot * len(self.bodies))(), (library.Prop * len(self.prop_bodies))()
        feet = measured = 0
        for robot, body in zip(robots, self.bodies, strict=True):
            _describe_robot(robot, body, self.floor.terrain is None)
            robot.sums, feet = feet, feet + len(body.feet)
            robot.link_sums, measured = measured, measured + len(body.measured)
        for prop, other in zip(props, self.prop_bodies, strict=True):
            prop.body, prop.link, prop.tilted = other.id, other.leaf, other.tilted
            kind = library.HINGED if other.joints else library.FREE
            prop.kind = kind if other.prop.moves else library.STILL
        numbers = {body.id: number for number, body in enumerate((*self.bodies, *self.prop_bodies))}
        struct = self.struct
        struct.client, struct.calls = self._handle, self.calls
        struct.ground, struct.level = self.ground, self.floor.level
        struct.agents, struct.props, struct.bodies = len(robots), len(props), max(numbers) + 1
        struct.has_feet = any(body.feet for body in self.bodies)
        struct.numbers = _ints([numbers.get(number, NOWHERE) for number in range(struct.bodies)])
        struct.robots, struct.prop_bodies = robots, props
        self.robots, self.props_described = robots, props
        self.moved = (library.Mover * len(self.moving))()
        for mover, each in zip(self.moved, self.moving, strict=True):
            mover.body, mover.joints, mover.joints_u = each.id, len(each.joints), _places(each, each.joints)[1]
            if isinstance(each, PropBody):
                mover.rate, mover.strength = each.prop.rate, TURN_EFFORT
        struct.start, struct.movers, struct.moving = self.start, len(self.moved), self.moved
        self._starts = struct.placements = (library.Placement * len(robots))()
        struct.begins = 0
        self._joints = [_zeros(robot.passive + robot.driven) for robot in robots]
        for placement, joints in zip(self._starts, self._joints, strict=True):
            placement.joints = joints
        self._is_placed = not any(body.followers for body in self.bodies)  # by the library
        struct.feet, struct.measured = feet, measured
        if self.sums is not None:
            pairs = len(robots) * (len(robots) + len(props) + 1)
            self._sums = (_zeros(feet), _zeros(pairs * PAIR), _zeros(3 * measured), _ints([0] * pairs))
            struct.foot_sums, struct.pair_sums, struct.link_sums, struct.last_substeps = self._sums
        self._settle()

    def _settle(self) -> None:
        """Tell the library where the episode began."""
        if self.floor.terrain is not None:
            self.struct.tile = _describe_tile(self.floor.terrain, self.floor.tile)
        for robot, body in zip(self.robots, self.bodies, strict=True):
            robot.home, robot.heading = body.home.position, body.turned
        for prop, other in zip(self.props_described, self.prop_bodies, strict=True):
            if prop.kind == library.STILL:
                prop.still = other.row()
        self._blow()
        if self.sums is not None:
            for numbers in self._sums:
                ctypes.memset(numbers, 0, ctypes.sizeof(numbers))

    @property
    def log(self) -> EpisodeLog:
        """What has happened since the episode began; the library notes commands.

        Raises:
            MemoryError: there was no room for them.
        """
        history = self.struct.history
        if history.room < 0:
            raise MemoryError("there was no room for the commands of an episode")
        if history.steps:
            numbers = ctypes.string_at(history.numbers, history.count * ctypes.sizeof(ctypes.c_double))
            self._log.commands.frombytes(numbers)
            self._log.steps += history.steps
            history.count = history.steps = 0
        return self._log

    @log.setter
    def log(self, log: EpisodeLog) -> None:
        self._log, history = log, self.struct.history
        history.count = history.steps = 0
        history.room = max(0, history.room)

    def _blow(self) -> None:
        """Tell the library which forces act."""
        self._is_pushed = any(any(force) for forces in self.dynamics.forces for force in forces)
        for robot, body, pushed, forces in zip(
            self.robots, self.bodies, self.dynamics.pushed, self.dynamics.forces, strict=True
        ):
            robot.pushed = body.trunk, pushed
            robot.blown = any(map(any, forces))
            if robot.blown:
                robot.forces[:] = forces

    def reset(self, start: Start, now: bool = True) -> None:
        """Start an episode.

        Args:
            start: what it begins with.
            now: if False, the library may begin it when it next steps or reads the world, before anything else.
        """
        by_library = self._places(start.placements)
        differs = self.scene.randomize is not None or self._is_pushed or self.floor.terrain is not None
        self.struct.begins, self._postpones = 0, by_library and not (now or self.prop_bodies or differs)
        try:
            super().reset(start)
        finally:
            self._postpones = False
        if self.prop_bodies or self.sums is not None or differs or not by_library:
            self._settle()

    def _restore(self) -> None:
        if self in self._by_pybullet or any(any(body.brakes) for body in self.bodies):
            super()._restore()
        else:
            self._begin(library.REWINDS)

    def _places(self, placements: Sequence[Placement]) -> bool:
        """Return whether the library places the robots."""
        return self._is_placed and self not in self._by_pybullet and all(each.is_plain for each in placements)

    def _place(self, placements: Sequence[Placement]) -> None:
        if not self._places(placements):
            super()._place(placements)
            return
        for start, numbers, body, placement in zip(self._starts, self._joints, self.bodies, placements, strict=True):
            body.settle(placement)
            start.position, start.yaw, start.pitch = placement.position, placement.yaw, placement.pitch
            start.lift = self.floor.highest(*placement.position, body.reach)
            numbers[:] = (*(placement.passive_joints or body.passive_start), *placement.joints)
        self._begin(library.PLACES)

    def _begin(self, part: int) -> None:
        self.struct.begins |= part
        if not self._postpones:
            self._check(self._native.step(self._alone, FIRST, 1, None, 0, 1))

    def _check(self, refused: int) -> None:
        """Check what the library has returned.

        Raises:
            RuntimeError: nothing has moved.
        """
        if refused < 0:
            raise RuntimeError(f"scene {self.scene.name!r}: {library.REFUSALS[refused]}")

    def launch(self, prop: str, position: Triple, velocity: Triple) -> None:
        """Take a prop to a position."""
        super().launch(prop, position, velocity)
        self._settle()

    def push(self, push: Push) -> None:
        """Let a force act on a robot from now on."""
        super().push(push)
        self._blow()

    def load(self, checkpoint: WorldCheckpoint, exact: bool = True) -> None:
        """Take back a state."""
        super().load(checkpoint, exact)
        self._settle()

    def time_bullet(self, on: bool) -> tuple[int, float]:
        """Start or stop timing Bullet's own steps; while they are timed, pybullet makes them."""
        (self._by_pybullet.add if on else self._by_pybullet.discard)(self)
        return super().time_bullet(on)

    def step(self, commands: Sequence[Sequence[float]]) -> None:
        """Give each robot its command, and let one timestep pass."""
        if self in self._by_pybullet:
            super().step(commands)
            return
        numbers = [(ctypes.c_double * len(command))(*command) for command in commands]
        rows = (library.Rows * len(numbers))(*(library.Rows(ctypes.addressof(row), 0) for row in numbers))
        step = library.Step(commands=rows)
        self._check(self._native.step(self._alone, FIRST, 1, ctypes.addressof(step), library.PASSES, 1))


def _describe_robot(robot: Any, body: RobotBody, is_level: bool) -> None:
    """Fill `struct robot`."""
    free = library.ROOT if body.trunk == -1 else library.LINK
    robot.trunk = library.PLANAR if body.planar else library.FIXED if body.robot.fixed_base else free
    robot.body, robot.trunk_link, robot.command = body.id, body.trunk, body.command_size()
    robot.feedback = library.LATE if body.robot.is_late else body.robot.has_feedback
    robot.height_link = library.NO_LINK if body.watched is None else body.watched
    passive = body.joints[body.track : body.passive]
    robot.driven, robot.passive = len(body.driven), len(passive)
    robot.driven_q, robot.driven_u = _places(body, body.driven)
    robot.passive_q, robot.passive_u = _places(body, passive)
    robot.track_q[: body.track], robot.track_u[: body.track] = _places(body, body.joints[: body.track])
    robot.side_u = robot.steering_q = NOWHERE
    if body.steering:
        (_, (robot.side_u,)), ((robot.steering_q,), _) = (_places(body, [joint]) for joint in body.steering)
    robot.feet, robot.foot_links = len(body.feet), _ints(body.feet)
    robot.clear, robot.clear_feet = len(body.robot.clear), _ints(body.robot.clear)
    robot.heights, robot.height_links = len(body.heights), _ints(body.heights)
    robot.measured, robot.measured_links = len(body.measured), _ints(body.measured)
    robot.is_fixed, robot.standing_height = body.robot.fixed, body.robot.standing_height
    robot.positions, robot.speeds = (1 + max(places, default=-1) for places in _places(body, body.joints))
    robot.is_tilted, robot.tilted = body.tilted != STRAIGHT, body.tilted
    robot.min_height, robot.tilt = body.robot.min_height, body.robot.tilt
    sizes = {
        "joints": robot.driven,
        "passive_joints": robot.passive,
        "feet": robot.feet,
        "links": robot.heights,
        "measured_links": robot.measured,
        "uneven": int(not is_level),
    }
    robot.measures_feet = body.needs.foot_forces
    sizes["measured_feet"] = robot.feet if robot.measures_feet else 0
    layout = BodyState.blank(**sizes).layout
    starts = {name: place.start if isinstance(place, slice) else place for name, (_, place), *_ in layout.parts}
    robot.at = Columns(*(starts[name] for name in COLUMNS), len(layout.names))


def _describe_tile(terrain: Terrain, number: int) -> library.Tile:
    """Return `struct tile`; the heights live as long as the terrain."""
    heights = terrain.heights[number]
    aside, along = heights.shape
    return library.Tile(heights.ctypes.data, along, aside, *terrain.corner, terrain.cell)


def _places(body: Body, joints: Sequence[int]) -> tuple[Any, Any]:
    """Return where joints are in Bullet's positions, and in its speeds."""
    infos = [bullet.getJointInfo(body.id, joint, body.client) for joint in joints]
    return _ints([info[3] for info in infos]), _ints([info[4] for info in infos])


def _zeros(size: int) -> Any:
    return (ctypes.c_double * size)()


def _ints(numbers: Any) -> Any:
    return (ctypes.c_int * len(numbers))(*numbers)
