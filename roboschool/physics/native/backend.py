"""The backend that steps and reads all worlds in one native call."""

import ctypes
import math
from collections.abc import Iterable, Sequence

import numpy as np

from roboschool.distributions import draw
from roboschool.mdp.actuator import Drive
from roboschool.mdp.effects import Placement
from roboschool.physics.backend import PythonBackend, Readings
from roboschool.physics.checkpoint import EpisodeLog, Start
from roboschool.physics.contact_sums import PAIR
from roboschool.physics.native import library
from roboschool.physics.native.library import NoNativeBackend, load_library
from roboschool.physics.native.program import Kernel
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
        self._step, self._threads = native.step, threads
        self.diverged = set()
        self._by_pybullet: set[NativeWorld] = set()  # which pybullet resets and steps
        self._own: list[NativeWorld] = []
        self.worlds = self._own
        self._prepared: dict[int, _Prepared] = {}  # by the id of the readings
        try:
            for scene in scenes:
                self._own.append(NativeWorld(scene, native, self._by_pybullet))
            self._pointers = (ctypes.c_void_p * worlds)(*(ctypes.addressof(world.struct) for world in self._own))
            self._everyone = (ctypes.c_int * worlds)(*range(worlds))
            self._try_out()
        except BaseException:
            self.close()
            raise

    def prepare(self, commands: Sequence[np.ndarray], readings: Readings, kernels: Sequence[Kernel]) -> None:
        """Note the addresses of arrays, which numpy takes microseconds to tell, of steps that follow.

        Args:
            commands: as `step` will get them: the same arrays.
            readings: alike.
            kernels: what is computed of a world as soon as it has been read after a step.
        """
        self._prepared[id(readings)] = _Prepared(commands, readings, kernels)

    def step(self, commands: Sequence[np.ndarray], worlds: Iterable[int], readings: Readings) -> None:
        """Let a timestep pass in some worlds, read them, and compute the kernels that were prepared."""
        prepared, chosen = self._prepared.get(id(readings)), list(worlds)
        if prepared is None or prepared.commands is not commands:
            prepared = _Prepared(commands, readings)
        if self._by_pybullet:
            super().step(commands, chosen, readings)
            for kernel in prepared.kernels:
                kernel(chosen)
        else:
            self._call(chosen, prepared, passes=True)

    def read(self, world: int, readings: Readings) -> None:
        """Read a world, and note whether its physics is sound."""
        self._call([world], self._prepared.get(id(readings)) or _Prepared((), readings), passes=False)

    def _call(self, chosen: list[int], prepared: "_Prepared", passes: bool) -> None:
        count = len(chosen)
        numbers = self._everyone if count == len(self._own) else (ctypes.c_int * count)(*chosen)
        broken = self._step(self._pointers, numbers, count, prepared.address, passes, self._threads)
        if broken < 0:
            raise RuntimeError(f"scene {self._own[0].scene.name!r}: {library.REFUSALS[broken]}")
        if broken:
            self.diverged.update(world for world in chosen if not self._own[world].struct.sound)

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
            (self._by_pybullet.discard if native else self._by_pybullet.add)(world)
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
        self._repair(0)
        world.log = EpisodeLog(Start(()))


class _Prepared:
    """The addresses of what a step needs and writes; the arrays live as long as this."""

    def __init__(self, commands: Sequence[np.ndarray], readings: Readings, kernels: Sequence[Kernel] = ()) -> None:
        self.commands, self.kernels = commands, tuple(kernels)
        rows = [(library.Rows * len(arrays))(*map(_rows, arrays)) for arrays in (commands, readings.agents)]
        others = map(_rows, (readings.props, readings.contacts, readings.pairs))
        structs = (library.Kernel * len(kernels))(*(kernel.struct for kernel in kernels))
        struct = library.Step(*rows, *others, structs, len(kernels))
        self.address, self._kept = ctypes.addressof(struct), (struct, readings)


def _rows(array: np.ndarray | None) -> library.Rows:
    if array is None:
        return library.Rows()
    assert array.dtype == float
    assert array[:1].flags.c_contiguous
    return library.Rows(array.ctypes.data, array.strides[0])


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
