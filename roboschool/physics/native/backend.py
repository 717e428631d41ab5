"""The backend that steps and reads all worlds in one native call."""

import ctypes
import math
from collections.abc import Iterable, Sequence

import numpy as np

from roboschool.distributions import draw
from roboschool.mdp.actuator import Drive
from roboschool.mdp.effects import Placement
from roboschool.physics.backend import PythonBackend, Readings
from roboschool.physics.checkpoint import EpisodeLog, Start, WorldCheckpoint
from roboschool.physics.contact_sums import PAIR
from roboschool.physics.native import library
from roboschool.physics.native.library import NoNativeBackend, load_library
from roboschool.physics.native.threads import Parallel, split
from roboschool.physics.native.world import NativeWorld
from roboschool.physics.worlds import World
from roboschool.scenes.scene import Scene

TRIAL = 3  # steps of the self-test


class NativeBackend(PythonBackend):
    """The same bits as from `PythonBackend`, sooner: one call into C for a step of all worlds, without the GIL.

    Its first world is stepped by both for a moment, since the layout of Bullet's structures is stated nowhere.

    Args:
        scenes: of each world, with the same shapes.
        threads: number of threads that step worlds at the same time.

    Raises:
        NoNativeBackend: the library is not there, or does not fit pybullet, or gives other bits.
        InvalidInput: Bullet cannot load a robot.
    """

    name = "native"

    def __init__(self, scenes: Sequence[Scene], threads: int = 1) -> None:
        native, worlds = load_library(), len(scenes)
        self._step = native.step
        self._threads, self._parallel = threads, Parallel()
        self.diverged = set()
        self._own: list[NativeWorld] = []
        self.worlds = self._own
        try:
            for scene in scenes:
                self._own.append(NativeWorld(scene, native))
            self._pointers = (ctypes.c_void_p * worlds)(*(ctypes.addressof(world.struct) for world in self._own))
            self._everyone = (ctypes.c_int * worlds)(*range(worlds))
            self._commands = np.zeros((worlds, self._own[0].command_size))
            self._address, self._width = self._commands.ctypes.data, self._commands.shape[1]
            self._outputs: dict[int, tuple[int, Readings, library.Readings]] = {}
            sizes = [body.command_size() for body in self._own[0].bodies]
            self._parts = np.split(self._commands, np.cumsum(sizes)[:-1], axis=1)  # of each agent
            self._rows = [row.view(np.uint8).data for row in self._commands]  # as bytes
            self._try_out()
        except BaseException:
            self.close()
            raise

    def reset(self, world: int, start: Start) -> None:
        """Start an episode in a world."""
        self._parallel.settle()
        super().reset(world, start)

    def load(self, world: int, checkpoint: WorldCheckpoint, exact: bool = True) -> None:
        """Take back a state."""
        self._parallel.settle()
        super().load(world, checkpoint, exact)

    def step(self, commands: Sequence[np.ndarray], worlds: Iterable[int], readings: Readings) -> None:
        """Let a timestep pass in some worlds, and read them."""
        chosen = list(worlds)
        if True in [self._own[world].is_timed for world in chosen]:
            super().step(commands, chosen, readings)
            return
        rows = slice(None) if len(chosen) == len(self._own) else chosen  # those of other worlds are other threads'
        for part, command in zip(self._parts, commands, strict=True):
            part[rows] = command[rows]
        if self._threads > 1 and len(chosen) > 1:
            if id(readings) not in self._outputs:
                self._prepare(readings)  # before threads ask for it at once
            self._parallel.run(lambda part: self._call(part, self._address, readings), split(chosen, self._threads))
        else:
            self._call(chosen, self._address, readings)
        for world in chosen:
            log = self._own[world].log
            log.commands.frombytes(self._rows[world])
            log.steps += 1

    def read(self, world: int, readings: Readings) -> None:
        """Read a world, and note whether its physics is sound."""
        self._call([world], None, readings)

    def _call(self, chosen: list[int], commands: int | None, readings: Readings) -> None:
        count = len(chosen)
        numbers = self._everyone if count == len(self.worlds) else (ctypes.c_int * count)(*chosen)
        output, *_ = self._outputs.get(id(readings)) or self._prepare(readings)
        broken = self._step(self._pointers, numbers, count, commands, self._width, output)
        if broken < 0:
            raise RuntimeError(f"scene {self._own[0].scene.name!r}: {library.REFUSALS[broken]}")
        if broken:
            self.diverged.update(world for world in chosen if not self._own[world].struct.sound)

    def _prepare(self, readings: Readings) -> tuple[int, Readings, library.Readings]:
        """Note the addresses of arrays, which numpy takes microseconds to tell; the arrays live as long as this."""
        agents = (library.Rows * len(readings.agents))(*map(_rows, readings.agents))
        output = library.Readings(agents, *map(_rows, (readings.props, readings.contacts, readings.pairs)))
        self._outputs[id(readings)] = prepared = ctypes.addressof(output), readings, output
        return prepared

    def _try_out(self) -> None:
        """Compare steps in the first world with those of pybullet.

        Raises:
            NoNativeBackend: they differ.
        """
        world, scene = self._own[0], self._own[0].scene
        commands, readings = _trial_commands(scene), _trial_readings(world)
        start = _trial_start(scene)
        found = []
        for native in (False, True):
            self.reset(0, start)
            for command in commands:
                if native:
                    self.step(command, [0], readings)
                else:
                    World.step(world, [row[0].tolist() for row in command])
                    super().read(0, readings)
            arrays = (*readings.agents, readings.props, readings.contacts, readings.pairs)
            found.append([math.nan if array is None else array.copy() for array in arrays])
        if not all(np.array_equal(one, other, equal_nan=True) for one, other in zip(*found, strict=True)):
            raise NoNativeBackend(f"scene {scene.name!r}: {library.PATH} computes other bits than pybullet")
        del self._outputs[id(readings)]
        self._repair(0)
        world.log = EpisodeLog(Start(()))


