"""The training recipe: it learns, continues to the same bits, and refuses what it cannot use."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from safetensors.numpy import save_file

import roboschool
from roboschool import InvalidInput, paths
from roboschool.cli.main import main
from roboschool.envs import thread_warning
from roboschool.learning import settings as presets
from roboschool.learning.curve import Row, read_curve
from roboschool.learning.settings import Settings, preset
from roboschool.learning.training import CHECKPOINT, CURVE, POLICY, Training, plan_of
from roboschool.readers import read_tensors

SMALL = Settings(envs=8, rollout=16, hidden=(8,), epochs=2, minibatches=2)
FEW = [arg for key in ("envs=8", "rollout=16", "hidden=[8]", "epochs=2") for arg in ("--set", key)]


def command(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(main, list(arguments))
    assert done.exit_code == code, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit), "a traceback"
    return done.output


def begin(folder: Path, scene: str = "inverted_pendulum", settings: Settings = SMALL, **more: Any) -> Training:
    return Training.begin(plan_of(scene, {}, settings, seed=3, steps=4096, shared="shared" in more), folder)


def tensors(folder: Path) -> dict[str, np.ndarray]:
    return read_tensors(folder / CHECKPOINT, 2**30)[1]


def assert_same(one: Path, other: Path) -> None:
    ours, theirs = tensors(one), tensors(other)
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        assert np.array_equal(value, theirs[name]), name
    assert (one / POLICY).read_bytes() == (other / POLICY).read_bytes()


def test_it_learns_to_balance(tmp_path: Path) -> None:
    settings = Settings(envs=16, rollout=64, hidden=(32, 16), lr=2e-3, epochs=5)
    training = Training.begin(plan_of("inverted_pendulum", {}, settings, seed=0, steps=15_000), tmp_path)
    rows = []
    while not training.finished:
        rows.append(training.update())
    training.save()
    training.close()
    early, late = rows[1].episode_return, rows[-1].episode_return
    assert early is not None
    assert late is not None
    assert late > 3.0 * early
    assert read_curve(tmp_path / CURVE, 15_360)[-1].steps == rows[-1].steps == 15_360
    with Image.open(tmp_path / "curve.png") as picture:
        assert picture.size == (840, 432)
    policy = roboschool.load_policy(tmp_path / POLICY)
    assert policy.interface == roboschool.load_policy("inverted_pendulum").interface


@pytest.mark.parametrize(("scene", "workers", "threads"), [("hopper", 2, None), ("ants", 0, 2)])
def test_a_resumed_training_comes_to_the_same_bits(scene: str, workers: int, threads: int, tmp_path: Path) -> None:
    """Hoppers fall within a rollout, so episodes have begun at different times."""
    straight = begin(tmp_path / "straight", scene)
    for _ in range(5):
        straight.update()
    straight.save()
    straight.close()
    broken = begin(tmp_path / "broken", scene)
    for _ in range(2):
        broken.update()
    broken.save()
    broken.update()  # lost
    broken.close()
    again = Training.resume(scene, tmp_path / "broken", None, workers, threads)
    assert [row.steps for row in again.rows] == [128, 256]
    for _ in range(3):
        again.update()
    again.save()
    again.close()
    assert_same(tmp_path / "straight", tmp_path / "broken")


def test_one_policy_learns_for_all_agents(tmp_path: Path) -> None:
    training = begin(tmp_path / "ants", "ants")
    assert training.plan.agents == ("ant_0", "ant_1", "ant_2", "ant_3")
    training.close()
    assert plan_of("pong", {}, SMALL, 0, 1).agents == ("paddle_0",), "the other follows the scene's policy"
    assert plan_of("pong", {}, SMALL, 0, 1, shared=True).agents == ("paddle_0", "paddle_1")
    with pytest.raises(InvalidInput, match="differ in robot or task"):
        plan_of("mixed_sumo", {}, SMALL, 0, 1, shared=True)
    with pytest.raises(InvalidInput, match="envs: 7 rows cannot be shared by 4 agents"):
        plan_of("ants", {}, replace(SMALL, envs=7), 0, 1)


def test_a_start_may_observe_fewer_fields(tmp_path: Path) -> None:
    start, settings = roboschool.load_policy("dog_velocity"), {"hidden": (128, 64), "start": "dog_velocity"}
    training = Training.begin(plan_of("dog_rough", {}, replace(SMALL, **settings), 0, 128), tmp_path)
    observation = np.random.default_rng(0).normal(size=len(training.interface.fields))
    known = [training.interface.fields.index(name) for name in start.interface.fields]
    assert len(known) == 48 < len(observation) == 175
    assert training.learner.policy().act(observation) == pytest.approx(start.act(observation[known]), abs=1e-5)
    training.close()


def test_rows_of_agents_that_have_ended_do_not_count(tmp_path: Path) -> None:
    training = begin(tmp_path, "ants")
    episodes = training.episodes
    for _ in range(200):
        before = episodes.live.copy()
        outcome = episodes.step(np.random.default_rng(0).uniform(-1.0, 1.0, (8, 8)).astype(np.float32))
        assert not outcome.reward[~before].any()
        assert (outcome.terminated | outcome.truncated)[~before].all()
    training.close()
    assert all(length > 0 for _, length in episodes.finished)


def test_the_command_trains_resumes_and_evaluates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = command(
        "train", "inverted_pendulum", "--steps", "256", "--seed", "5", "--episodes", "3", *FEW, "--set", "gravity=3.0"
    )
    assert "over 3 episodes" in said
    folder = tmp_path / "runs" / "inverted_pendulum"
    card = json.loads((folder / "policy.json").read_text())
    assert (card["scene"], card["steps"], card["seed"]) == ("roboschool/InvertedPendulum-v1", 256, 5)
    assert card["recipe"]["options"] == {"gravity": 3.0}
    assert card["recipe"]["settings"]["hidden"] == [8]
    command("train", "inverted_pendulum", "--resume", "--steps", "512", "--episodes", "1")
    assert json.loads((folder / "policy.json").read_text())["steps"] == 512
    assert "over 2 episodes" in command("evaluate", str(folder / POLICY), "--episodes", "2")
    assert "holds a training" in command("train", "inverted_pendulum", code=1)
    assert "a training of roboschool/InvertedPendulum-v1" in command(
        "train", "hopper", "--resume", "-o", str(folder), code=1
    )
    assert "leave out --seed, --set" in command(
        "train", "inverted_pendulum", "--resume", "--seed", "1", "--set", "lr=0.1", code=1
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["hoper"], ["unknown scene 'hoper'", "did you mean 'hopper'"]),
        (["hopper", "--set", "epoch=3"], ["--set: unknown setting", "'epochs'"]),
        (["hopper", "--set", "epochs=0", "--set", 'lr="fast"'], ["2 faults", "epochs", "lr"]),
        (["hopper", "--set", "weights={alife=1.0}"], ["alife", "did you mean 'alive'"]),
        (["hopper", "--set", 'start="ant"'], ["start", "observes 28 numbers"]),
        (["hopper", "--out", "file"], ["file: not a folder"]),
        (["hopper", "--out", "/proc/runs"], ["/proc/runs: no such folder can be made"]),
        (["hopper", "--resume"], [CHECKPOINT, "no such file"]),
        (["mixed_sumo", "--shared"], ["differ in robot or task"]),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    said = command("train", *arguments, code=1)
    assert said.count("\n") == 1
    for word in words:
        assert word in said


def test_damaged_checkpoints_are_refused(tmp_path: Path) -> None:
    training = begin(tmp_path)
    training.update()
    training.save()
    training.close()
    file = tmp_path / CHECKPOINT
    metadata, good = read_tensors(file, 2**30)

    def refused(words: str, tensors: dict[str, np.ndarray], **changed: str) -> None:
        save_file(tensors, file, metadata | changed)
        with pytest.raises(InvalidInput, match=words):
            Training.resume("inverted_pendulum", tmp_path, None)

    refused("its format is 'roboschool-training-0'", good, format="roboschool-training-0")
    refused("unknown key 'plan.stepz'", good, training=metadata["training"].replace('"steps"', '"stepz"', 1))
    refused("holds other tensors", {name: value for name, value in good.items() if name != "rng.learner"})
    refused("learner.discounted is float64", good | {"learner.discounted": np.zeros(9)})
    refused("not finite", good | {"learner.discounted": np.full(8, np.nan)})
    refused("episodes.age is not within", good | {"episodes.age": np.full(8, -1)})
    refused("do not repeat here", good | {"episodes.seeds": good["episodes.seeds"] + 1})
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(InvalidInput, match="not a safetensors file"):
        Training.resume("inverted_pendulum", tmp_path, None)


def test_ctrl_c_saves_and_says_how_to_continue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    update = Training.update

    def interrupted(self: Training) -> Row:
        if self.rows:
            os.kill(os.getpid(), signal.SIGINT)
        return update(self)

    monkeypatch.setattr(Training, "update", interrupted)
    monkeypatch.chdir(tmp_path)
    said = command("train", "inverted_pendulum", *FEW, "-o", "run", code=130)
    assert "saved at 256 steps; to continue: roboschool train inverted_pendulum --resume --out run\n" in said
    again = Training.resume("inverted_pendulum", tmp_path / "run", None)
    assert [row.steps for row in again.rows] == [128, 256], "the update that was running is kept"
    again.close()


def test_a_killed_run_leaves_whole_files_and_continues(tmp_path: Path) -> None:
    code = "from roboschool.cli import train; train.SAVE_EVERY = 0.0; train.run_training(*{arguments})"
    arguments = "inverted_pendulum", None, None, None, 8, 0, None, ("rollout=2",), False, Path("run"), False
    script = f"from pathlib import Path, PosixPath; {code.format(arguments=arguments)}"
    with subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        process.stderr.readline()  # of the second time that files are written
        process.kill()
    training = Training.resume("inverted_pendulum", tmp_path / "run", None)
    assert training.rows
    training.update()
    training.close()
    assert roboschool.load_policy(tmp_path / "run" / POLICY).act(np.zeros(5)).shape == (1,)


def test_presets_are_read_from_the_policies_of_scenes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in paths.policies():
        chosen, steps = preset(name)
        assert steps > 0
        assert set(chosen) == set(asdict(Settings()))
    assert preset("humanoid")[0]["hidden"] == (256, 128)
    assert preset("soccer") == (asdict(Settings()), presets.STEPS)
    card = tmp_path / "ant.json"
    card.write_text(json.dumps({"steps": 5, "recipe": {"settings": {"epoch": 3}}}))
    monkeypatch.setattr(presets, "policies", lambda: {"ant": tmp_path / "ant.safetensors"})
    with pytest.raises(InvalidInput, match=r"ant.json: recipe.settings: unknown key 'epoch'; did you mean 'epochs'"):
        preset("ant")


@pytest.mark.parametrize(("missing", "user"), [("torch", "ppo"), ("matplotlib.figure", "curve")])
def test_what_is_missing_is_said_with_the_extra(missing: str, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    for name in ("roboschool.cli.train", "roboschool.learning.training", f"roboschool.learning.{user}"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    said = command("train", "hopper", code=1)
    assert said == f"Error: training needs {missing.partition('.')[0]}: pip install 'roboschool2[train]'\n"


def test_networks_that_diverge_are_said_so(tmp_path: Path) -> None:
    training = begin(tmp_path, settings=replace(SMALL, lr=1.0))
    training.learner.log_std.data += np.nan
    with pytest.raises(InvalidInput, match="have diverged"):
        training.update()
    training.close()


def test_threads_of_torch_beside_ours_are_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    thread_warning._warn.cache_clear()
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    for threads in (1, 2, 2):
        env = roboschool.VectorEnv("hopper", 2, num_threads=threads)
        env.reset(seed=0)
        env.close()
        assert [record.message[:22] for record in caplog.records] == ["torch uses 3 threads, "] * (threads > 1)
    torch.set_num_threads(before)
