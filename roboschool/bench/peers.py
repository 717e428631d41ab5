"""The packages that `roboschool bench --peers` runs beside ours, all optional: how each is made and stepped."""

import importlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import gymnasium
from gymnasium.vector.utils import batch_space

from roboschool.bench.measures import ACTIONS, LONGEST, Stepper, single
from roboschool.bench.report import OURS_BESIDE
from roboschool.errors import InvalidInput
from roboschool.physics.output import redirect_native_output
from roboschool.system_info import install

BULLET_STEP = 0.0165  # [s]
POOL = 16  # envs of an EnvPool, on one thread

BULLET = {
    "hopper": "HopperBulletEnv-v0",
    "walker2d": "Walker2DBulletEnv-v0",
    "half_cheetah": "HalfCheetahBulletEnv-v0",
    "ant": "AntBulletEnv-v0",
    "humanoid": "HumanoidBulletEnv-v0",
    "humanoid_flagrun": "HumanoidFlagrunBulletEnv-v0",
    "humanoid_flagrun_harder": "HumanoidFlagrunHarderBulletEnv-v0",
    "inverted_pendulum": "InvertedPendulumBulletEnv-v0",
    "inverted_pendulum_swingup": "InvertedPendulumSwingupBulletEnv-v0",
    "inverted_double_pendulum": "InvertedDoublePendulumBulletEnv-v0",
    "reacher": "ReacherBulletEnv-v0",
}
MUJOCO = {
    "hopper": "Hopper-v5",
    "walker2d": "Walker2d-v5",
    "half_cheetah": "HalfCheetah-v5",
    "ant": "Ant-v5",
    "humanoid": "Humanoid-v5",
    "inverted_pendulum": "InvertedPendulum-v5",
    "inverted_double_pendulum": "InvertedDoublePendulum-v5",
    "reacher": "Reacher-v5",
}
MUJOCO_STEP = {  # [s]; EnvPool does not say
    "Hopper-v5": 0.008,
    "Walker2d-v5": 0.008,
    "HalfCheetah-v5": 0.05,
    "Ant-v5": 0.05,
    "Humanoid-v5": 0.015,
    "InvertedPendulum-v5": 0.04,
    "InvertedDoublePendulum-v5": 0.05,
    "Reacher-v5": 0.02,
}


@dataclass(frozen=True)
class Peer:
    """A package that has envs like ours."""

    name: str  # of the measure
    package: str  # what is installed, and has a version
    module: str  # what is imported
    ids: Mapping[str, str]  # its env that is like a scene of ours
    make: Callable[[str], Stepper]

    @property
    def beside(self) -> str:
        """Which of our measures it is compared with."""
        return OURS_BESIDE[self.name]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what peers print off the terminal, and the log that MuJoCo writes out of the user's folder."""
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder, redirect_native_output():
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(here)


def _bullet(identity: str) -> Stepper:
    return single(gymnasium.make(identity).unwrapped, BULLET_STEP)


def _mujoco(identity: str) -> Stepper:
    return single(gymnasium.make(identity).unwrapped, MUJOCO_STEP[identity])


def _envpool(identity: str) -> Stepper:
    """Return the stepper of a pool, which resets its envs itself, in the step after the last, as `VectorEnv` does."""
    envpool = importlib.import_module("envpool")
    size = {"num_envs": POOL, "batch_size": POOL, "num_threads": 1}
    envs = envpool.make_gymnasium(identity, **size, seed=0, max_episode_steps=LONGEST)
    envs.action_space.seed(0)
    envs.reset()
    space = batch_space(envs.action_space, POOL)
    space.seed(0)
    actions = [space.sample() for _ in range(ACTIONS // POOL)]
    return Stepper(envs.step, actions, MUJOCO_STEP[identity], envs.close, POOL)


PEERS = (
    Peer("pybullet_envs_gymnasium", "pybullet_envs_gymnasium", "pybullet_envs_gymnasium", BULLET, _bullet),
    Peer("gymnasium_mujoco", "mujoco", "mujoco", MUJOCO, _mujoco),
    Peer("envpool_mujoco", "envpool", "envpool", MUJOCO, _envpool),
)


def installed() -> tuple[list[Peer], list[Peer]]:
    """Return the peers that can be imported, and those that cannot.

    Raises:
        InvalidInput: none can be.
    """
    found = [peer for peer in PEERS if _there(peer)]
    missing = [peer for peer in PEERS if peer not in found]
    if not found:
        names = ", ".join(peer.package for peer in missing)
        raise InvalidInput(f"--peers: none of {names} is installed; {install('bench')} installs them all")
    return found, missing


def _there(peer: Peer) -> bool:
    try:
        with _quiet():
            importlib.import_module(peer.module)
    except ImportError:
        return False
    return True


def open_peers(peers: Sequence[Peer], scene: str) -> dict[str, Stepper]:
    """Return the stepper of each peer that has an env like a scene of ours."""
    with _quiet():
        return {peer.name: peer.make(peer.ids[scene]) for peer in peers if scene in peer.ids}
