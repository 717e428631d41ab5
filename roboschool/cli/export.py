"""The command that writes a policy for other programs."""

import json
from pathlib import Path
from typing import Any

import click

from roboschool.errors import InvalidInput
from roboschool.paths import as_path


@click.command()
@click.argument("policy")
@click.option("--onnx", "file", metavar="FILE", required=True, help="Write an ONNX model, and a JSON file beside it.")
@click.option("--scene", help="Where it acts, for the JSON file; without, that has names only.")
def export(policy: str, file: str, scene: str | None) -> None:
    """Write a policy as an ONNX model, with all that another program needs to run it.

    The JSON file tells what is observed, in order, with units and bounds; the actuators with their numbers; and the
    rates. The model takes observations as they are: their mean and scale are in it.
    """
    from roboschool.policies.network import CARD_SUFFIX, NetworkPolicy
    from roboschool.policies.onnx_model import make_onnx_model
    from roboschool.policies.resolve import load_policy, resolve_path
    from roboschool.writers import replace

    network = load_policy(resolve_path(policy))
    if not isinstance(network, NetworkPolicy):
        raise InvalidInput(f"{policy}: only policies in safetensors files can be written as ONNX")
    described = _describe(network, scene)
    path = Path(as_path(file))
    if path.suffix != ".onnx":
        raise InvalidInput(f"--onnx {file}: the name of the file ends with .onnx")
    replace(path, make_onnx_model(network))
    card = path.with_suffix(CARD_SUFFIX)
    replace(card, (json.dumps(described, indent=2) + "\n").encode())
    click.echo(f"{path}\n{card}")


def _describe(network: Any, scene: str | None) -> dict[str, Any]:
    """Return what the JSON file says.

    Raises:
        InvalidInput: the scene is unknown, or the policy does not fit its first agent.
    """
    names = network.interface
    described: dict[str, Any] = {
        "input": "observation: float32 (batch, fields)",
        "output": "action: float32 (batch, actuators), -1 to 1",
        "fields": list(names.fields) if names else len(network.mean),
        "actuators": list(names.actuators) if names else network.joints,
    }
    if scene is None:
        return described
    from roboschool.envs.spaces import vector_space
    from roboschool.mdp.task import fields_of
    from roboschool.policies.resolve import check_fit
    from roboschool.scenes.loader import load_scene

    loaded = load_scene(scene)
    agent = loaded.agents[0]
    check_fit(network, loaded.interface(agent), f"scene {loaded.name!r}")
    space, robot = vector_space(loaded, agent), agent.robot
    bounds = zip(fields_of(agent.task, loaded.info), space.low.tolist(), space.high.tolist(), strict=True)
    described["fields"] = [
        {"name": field.name, "unit": field.unit, "low": low, "high": high} | _pick(field) for field, low, high in bounds
    ]
    drives = zip(robot.joints, robot.actuators, robot.torque, robot.pose, strict=True)
    described["actuators"] = [
        {"joint": joint.name, "actuator": str(actuator), "effort": effort, "rest": rest, "limits": joint.range}
        for joint, actuator, effort, rest in drives
    ]
    return described | {
        "robot": robot.name,
        "timestep": loaded.timestep,  # between two actions [s]
        "substeps": loaded.substeps,
        "hold": agent.hold,
    }


def _pick(field: Any) -> dict[str, Any]:
    """Return where a number is in the state, and what it is scaled with: (number - offset) x scale."""
    if field.pick is None:
        return {}
    pick = field.pick
    return {"quantity": pick.quantity, "index": list(pick.index), "offset": pick.offset, "scale": pick.scale}
