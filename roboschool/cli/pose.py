"""Pose: a slider for every joint of a robot in a browser, and the table that its card wants."""

import json
import math
import re
import time
from contextlib import closing
from typing import Any

import click

from roboschool.cli.live_server import Wanted, open_server
from roboschool.mdp.effects import Placement
from roboschool.physics.checkpoint import Start
from roboschool.physics.worlds import World
from roboschool.rendering.live_scene import LiveScene
from roboschool.robots.robot import Robot, load_robot
from roboschool.robots.urdf import Joint
from roboschool.scenes.scene import Agent, Scene
from roboschool.tasks.run import Run

PAUSE = 0.02  # between two looks at what is wanted [s]
CONTINUOUS_RANGE = math.pi  # the slider of a continuous joint goes this far to either side [rad]
ANGLE_DIGITS, SLIDE_DIGITS = 1, 4  # behind the point, in a card
BARE = re.compile(r"[A-Za-z0-9_-]+")  # keys that TOML takes without quotes
HINT = "The marks are the rest pose of the card. The mouse turns the view."


def run_pose(source: str, host: str, port: int) -> None:
    """Show a robot until interrupted.

    Raises:
        InvalidInput: the robot is unknown or wrong, viser is not installed, or the port is taken.
    """
    robot = load_robot(source)
    with closing(Figure(robot)) as figure, open_server(host, port, f"Roboschool: {robot.name}") as server:
        page = PosePage(server, figure)
        while True:
            page.handle()
            time.sleep(PAUSE)


class Figure:
    """A robot that stands on the ground as its joints are put.

    Raises:
        InvalidInput: Bullet cannot load the robot.
    """

    def __init__(self, robot: Robot) -> None:
        self.robot = robot
        self.scene = Scene("pose", "One robot, to be posed.", (Agent("robot_0", Run(robot), noise=0.0),))
        self.rest = {joint.name: rest for joint, rest in zip(robot.joints, robot.pose, strict=True)}
        self.positions = dict(self.rest)  # [rad, or m for a slide]
        self.world = World(self.scene)

    def move(self, name: str, shown: float) -> None:
        """Move a joint, within its limits [deg, or m for a slide]."""
        joint = next(joint for joint in self.robot.joints if joint.name == name)
        lower, upper = _range(joint)
        position = shown if joint.kind == "prismatic" else math.radians(shown)
        self.positions[name] = min(max(position, lower), upper)

    def relax(self) -> None:
        """Take the rest pose."""
        self.positions = dict(self.rest)

    def stand(self) -> float:
        """Put the robot on the ground; return the height of its trunk [m]."""
        self.world.reset(Start((Placement((0.0, 0.0), 0.0, tuple(self.positions.values())),)))
        return float(self.world.read(0)[0]["position"][2])

    def table(self) -> str:
        """Return the `[pose]` of a card; what is not in it is at zero."""
        lines = [f"[pose]  # [deg, or m for a slide]; standing_height = {self.stand():.3f}"]
        for joint in self.robot.joints:
            number = _rounded(joint, self.positions[joint.name])
            if number:
                lines.append(f"{joint.name if BARE.fullmatch(joint.name) else json.dumps(joint.name)} = {number}")
        return "\n".join(lines)

    def close(self) -> None:
        """Free the world."""
        self.world.close()


class PosePage:
    """A page with a figure, its sliders, and what its card should say; `handle` does what browsers ask for.

    Args:
        server: `viser.ViserServer`.
        figure: to be posed.

    Raises:
        InvalidInput: there is no native library, or a mesh has been changed since its URDF was read.
    """

    def __init__(self, server: Any, figure: Figure) -> None:
        self.figure, self.wanted, robot = figure, Wanted(), figure.robot
        self._live = LiveScene(server, figure.scene)
        server.gui.add_markdown(f"**{robot.name}**: {HINT}")
        if robot.passive_joints:
            server.gui.add_markdown(f"Without a motor: {', '.join(robot.passive_joints)}")
        for label, act in (("rest pose", self._relax), ("print [pose]", self._print)):
            server.gui.add_button(label).on_click(lambda _, act=act: self.wanted.add(act))
        self._text = server.gui.add_markdown("")
        self._sliders = {
            joint.name: self._add_slider(server.gui, joint, torque)
            for joint, torque in zip(robot.joints, robot.torque, strict=True)
        }
        self._show()

    def _add_slider(self, gui: Any, joint: Joint, torque: float) -> Any:
        lower, upper, rest = (
            round(joint.shown(position), _digits(joint)) for position in (*_range(joint), self.figure.rest[joint.name])
        )
        unit, force = ("m", "N") if joint.kind == "prismatic" else ("°", "N m")
        limits = "continuous" if joint.lower is None else f"{_shown(joint, lower)} to {_shown(joint, upper)}"
        slider = gui.add_slider(
            f"{joint.name} [{unit}]",
            *(lower, upper, 10.0 ** -_digits(joint), rest),
            marks=((rest, _shown(joint, rest)),),
            hint=f"{limits}, {torque:g} {force}",
        )

        def moved(event: Any) -> None:
            if event.client is not None:  # a person has moved it
                self.wanted.add(lambda: self.figure.move(joint.name, slider.value))

        slider.on_update(moved)
        return slider

    def handle(self) -> None:
        """Do what was asked for since the last time."""
        if self.wanted.handle():
            self._show()

    def _show(self) -> None:
        height, robot = self.figure.stand(), self.figure.robot
        self._live.show(self.figure.world.capture())
        text = f"standing_height of the trunk, {robot.trunk!r}: {height:.3f} m"
        self._text.content = f"{text}\n\n```\n{self.figure.table()}\n```"

    def _relax(self) -> None:
        self.figure.relax()
        for joint in self.figure.robot.joints:
            self._sliders[joint.name].value = round(joint.shown(self.figure.rest[joint.name]), _digits(joint))

    def _print(self) -> None:
        click.echo(self.figure.table())


def _range(joint: Joint) -> tuple[float, float]:
    """Return how far a slider goes [rad, or m for a slide]."""
    lower = -CONTINUOUS_RANGE if joint.lower is None else joint.lower
    return lower, CONTINUOUS_RANGE if joint.upper is None else joint.upper


def _digits(joint: Joint) -> int:
    return SLIDE_DIGITS if joint.kind == "prismatic" else ANGLE_DIGITS


def _rounded(joint: Joint, position: float) -> float:
    """Return a joint's position as a card has it [deg, or m for a slide], still within the limits."""
    lower, upper = _range(joint)
    number, step = round(joint.shown(position), _digits(joint)), 10.0 ** -_digits(joint)
    if number > joint.shown(upper):
        number = round(number - step, _digits(joint))
    if number < joint.shown(lower):
        number = round(number + step, _digits(joint))
    return number


def _shown(joint: Joint, number: float) -> str:
    return f"{number:.3f} m" if joint.kind == "prismatic" else f"{number:.1f}°"
