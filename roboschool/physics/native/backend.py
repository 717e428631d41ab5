"""The backend that steps and reads all worlds in one native call."""

import ctypes
import math
from collections.abc import Collection, Iterable, Sequence

import numpy as np

from roboschool.distributions import draw
from roboschool.mdp.actuator import Drive
from roboschool.mdp.effects import Placement
from roboschool.physics.backend import PythonBackend, Readings
from roboschool.physics.checkpoint import EpisodeLog, Start
from roboschool.physics.contact_sums import PAIR
from roboschool.physics.native import library
from roboschool.physics.native.library import NoNativeBackend, load_library
from roboschool.physics.native.party import Party
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
        self._prepared: _Prepared | None = None
        self._computes = 0  # after it has read: what the library does, else nothing
        try:
            for scene in scenes:
                self._own.append(NativeWorld(scene, native, self._by_pybullet))
            self._pointers = (ctypes.c_void_p * worlds)(*(ctypes.addressof(world.struct) for world in self._own))
            self._numbers = ctypes.c_int * worlds
            self._try_out()
        except BaseException:
            self.close()
            raise

    def prepare(
        self,
        commands: Sequence[np.ndarray],
        readings: Readings,
        kernels: Sequence[Kernel] = (),
        parties: Sequence[Party] = (),
        at_once: bool = True,
    ) -> None:
        """Note the addresses of arrays, which numpy takes microseconds to tell, of steps that follow.

        Args:
            commands: as `step` will get them: the same arrays.
            readings: alike.
            kernels: what is computed of a world.
            parties: whose actions are applied before a step, and who is noted as terminated after it.
            at_once: whether it is computed as soon as the world has been read, and not by `compute`.
        """
        self._computes = library.COMPUTES if at_once else 0
        self._prepared = _Prepared(commands, readings, kernels, parties)

    def reset(self, world: int, start: Start) -> None:
        """Start an episode in a world, at the latest when it is read."""
        self._repair(world)
        self._own[world].reset(start, now=False)

    def step(
        self, commands: Sequence[np.ndarray], worlds: Iterable[int], readings: Readings, begun: Collection[int] = ()
    ) -> None:
        """Let a timestep pass in some worlds, read them, and do what was prepared."""
        prepared = self._prepared
        if prepared is None or prepared.commands is not commands or prepared.readings is not readings:
            prepared = _Prepared(commands, readings)
        chosen = _mark(worlds, begun)
        if not self._by_pybullet:
            self._call(chosen, prepared, library.ACTS | library.PASSES | library.READS | self._computes)
            self._cast(chosen, readings)
            return
        self._call(chosen, prepared, library.ACTS)
        rows = [command.tolist() for command in commands]
        for world in chosen:
            if world >= 0:
                self.worlds[world].step([row[world] for row in rows])
        self._call(chosen, prepared, library.READS | self._computes)
        self._cast(chosen, readings)

    def _cast(self, chosen: Iterable[int], readings: Readings) -> None:
        """Cast rays in worlds, given as `_mark` gives them."""
        for world in chosen if readings.rays else ():
            self.cast(~world if world < 0 else world, readings)

    def compute(self, worlds: Iterable[int], begun: Collection[int]) -> None:
        """Compute what was prepared, of worlds that have been stepped."""
        assert self._prepared is not None
        self._call(_mark(worlds, begun), self._prepared, library.COMPUTES)

    def read(self, world: int, readings: Readings) -> None:
        """Read a world, whose episode has just begun, and note whether its physics is sound."""
        prepared = self._prepared
        if prepared is None or prepared.readings is not readings:
            prepared = _Prepared((), readings)
        self._call([~world], prepared, library.READS | self._computes)
        self.cast(world, readings)

    def _call(self, chosen: list[int], prepared: "_Prepared", does: int) -> None:
        broken = self._step(self._pointers, self._numbers(*chosen), len(chosen), prepared.address, does, self._threads)
        if broken < 0:
            raise RuntimeError(f"scene {self._own[0].scene.name!r}: {library.REFUSALS[broken]}")
        if broken and does & library.READS:
            numbers = [~world if world < 0 else world for world in chosen]
            self.diverged.update(world for world in numbers if not self._own[world].struct.sound)

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

    def __init__(
        self,
        commands: Sequence[np.ndarray],
        readings: Readings,
        kernels: Sequence[Kernel] = (),
        parties: Sequence[Party] = (),
    ) -> None:
        self.commands, self.readings = commands, readings
        rows = [(library.Rows * len(arrays))(*map(_rows, arrays)) for arrays in (commands, readings.agents)]
        others = map(_rows, (readings.props, readings.contacts, readings.pairs))
        structs = (library.Kernel * len(kernels))(*(kernel.struct for kernel in kernels))
        sides = (library.Party * len(parties))(*(party.struct for party in parties))
        struct = library.Step(*rows, *others, structs, sides, len(kernels), len(parties))
        self.address, self._kept = ctypes.addressof(struct), (struct, tuple(kernels), tuple(parties))


def _mark(worlds: Iterable[int], begun: Collection[int]) -> list[int]:
    """Return the numbers of worlds, as the library takes them: ~number where an episode has just begun."""
    return [~world if world in begun else world for world in worlds] if begun else list(worlds)


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
