"""A world: one Bullet client that holds one scene. Only `physics/` and the camera call Bullet.

What makes episodes exact (Bullet's own reset is not): the simple broadphase, sorted pairs, a flush of every body's
contacts before `restoreState`, motors switched off after it, and torques sent once, directly before each call of
`stepSimulation`.
"""

import itertools
import math
import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from roboschool.errors import InvalidInput, check_choice
from roboschool.mdp.conditions import STILL, Conditions
from roboschool.mdp.effects import Placement, Push
from roboschool.mdp.task import needs_of
from roboschool.physics.bodies import ANY, ANY_LINK, BASE, NOWHERE, Body, RobotBody
from roboschool.physics.checkpoint import EpisodeLog, Snapshot, Start, Triple, WorldCheckpoint
from roboschool.physics.conditions import Dynamics
from roboschool.physics.contact_sums import ContactSums
from roboschool.physics.ground import Ground
from roboschool.physics.output import redirect_native_output
from roboschool.physics.prop_body import PropBody
from roboschool.physics.rays import RayCaster
from roboschool.scenes.scene import Scene
from roboschool.scratch import scratch_path

with redirect_native_output():
    import pybullet as bullet

CONTACT_ERP = 0.9  # Roboschool's
TOUCH = 0.001  # bodies that are no deeper in each other only touch [m]


