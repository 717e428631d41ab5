"""A training: a scene, a learner, and a folder of files, from which it continues to the same bits."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from roboschool import writers
from roboschool.envs.foreign import AGENT, AnyScene, ForeignBatch, ForeignScene, interface_of, open_scene
from roboschool.envs.spaces import check_no_camera
from roboschool.envs.vector import VectorEnv
from roboschool.errors import InvalidInput
from roboschool.evaluation import Score
from roboschool.importing.loader import is_importable
from roboschool.learning.checkpoint import (
    Plan,
    Progress,
    check_tensors,
    load_generator,
    prefixed,
    read_checkpoint,
    save_generator,
    without_prefix,
    write_checkpoint,
)
from roboschool.learning.curve import Row, read_curve, write_curve
from roboschool.learning.episodes import Batch, Episodes
from roboschool.learning.ppo import Learner
from roboschool.learning.settings import Settings
from roboschool.learning.variants import Rota, first_options, open_variants
from roboschool.paths import as_path
from roboschool.policies.interface import Interface
from roboschool.policies.network import NetworkPolicy
from roboschool.policies.resolve import check_fit, load_policy
from roboschool.scenes.loader import ROBOT
from roboschool.scenes.scene import Scene
from roboschool.system_info import versions

CHECKPOINT, POLICY, CARD = "checkpoint.safetensors", "policy.safetensors", "policy.json"
CURVE, PICTURE = "curve.csv", "curve.png"
RECENT = 100  # episodes over which a curve averages
PACKAGES = ("roboschool", "pybullet", "numpy", "torch")


def choose_agents(scene: Scene, shared: bool) -> tuple[str, ...]:
    """Return the agents that learn: the first, if the scene names policies for all others; else, or if shared, all.

    Raises:
        InvalidInput: all must learn, and they differ in robot or task.
    """
    first, *others = scene.agents
    if not shared and all(other.policy for other in others):
        return (first.name,)
    odd = next((other for other in others if other.task != first.task or other.robot != first.robot), None)
    if odd is not None:
        raise InvalidInput(
            f"scene {scene.name!r}: agents {first.name!r} and {odd.name!r} differ in robot or task: one policy cannot"
            f" learn for both, and the scene names no policy that {odd.name!r} could follow"
        )
    return tuple(agent.name for agent in scene.agents)


class Training:
    """A training, between two updates.

    Args:
        plan: what it does.
        folder: for its files; it is made if it is missing.
        workers: processes that share the copies; 0: none but this one. Results do not depend on it.
        threads: of each process; None: what suits the number of copies. Results do not depend on it.
        progress: with which it continues.

    Raises:
        InvalidInput: the scene has changed, a setting does not fit it, or a file cannot be written.
    """

    def __init__(
        self,
        plan: Plan,
        folder: Path,
        workers: int = 0,
        threads: int | None = None,
        progress: Progress = Progress(),  # noqa: B008 - frozen
    ) -> None:
        self.plan, self.folder, self.progress = plan, folder, progress
        scene = open_scene(plan.scene, **first_options(plan.options, plan.settings.variants))
        if scene.id != plan.id:
            raise InvalidInput(f"scene {plan.scene!r}: it is {scene.id} now, and the training is of {plan.id}")
        self.interface = interface_of(scene, plan.agents[0])
        self.learner = Learner(plan.settings, self.interface, plan.seed)
        if plan.settings.start:
            self.learner.imitate(self._first_policy(plan.settings.start))
        writers.make_folder(folder)
        self._processes = workers, threads
        self._rota = Rota.of(plan, scene.steps)
        self._turn = self._rota.turn(self._updates - 1)
        self.env = self._make_env(scene)
        self.episodes = Episodes(self.env, self.interface, np.random.default_rng([plan.seed, 1]))
        self.rows: list[Row] = []

    def _first_policy(self, written: str) -> NetworkPolicy:
        policy = load_policy(written)
        if not isinstance(policy, NetworkPolicy):
            raise InvalidInput(f"start: {written!r} is not a network")
        policy = _widen(policy, self.interface)
        unnamed = NetworkPolicy(policy.tensors, file=policy.file, discrete=policy.discrete)
        check_fit(unnamed, self.interface, "start")
        return policy

    @classmethod
    def begin(cls, plan: Plan, folder: Path, workers: int = 0, threads: int | None = None) -> "Training":
        """Begin a training.

        Raises:
            InvalidInput: the folder holds another, or as the class says.
        """
        if (folder / CHECKPOINT).exists():
            raise InvalidInput(f"{folder}: it holds a training; --resume continues it, --out names another folder")
        training = cls(plan, folder, workers, threads)
        training.episodes.begin()
        training.save()
        return training

    @classmethod
    def resume(
        cls, scene: str, folder: Path, steps: int | None, workers: int = 0, threads: int | None = None
    ) -> "Training":
        """Continue a training from its checkpoint.

        Args:
            scene: its name or file, which must be that of the checkpoint.
            folder: of the training.
            steps: at which it ends; None: as planned.
            workers: see the class.
            threads: see the class.

        Raises:
            InvalidInput: there is no checkpoint, or it is damaged or of another scene, or as the class says.
        """
        file = folder / CHECKPOINT
        plan, progress, tensors = read_checkpoint(file)
        found = open_scene(scene, **plan.options).id
        if found != plan.id:
            raise InvalidInput(f"{file}: a training of {plan.id}, not of {found}")
        plan = replace(plan, scene=_lasting(scene), steps=plan.steps if steps is None else steps)
        training = cls(plan, folder, workers, threads, progress)
        try:
            training._load(tensors)
        except InvalidInput as error:
            training.close()
            raise InvalidInput(f"{file}: {error}") from None
        training.rows = read_curve(folder / CURVE, progress.steps)
        return training

    @property
    def finished(self) -> bool:
        """Whether all steps are done."""
        return self.progress.steps >= self.plan.steps

    def update(self) -> Row:
        """Act for a rollout and learn from it; return what is known then."""
        began = time.monotonic()
        settings = self.plan.settings
        self._take_turns()
        steps = self.progress.steps + settings.envs * settings.rollout
        watched = self.learner.learn(self.episodes, steps / self.plan.steps)
        self.episodes.finished = self.episodes.finished[-RECENT:]
        self.progress = Progress(steps, self.progress.seconds + time.monotonic() - began)
        over = np.array(self.episodes.finished).reshape(-1, 2)  # return, length
        total, length = map(float, over.mean(axis=0)) if len(over) else (None, None)
        row = Row(steps, round(self.progress.seconds, 2), total, length, **watched)
        self.rows.append(row)
        return row

    @property
    def _updates(self) -> int:
        return self.progress.steps // (self.plan.settings.envs * self.plan.settings.rollout)

    def _take_turns(self) -> None:
        """Let the copies play their next variants, if it is time for that."""
        turn = self._rota.turn(self._updates)
        if turn != self._turn:
            self._turn = turn
            self.env.close()
            self.env = self.episodes.env = self._make_env(self.env.scene)
            self.episodes.begin()
            self.learner.discounted[:] = 0.0

    def _make_env(self, scene: AnyScene) -> Batch:
        """Return the copies that act now: of a scene, or of the variants whose turn it is."""
        if not self.plan.settings.variants:
            return _make_batch(scene, self.plan, *self._processes)
        return _make_batch(open_variants(self.plan, self._rota.variants(self._turn)), self.plan, *self._processes)

    def save(self, score: Score | None = None) -> None:
        """Write all files, each whole or not at all, the checkpoint last.

        Raises:
            InvalidInput: one cannot be written.
        """
        self.policy().save(self.folder / POLICY)
        writers.replace(self.folder / CARD, (json.dumps(self.card(score), indent=2) + "\n").encode())
        write_curve(self.rows, self.folder / CURVE, self.folder / PICTURE, self.plan.id)
        write_checkpoint(self.folder / CHECKPOINT, self.plan, self.progress, self._tensors())

    def policy(self) -> NetworkPolicy:
        """Return the policy as it is now."""
        return self.learner.policy()

    def card(self, score: Score | None) -> dict[str, Any]:
        """Return what the JSON file beside the policy says."""
        plan = self.plan
        return {
            "scene": plan.id,
            "seed": plan.seed,
            "steps": self.progress.steps,
            "wall_seconds": round(self.progress.seconds),
            **({} if score is None else asdict(score)),
            "recipe": {
                "command": "roboschool train",
                "scene": plan.scene,
                "options": plan.options,
                "agents": plan.agents,
                "steps": plan.steps,
                "settings": asdict(plan.settings),
            },
            "versions": versions(PACKAGES),
            **asdict(self.interface),
        }

    def close(self) -> None:
        """Free all worlds and end all workers."""
        self.env.close()

    def _tensors(self) -> dict[str, np.ndarray]:
        """Return everything from which the training continues."""
        return {
            **prefixed("learner", self.learner.save()),
            **prefixed("episodes", self.episodes.save()),
            "rng.learner": save_generator(self.learner.rng),
            "rng.episodes": save_generator(self.episodes.rng),
            "finished": np.array(self.episodes.finished, float).reshape(-1, 2),
        }

    def _load(self, tensors: Mapping[str, np.ndarray]) -> None:
        """Take on what `_tensors` has returned.

        Raises:
            InvalidInput: it does not fit, or the episodes come to other observations.
        """
        wanted, age = self._tensors(), tensors.get("episodes.age", np.zeros(0, int))
        longest = int(age.max(initial=0))
        if not 0 <= age.min(initial=0) <= longest < self.env.scene.steps:
            raise InvalidInput(f"episodes.age is not within 0 and {self.env.scene.steps}")
        copies, _, *rest = wanted["episodes.actions"].shape
        wanted["episodes.actions"] = np.zeros((copies, longest, *rest), np.float32)
        wanted["finished"] = np.zeros((min(len(tensors.get("finished", ())), RECENT), 2))
        check_tensors(tensors, wanted)
        self.learner.load(without_prefix("learner", tensors))
        self.episodes.load(without_prefix("episodes", tensors))
        load_generator(self.learner.rng, tensors["rng.learner"])
        load_generator(self.episodes.rng, tensors["rng.episodes"])
        self.episodes.finished = [(float(total), int(length)) for total, length in tensors["finished"]]


def plan_of(
    scene: str,
    options: dict[str, Any],
    settings: Settings,
    seed: int,
    steps: int,
    shared: bool = False,
) -> Plan:
    """Return the plan of a training.

    Args:
        scene: its name, or the path of its file.
        options: override keys of its file.
        settings: numbers of the recipe.
        seed: the same gives the same results.
        steps: of all rows.
        shared: whether one policy learns for all agents, also where the scene names policies for the others.

    Raises:
        InvalidInput: the scene or an option is unknown or wrong, or its agents cannot share a policy.
    """
    robot = options.get(ROBOT)
    if isinstance(robot, str) and is_importable(robot) and as_path(robot).is_file():
        options = {**options, ROBOT: str(as_path(robot))}
    loaded = open_scene(scene, **first_options(options, settings.variants))
    agents = (AGENT,) if isinstance(loaded, ForeignScene) else choose_agents(loaded, shared)
    if settings.envs % len(agents):
        raise InvalidInput(f"envs: {settings.envs} rows cannot be shared by {len(agents)} agents")
    return Plan(_lasting(scene), loaded.id, options, agents, settings, seed, steps)


def _make_batch(scene: AnyScene | list[Scene], plan: Plan, workers: int, threads: int | None) -> Batch:
    """Return the copies in which a plan is carried out.

    Raises:
        InvalidInput: a setting or a number of workers is not for this scene, or nothing can be made.
    """
    settings = plan.settings
    if not isinstance(scene, ForeignScene):
        several = [
            replace(each, weights={**each.weights, **settings.weights})
            for each in (scene if isinstance(scene, list) else [scene])
        ]
        check_no_camera(several[0], "the trainer")
        return VectorEnv(several, settings.envs, workers, threads, plan.agents, autoreset_mode="Disabled", timeout=None)
    for name, value in (("weights", settings.weights), ("workers", workers)):
        if value:
            raise InvalidInput(f"{name}: environments of other packages, such as {scene.id}, have none")
    return ForeignBatch(scene, settings.envs)


def _lasting(scene: str) -> str:
    """Return how a scene is written in any folder."""
    return str(as_path(scene)) if scene.endswith(".toml") else scene


def _widen(policy: NetworkPolicy, interface: Interface) -> NetworkPolicy:
    """Return a policy that observes all fields of an agent and minds those that it knows; itself if it knows others."""
    own = policy.interface
    if own is None or own.actuators != interface.actuators or not set(own.fields) < set(interface.fields):
        return policy
    places = [interface.fields.index(name) for name in own.fields]
    if len(set(places)) < len(own.fields):
        return policy
    first = policy.tensors["layers.0.weight"]
    wide = {
        "mean": np.zeros(len(interface.fields), np.float32),
        "scale": np.ones(len(interface.fields), np.float32),
        "layers.0.weight": np.zeros((len(first), len(interface.fields)), np.float32),
    }
    for name, tensor in wide.items():
        tensor[..., places] = policy.tensors[name]
    return NetworkPolicy(policy.tensors | wide, file=policy.file, discrete=policy.discrete)
