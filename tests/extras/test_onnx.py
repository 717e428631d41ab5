"""A policy that is exported as ONNX acts as it does here."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from folders import ROOT

from roboschool.cli.main import main
from roboschool.policies.network import NetworkPolicy, read_network

onnxruntime = pytest.importorskip("onnxruntime")
DOG = ROOT / "assets" / "dog" / "policies" / "dog_velocity.safetensors"


def run(path: Path, observations: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (actions,) = session.run(["action"], {"observation": observations})
    return np.asarray(actions)


def test_actions_are_equal_and_the_file_beside_it_says_what_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "dog.onnx"
    CliRunner().invoke(
        main, ["export", str(DOG), "--onnx", str(path), "--scene", "dog_velocity"], catch_exceptions=False
    )
    policy = read_network(DOG)
    observations = np.random.default_rng(0).normal(size=(100, len(policy.mean))).astype(np.float32) * 3.0
    assert run(path, observations) == pytest.approx(policy.act(observations), abs=2e-6)
    card = json.loads(path.with_suffix(".json").read_text())
    assert len(card["fields"]) == len(policy.mean)
    assert [each["joint"] for each in card["actuators"]] == list(policy.interface.actuators if policy.interface else ())
    assert card["timestep"] > 0.0


def test_a_discrete_policy_chooses_alike(tmp_path: Path) -> None:
    from roboschool.policies.onnx_model import make_onnx_model

    rng = np.random.default_rng(1)
    tensors = {
        "mean": np.zeros(3),
        "scale": np.ones(3),
        "layers.0.weight": rng.normal(size=(4, 3)),
        "layers.0.bias": np.zeros(4),
    }
    policy = NetworkPolicy(tensors, discrete=True)
    path = tmp_path / "choice.onnx"
    path.write_bytes(make_onnx_model(policy))
    observations = rng.normal(size=(50, 3)).astype(np.float32)
    assert run(path, observations).tolist() == policy.act(observations).tolist()