class World:
    """One Bullet client that holds one scene and all its robots.

    Args:
        scene: what to build. Visual shapes are left to the camera.
        free: frees a client.

    Raises:
        InvalidInput: Bullet cannot load a robot.
    """

    def __init__(self, scene: Scene, free: Callable[[int], None] = bullet.disconnect) -> None:
        self.scene = scene
        self.client: int = bullet.connect(bullet.DIRECT)
        if self.client < 0:
            raise RuntimeError("Bullet has no room for another world in this process; close some")
        self._free = weakref.finalize(self, free, self.client)  # also if close() is never called
        needs = [needs_of(agent.task, scene.info) for agent in scene.agents]
        self._adds_up = any(need.sums for need in needs)
        # a torque that depends on the state is computed at each substep, and contacts are added up after each
        by_substep = self._adds_up or any(agent.robot.has_feedback for agent in scene.agents)
        self.calls = scene.substeps if by_substep else 1  # of Bullet in a timestep
        self._advance: Callable[..., None] = bullet.stepSimulation
        self._durations: list[float] = []
        self.gravity = self.friction = math.nan
        self._gravity = STILL  # what an episode adds to it
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _build(self) -> tuple[Ground, list[RobotBody], list[PropBody], int]:
        client = self.client
        bullet.resetSimulation(bullet.RESET_USE_SIMPLE_BROADPHASE, physicsClientId=client)
        bullet.setPhysicsEngineParameter(
            fixedTimeStep=self.scene.timestep / self.calls,
            numSubSteps=self.scene.substeps // self.calls,
            numSolverIterations=self.scene.iterations,
            contactERP=CONTACT_ERP,
            deterministicOverlappingPairs=1,
            enableFileCaching=0,
            physicsClientId=client,
        )
        ground = Ground(client, self.scene)
        info = self.scene.info
        payload = self.scene.randomize.payload if self.scene.randomize is not None else None
        bodies = [RobotBody(client, agent, needs_of(agent.task, info), payload) for agent in self.scene.agents]
        props = [PropBody(client, prop) for prop in self.scene.props]
        for body in (*bodies, *props):
            body.motors_off()
            body.reach = ground.measure(body.id)
        return ground, bodies, props, bullet.saveState(physicsClientId=client)

    def rebuild(self) -> None:
        """Build the world again: the only way to repair it after Bullet has read a number that is not finite."""
        self.gravity = self.friction = math.nan
        bullet.removeState(self.start, physicsClientId=self.client)
        self._start()

    def _start(self) -> None:
        """Build the world, and list the bodies that an episode moves."""
        self.floor, self.bodies, self.prop_bodies, self.start = self._build()
        self.ground = self.floor.body  # what is touched
        self.moving: list[Body] = [*self.bodies, *(body for body in self.prop_bodies if body.prop.moves)]
        self.log = EpisodeLog(Start(()))
        self.dynamics = Dynamics(self.client, self.ground, self.bodies, self.scene.randomize)
        numbers = [body.id for body in (*self.bodies, *self.prop_bodies)]
        feet = [body.feet for body in self.bodies]
        links = [body.measured for body in self.bodies]
        self.sums = ContactSums([*numbers, self.ground], feet, links) if self._adds_up else None
        self.rays = RayCaster(self.client, self.bodies, self.prop_bodies, self.floor)
        self.restores_exactly = self._has_one_contact_order()

    def _has_one_contact_order(self) -> bool:
        """Return whether the order of contacts follows from the poses alone, so that Bullet's saved state is complete.

        Bullet sorts contacts by pairs of links. Two links of which one has several shapes touch in several places of
        the same rank, whose order depends on the past. It does not if only the ground can be touched, for an infinite
        plane never loses touch: then the order is that of the shapes.
        """
        bodies: list[Body] = [*self.bodies, *self.prop_bodies]
        if self.floor.terrain is not None:  # a link lies on several triangles, in an order that depends on the past
            return False
        if len(bodies) == 1 and not any(body.robot.self_collision for body in self.bodies):
            return True
        links = [(body.id, link) for body in bodies for link in body.links.values()]
        shapes = [len(bullet.getCollisionShapeData(body, link, physicsClientId=self.client)) for body, link in links]
        return max(shapes, default=0) <= 1

    def reset(self, start: Start) -> None:
        """Start an episode: the same start gives the same bits, whatever happened before."""
        self.floor.show(start.tile)
        self._rewind(start.gravity, start.friction, start.conditions)
        for prop, ((x, y, z), yaw) in zip(self.prop_bodies, start.props, strict=True):
            prop.place((x, y, z + self.floor.highest(x, y, prop.reach)), yaw)
        self._place(start.placements)
        self.log = EpisodeLog(start)
        if self.sums is not None:
            self.sums.clear()

    def _place(self, placements: Sequence[Placement]) -> None:
        """Put every robot where it begins."""
        for body, placement in zip(self.bodies, placements, strict=True):
            body.place(placement, self.floor)

    def _restore(self) -> None:
        """Go back to where the world was built."""
        for body in self.moving:  # an entry that matches no pair drops the body's contacts
            bullet.setCollisionFilterPair(body.id, -1, -1, -1, 1, self.client)
        bullet.restoreState(self.start, physicsClientId=self.client)
        for body in self.moving:
            body.motors_off()

    def _rewind(self, gravity: float, friction: float, conditions: Conditions) -> None:
        self.dynamics.apply(conditions)
        self._restore()
        if gravity != self.gravity or conditions.gravity != self._gravity:
            x, y, z = conditions.gravity
            bullet.setGravity(x, y, z - gravity, physicsClientId=self.client)
            self.gravity, self._gravity = gravity, conditions.gravity
        if friction != self.friction:
            if self.ground != NOWHERE:
                bullet.changeDynamics(self.ground, -1, lateralFriction=friction, physicsClientId=self.client)
            self.friction = friction

    def step(self, commands: Sequence[Sequence[float]]) -> None:
        """Apply a command to each robot (see `Drive.command`), in the order of the agents; simulate one timestep."""
        if self.sums is not None:
            self.sums.clear()
        for call in range(self.calls):
            for body, command in zip(self.bodies, commands, strict=True):
                body.drive(command, call)
            self.dynamics.act()
            self._advance(self.client)
            if self.sums is not None:
                self.sums.add(bullet.getContactPoints(ANY, ANY, ANY_LINK, ANY_LINK, self.client))
        for command in commands:
            self.log.commands.extend(command)
        self.log.steps += 1

    def time_bullet(self, on: bool) -> tuple[int, float]:
        """Start or stop timing Bullet's own steps; return the timesteps and the seconds since the last call."""
        steps, seconds = len(self._durations) // self.calls, sum(self._durations)
        self._durations.clear()
        self._advance = self._timed if on else bullet.stepSimulation
        return steps, seconds

    def _timed(self, client: int) -> None:
        start = time.perf_counter()
        bullet.stepSimulation(client)
        self._durations.append(time.perf_counter() - start)

    def read(self, agent: int) -> tuple[dict[str, Sequence[float]], bool]:
        """Return the quantities of an agent's `BodyState` by name, and whether its physics is sound."""
        values, sound = self.bodies[agent].read(self.floor)
        measured = self.sums is not None and self.bodies[agent].needs.foot_forces
        values["foot_forces"] = (self.sums.feet[agent] / self.calls).tolist() if self.sums and measured else []
        values["link_forces"] = (self.sums.links[agent] / self.calls).ravel().tolist() if self.sums else []
        return values, sound

    def props(self) -> list[tuple[float, ...]]:
        """Return position, velocity and x axis of every prop [m, m/s]."""
        return [body.row() for body in self.prop_bodies]

    def contacts(self) -> list[tuple[int, int]]:
        """Return which bodies press on each other: numbers of the agents, then of the props; the smaller first."""
        numbers = {body.id: number for number, body in enumerate((*self.bodies, *self.prop_bodies))}
        contacts = bullet.getContactPoints(ANY, ANY, ANY_LINK, ANY_LINK, self.client)
        pairs = {(numbers.get(c[1], NOWHERE), numbers.get(c[2], NOWHERE)) for c in contacts if c[9] > 0.0}
        return sorted({(min(pair), max(pair)) for pair in pairs if NOWHERE not in pair and pair[0] != pair[1]})

    def launch(self, prop: str, position: Triple, velocity: Triple) -> None:
        """Take a prop to a position [m] and set it moving [m/s].

        Raises:
            InvalidInput: there is no such prop, it can neither fly nor slide, or a number is not finite.
        """
        where = f"scene {self.scene.name!r}"
        names = [other.name for other in self.scene.props if other.can_be_launched]
        check_choice(prop, names, "prop that can be launched", where)
        if not all(map(math.isfinite, (*position, *velocity))):
            raise InvalidInput(f"{where}: prop {prop!r} is launched from {position} with velocity {velocity}")
        next(body for body in self.prop_bodies if body.prop.name == prop).launch(position, velocity)
        self.log.launches.append((self.log.steps, prop, position, velocity))

    def poke(self, body: int, link: str, impulse: Triple, at: Triple) -> None:
        """Push a link from outside during the next step; that is no part of the episode, and is not replayed.

        Args:
            body: number of the agent, else agents + number of the prop.
            link: its name in the URDF.
            impulse: of the whole step [N s].
            at: where it pushes [m].
        """
        pushed = (*self.bodies, *self.prop_bodies)[body]
        force = [part * self.calls / self.scene.timestep for part in impulse]  # Bullet clears it after each call
        bullet.applyExternalForce(pushed.id, pushed.links[link], force, at, bullet.WORLD_FRAME, self.client)

    def push(self, push: Push) -> None:
        """Let a force act on a robot from now on, as a part of the episode."""
        self.dynamics.push(push)
        self.log.pushes.append((self.log.steps, push))

    def overlaps(self) -> list[tuple[str, str, float]]:
        """Return agents and props that are inside each other or the ground, by name, and how deep [m].

        Parts that can never move may overlap, such as the corners of a wall.
        """
        names = [agent.name for agent in self.scene.agents] + [prop.name for prop in self.scene.props]
        bodies: list[Body | None] = [*self.bodies, *self.prop_bodies]
        if self.ground != NOWHERE:
            names.append("the ground")
            bodies.append(None)
        pairs = itertools.combinations(zip(names, bodies, strict=True), 2)
        depths = [(one, other, self._overlap(first, second)) for (one, first), (other, second) in pairs if first]
        return [(one, other, depth) for one, other, depth in depths if depth > TOUCH]

    def _overlap(self, first: Body, second: Body | None) -> float:
        """Return how deep two bodies are in each other, or one is in the ground [m]."""
        number, immovable = (self.ground, {BASE}) if second is None else (second.id, second.immovable())
        points = bullet.getClosestPoints(first.id, number, 0.0, physicsClientId=self.client)
        moving = (p for p in points if not (p[3] in first.immovable() and p[4] in immovable))
        return max((-point[8] for point in moving), default=0.0)

    def capture(self) -> Snapshot:
        """Return everything that moves, for pictures and comparisons."""
        bases, joints = zip(*(body.capture() for body in (*self.bodies, *self.prop_bodies)), strict=True)
        homes = tuple(body.home for body in self.bodies)
        starts = tuple((body.start, body.turned) for body in self.prop_bodies)
        return Snapshot(self.gravity, self.friction, homes, bases, joints, starts, self.floor.tile)

    def save(self) -> WorldCheckpoint:
        """Return the state of the world, to be given to `load` here or in another process; nothing changes."""
        with scratch_path() as path:
            bullet.saveBullet(path, physicsClientId=self.client)
            state = Path(path).read_bytes()
        return WorldCheckpoint(self.capture(), state, self._contacts(), self.log.copy(), tuple(self.dynamics.forces))

    def load(self, checkpoint: WorldCheckpoint, exact: bool = True) -> None:
        """Restore a state.

        Args:
            checkpoint: what `save` returned.
            exact: whether the world must continue exactly as the saved one would have. If Bullet's own state is
                incomplete, the episode is replayed, which takes as long as the episode did. If False, all worlds that
                load the state still continue alike.

        Raises:
            InvalidInput: the state is damaged, or the replay ends in another state. The world must be reset then.
        """
        snapshot = checkpoint.snapshot
        self.floor.show(snapshot.tile)
        self._rewind(snapshot.gravity, snapshot.friction, checkpoint.log.start.conditions)
        self.dynamics.forces = list(checkpoint.forces)
        for body, placement in zip(self.bodies, snapshot.placements, strict=True):
            body.settle(placement)
        for prop, start in zip(self.prop_bodies, snapshot.starts, strict=True):
            prop.start, prop.turned = start
        with scratch_path(checkpoint.state) as path, redirect_native_output() as said:
            try:
                bullet.restoreState(fileName=path, physicsClientId=self.client)
            except bullet.error:
                raise InvalidInput(f"scene {self.scene.name!r}: Bullet cannot restore the state: {said()}") from None
        if exact and not (self.restores_exactly and self._contacts() == checkpoint.contacts):
            self._replay(checkpoint.log)
            if self.capture() != snapshot:
                raise InvalidInput(
                    f"scene {self.scene.name!r}: the state was saved with another processor, version or options, and "
                    "its episode ends differently here; load it with exact=False, or begin a new episode"
                )
        self.log = checkpoint.log.copy() if exact else checkpoint.log.begun_at(checkpoint)

    def _replay(self, log: EpisodeLog) -> None:
        """Repeat an episode from its log."""
        if log.base is None:
            self.reset(log.start)
        else:
            self.load(log.base, exact=False)
        launches, pushes = log.launches[::-1], log.pushes[::-1]
        edges = list(itertools.accumulate(body.command_size() for body in self.bodies))
        for step, row in enumerate(log.rows()):
            while launches and launches[-1][0] == step:
                self.launch(*launches.pop()[1:])
            while pushes and pushes[-1][0] == step:
                self.push(pushes.pop()[1])
            self.step([row[start:end] for start, end in itertools.pairwise([0, *edges])])
        while launches:
            self.launch(*launches.pop()[1:])

    def _contacts(self) -> Any:
        return bullet.getContactPoints(physicsClientId=self.client)

    def close(self) -> None:
        """Free the client; a second call does nothing."""
        self._free()
        self.client = -1

    def __reduce__(self) -> NoReturn:
        """Refuse to be copied or pickled: two would share one client."""
        raise TypeError("a World holds a Bullet client, which cannot be copied; copy the env, or use save and load")
