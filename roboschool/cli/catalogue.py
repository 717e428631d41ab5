"""What there is: robots and scenes."""

import json

import click

from roboschool import files
from roboschool.envs.spaces import observation_space
from roboschool.robot import load_robot
from roboschool.scene import load_scene


def print_catalogue(as_json: bool) -> None:
    """Print robots and scenes, as tables or as JSON.

    Raises:
        InvalidInput: one of them is wrong.
    """
    robots = [
        {"name": name, "joints": len(robot.joints), "feet": len(robot.feet), "mass": round(robot.mass, 3)}
        for name in sorted(files.robots())
        for robot in [load_robot(name)]
    ]
    scenes = [
        {
            "name": name,
            "id": scene.id,
            "agents": [agent.name for agent in scene.agents],
            "observation": [int(observation_space(agent).shape[0]) for agent in scene.agents],
            "action": [len(agent.robot.joints) for agent in scene.agents],
            "steps": scene.steps,
            "threshold": scene.threshold,
            "policy": name in files.policies(),
            "summary": scene.summary,
        }
        for name in sorted(files.scenes())
        for scene in [load_scene(name)]
    ]
    if as_json:
        click.echo(json.dumps({"robots": robots, "scenes": scenes}, indent=2))
        return
    click.echo(f"{'robot':16}{'joints':>7}{'feet':>6}{'mass [kg]':>11}")
    for robot in robots:
        click.echo(f"{robot['name']:16}{robot['joints']:>7}{robot['feet']:>6}{robot['mass']:>11.3f}")
    click.echo(f"\n{'scene':18}{'Gymnasium id':32}{'agents':>6}{'obs':>5}{'act':>5}  summary")
    for scene in scenes:
        seen, act = (str(max(scene[key])) for key in ("observation", "action"))  # type: ignore[type-var]
        count = len(scene["agents"])  # type: ignore[arg-type]
        click.echo(f"{scene['name']:18}{scene['id']:32}{count:>6}{seen:>5}{act:>5}  {scene['summary']}")