def _rows(array: np.ndarray | None) -> library.Rows:
    return library.Rows() if array is None else library.Rows(array.ctypes.data, array.strides[0])


def _trial_start(scene: Scene) -> Start:
    """Return how an episode may start."""
    rng = np.random.default_rng(0)
    placements = [
        Placement((draw(agent.position[0], rng), draw(agent.position[1], rng)), draw(agent.yaw, rng), agent.robot.pose)
        for agent in scene.agents
    ]
    props = [
        ((draw(prop.position[0], rng), draw(prop.position[1], rng), draw(prop.position[2], rng)), draw(prop.yaw, rng))
        for prop in scene.props
    ]
    return Start(tuple(placements), tuple(props), draw(scene.gravity, rng), draw(scene.friction, rng))


def _trial_commands(scene: Scene) -> list[list[np.ndarray]]:
    """Return commands for every agent, step by step."""
    drives = [Drive(agent.robot) for agent in scene.agents]
    rng = np.random.default_rng(0)

    def random(drive: Drive) -> np.ndarray:
        action, older = rng.uniform(-1.0, 1.0, (2, 1, 1, len(drive.robot.joints)))
        return drive.command(action, older, rng.integers(scene.substeps, size=action.shape))[:, 0]

    return [[random(drive) for drive in drives] for _ in range(TRIAL)]


def _trial_readings(world: NativeWorld) -> Readings:
    agents, props = len(world.bodies), len(world.prop_bodies)
    return Readings(
        agents=[np.zeros((1, robot.at.end)) for robot in world.robots],
        props=np.zeros((1, props, 9)) if props else None,
        contacts=np.zeros((1, agents, agents + props)),
        pairs=np.zeros((1, agents, agents + props + 1, PAIR)) if world.sums else None,
    )
