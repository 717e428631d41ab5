"""Environments of other packages are trained in, evaluated, and verified like scenes."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from click.testing import CliRunner
from gymnasium.spaces import Box, Dict, Discrete

import roboschool
from roboschool import InvalidInput
from roboschool.cli.main import main
from roboschool.envs.foreign import ForeignEnv, find_packages, is_foreign, open_scene
from roboschool.evaluation import evaluate
from roboschool.learning.settings import Settings
from roboschool.learning.training import POLICY, Training, plan_of
from roboschool.policies.network import NetworkPolicy
from roboschool.results.entry import Credit, make_row, read_training
from roboschool.results.row_file import write_row
from roboschool.results.verification import FAILED, RE_EVALUATED, REPLAYED, verify

SMALL = Settings(envs=4, rollout=32, hidden=(8,), epochs=2, minibatches=2)


class Toy(gymnasium.Env[Any, Any]):
    """Ends after 5 steps; the spaces are given, and so is whether its reward follows from its seed to the last bit."""

    def __init__(self, seen: Any = None, driven: Any = None, exact: bool = True) -> None:
        self.observation_space = Box(-1.0, 1.0, (2,)) if seen is None else seen
        self.action_space = Discrete(3, start=5) if driven is None else driven
        self.exact, self.taken = exact, list[Any]()

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.observation_space.seed(seed)
        self.taken = []
        return self.observation_space.sample(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        assert self.action_space.contains(action)
        self.taken.append(action)
        reward = self.np_random.normal()
        if not self.exact:
            reward += 1e-3 * np.random.default_rng().random()
        return self.observation_space.sample(), float(reward), len(self.taken) == 5, False, {}


@pytest.fixture(autouse=True)
def toys() -> Any:
    kinds: dict[str, dict[str, Any]] = {
        "Toy-v0": {},
        "ToyLoose-v0": {"exact": False},
        "ToyCases-v0": {"seen": Discrete(4), "driven": Box(-2.0, 6.0, (2,))},
        "ToyPictures-v0": {"seen": Box(0, 255, (8, 8, 3), np.uint8)},
        "ToyWords-v0": {"seen": Dict({"a": Discrete(2)})},
        "ToyUnbounded-v0": {"driven": Box(-np.inf, np.inf, (2,))},
    }
    for name, arguments in kinds.items():
        gymnasium.register(name, entry_point=Toy, kwargs=arguments, max_episode_steps=20)
    yield
    for name in kinds:
        del gymnasium.registry[name]


def test_ids_of_others_are_told_from_ours() -> None:
    assert all(map(is_foreign, ("CartPole-v1", "ALE/Pong-v5", "Toy-v0")))
    assert not any(map(is_foreign, ("hopper", "roboschool/Hopper-v1", "RoboschoolHopper-v1", "a:B-v1", "../a-v1", 3)))
    assert isinstance(open_scene("roboschool/Hopper-v1"), roboschool.Scene)


@pytest.mark.parametrize(
    ("name", "options", "text"),
    [
        ("Nothing-v7", {}, "environment 'Nothing-v7' cannot be made: .*doesn't exist"),
        ("CartPole-v9", {}, "cannot be made: .*v1"),
        ("Toy-v0", {"colour": 3}, "cannot be made: TypeError: .*unexpected keyword argument 'colour'"),
        ("Toy-v0", {"variant": {"body": 3}}, "'variant' is no option of an environment of another package"),
        ("ToyPictures-v0", {}, r"its observations are Box.*\(8, 8, 3\).*, not one row of numbers, and not Discrete"),
        ("ToyWords-v0", {}, "its observations are Dict"),
        ("ToyUnbounded-v0", {}, "its actions are .*, and have no bounds"),
        ("Toy-v0", {"max_episode_steps": 10**7}, "up to 10000000 steps, more than 100000"),
    ],
)
def test_what_does_not_fit_is_refused(name: str, options: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidInput, match=text):
        open_scene(name, **options)


def test_actions_are_choices_or_scaled_to_the_bounds() -> None:
    choosing, driving = (ForeignEnv(open_scene(name)) for name in ("Toy-v0", "ToyCases-v0"))
    choosing.reset(seed=0)
    choosing.step(np.array([0.1, 0.3, -0.2]))
    choosing.step(np.int64(2))
    assert choosing.env.unwrapped.taken == [6, 7]
    observation, _ = driving.reset(seed=0)
    assert sorted(observation) == [0.0, 0.0, 0.0, 1.0]
    driving.step(np.array([-1.0, 0.0]))
    driving.step(np.array([9.0, 0.5]))
    assert np.array_equal(driving.env.unwrapped.taken, [[-2.0, 2.0], [6.0, 4.0]])
    for wrong in ([0.0], [np.nan, 0.0]):
        with pytest.raises(InvalidInput, match=r"ToyCases-v0: an action"):
            driving.step(np.array(wrong))


def test_a_training_with_choices_is_continued_to_the_same_bits(tmp_path: Path) -> None:
    plan = plan_of("CartPole-v1", {}, SMALL, seed=3, steps=4096)
    for folder, updates in (("straight", 4), ("broken", 2)):
        training = Training.begin(plan, tmp_path / folder)
        for _ in range(updates):
            training.update()
        training.save()
    again = Training.resume("CartPole-v1", tmp_path / "broken", None)
    for _ in range(2):
        again.update()
    again.save()
    assert (tmp_path / "straight" / POLICY).read_bytes() == (tmp_path / "broken" / POLICY).read_bytes()
    for text, given in (("weights", {"weights": {"alive": 1.0}}), ("workers", {})):
        with pytest.raises(InvalidInput, match=f"{text}: environments of other packages, such as CartPole-v1"):
            Training(dataclasses.replace(plan, settings=dataclasses.replace(SMALL, **given)), tmp_path / "x", 1)


def test_the_file_of_a_policy_says_that_it_chooses(tmp_path: Path) -> None:
    tensors = {"mean": np.zeros(4), "scale": np.ones(4), "layers.0.weight": 9 * np.eye(2, 4), "layers.0.bias": [0, 0]}
    NetworkPolicy(tensors, discrete=True).save(tmp_path / "policy.safetensors")
    policy = roboschool.load_policy(tmp_path / "policy.safetensors")
    env = gymnasium.make("CartPole-v1")
    env.reset(seed=0)
    env.step(policy.act(np.array([0.0, 0.5, 0.0, 0.0])))
    assert [int(policy.act(np.array(row))) for row in ([1, 2, 0, 0], [2, 1, 0, 0])] == [1, 0]
    assert policy.act(np.ones((7, 4))).shape == (7,)
    assert evaluate(policy, "CartPole-v1", 2).falls is None
    one = {"mean": np.zeros(5), "scale": np.ones(5), "layers.0.weight": np.eye(1, 5), "layers.0.bias": [0]}
    with pytest.raises(InvalidInput, match="one of several choices, and the agent takes a number for each actuator"):
        evaluate(NetworkPolicy(one, discrete=True), "inverted_pendulum", 1)


def add(folder: Path, name: str, episodes: int) -> Path:
    scene = open_scene(name)
    tensors = {"mean": np.zeros(2), "scale": np.ones(2), "layers.0.weight": np.eye(3, 2), "layers.0.bias": np.zeros(3)}
    NetworkPolicy(tensors, discrete=True).save(folder / "policy.safetensors")
    credit = Credit(who="A. Person", algorithm="none", scene=scene.id)
    row = make_row([read_training(str(folder))], credit, folder / "rows", episodes)
    write_row(folder / "rows" / f"{name}.json", row)
    return folder / "rows" / f"{name}.json"


def test_rows_are_replayed_and_a_forged_one_is_found(tmp_path: Path) -> None:
    path = add(tmp_path, "Toy-v0", 5)
    assert verify(path).status == REPLAYED
    raw = json.loads(path.read_text())
    raw["runs"][0]["episodes"][3]["end"] = "0" * 32
    path.write_text(json.dumps(raw))
    assert verify(path).status == FAILED


def test_rows_of_environments_that_are_not_exact_are_re_evaluated(tmp_path: Path) -> None:
    found = verify(add(tmp_path, "ToyLoose-v0", 60))
    assert found.status == RE_EVALUATED, found.faults
    assert found.notes == ("episodes of ToyLoose-v0 are not exact: twice the same gives other bits here",)


def test_rows_tell_versions_of_what_they_depend_on() -> None:
    assert find_packages("CartPole-v1") == ["gymnasium"]
    assert find_packages("Toy-v0") == []


def test_the_commands_take_an_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def say(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(main, list(arguments))
        assert done.exit_code == code, done.output
        return done.output

    few = [arg for key in ("envs=4", "rollout=16", "hidden=[8]") for arg in ("--set", key)]
    say("train", "MountainCarContinuous-v0", "--steps", "64", "--episodes", "0", *few, "--set", "goal_velocity=0.01")
    policy = "runs/MountainCarContinuous-v0/policy.safetensors"
    assert "over 1 episodes" in say("evaluate", policy, "--episodes", "1")
    assert "unknown scene" in say("train", "CartPole", code=1)
    assert "--html: it shows scenes of Roboschool" in say("film", "CartPole-v1", "--html", "a.html", code=1)
