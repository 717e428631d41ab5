"""Pose: a slider for every joint of a robot, and the table that its card wants."""

import contextlib
import json
import math
import re
from collections.abc import Callable
from typing import Any

import click

from roboschool.mdp.effects import Placement
from roboschool.physics.checkpoint import Start
from roboschool.physics.worlds import World
from roboschool.rendering.camera import Camera
from roboschool.rendering.window import GREY, INK, PAPER, open_root
from roboschool.robots.robot import Robot, load_robot
from roboschool.robots.urdf import Joint
from roboschool.scenes.scene import Agent, Scene
from roboschool.tasks.run import Run

LISTEN = 200  # [ms]
PICTURE = (600, 520)  # width and height [pixels]
TURN = math.radians(-35.0)  # how the robot stands at first [rad]
DRAG = math.radians(0.5)  # how far it turns when the picture is dragged by a pixel [rad]
TRACK, ROW = 220, 24  # length of a slider and height of its row [pixels]
KNOB, MARK = 6, 10  # half their sizes [pixels]
ROWS = 30  # of sliders, below each other at most
CONTINUOUS_RANGE = math.pi  # the slider of a continuous joint goes this far to either side [rad]
ANGLE_DIGITS, SLIDE_DIGITS = 1, 4  # behind the point, in a card
KNOB_COLOUR, MARK_COLOUR, LINE_COLOUR = "#3b6fb5", "#e0574a", "#b9c0c5"
BARE = re.compile(r"[A-Za-z0-9_-]+")  # keys that TOML takes without quotes


def run_pose(source: str) -> None:
    """Show a robot until its window is closed.

    Raises:
        InvalidInput: the robot is unknown or wrong, or there is no display.
    """
    tool = PoseTool(load_robot(source))

    def listen() -> None:  # Python hears Ctrl-C only when it runs
        tool.root.after(LISTEN, listen)

    try:
        listen()
        tool.root.mainloop()
    finally:
        tool.close()


class Slider:
    """A joint's position on a line between its limits, with a mark where it rests."""

    def __init__(self, parent: Any, joint: Joint, rest: float, moved: Callable[[], None]) -> None:
        import tkinter

        self.joint, self.rest, self.moved = joint, rest, moved
        self.lower = -CONTINUOUS_RANGE if joint.lower is None else joint.lower
        self.upper = CONTINUOUS_RANGE if joint.upper is None else joint.upper
        self.position = rest  # [rad, or m for a slide]
        self.canvas = tkinter.Canvas(
            parent, width=TRACK + 2 * KNOB, height=ROW, background=PAPER, highlightthickness=0, cursor="hand2"
        )
        middle = ROW / 2
        self.canvas.create_line(KNOB, middle, KNOB + TRACK, middle, fill=LINE_COLOUR, width=3, capstyle="round")
        at = self._place(rest)
        self.canvas.create_line(at, middle - MARK, at, middle + MARK, fill=MARK_COLOUR, width=2)
        self.knob = self.canvas.create_oval(0, 0, 0, 0, fill=KNOB_COLOUR, outline=PAPER)
        self.value = tkinter.Label(parent, width=9, anchor="e", background=PAPER, foreground=INK)
        for event in ("<Button-1>", "<B1-Motion>"):
            self.canvas.bind(event, lambda e: self.set(self.lower + (e.x - KNOB) / TRACK * (self.upper - self.lower)))
        self.canvas.bind("<Double-Button-1>", lambda _: self.set(self.rest))
        self._draw()

    def set(self, position: float) -> None:
        """Move the joint, within its limits [rad, or m for a slide]."""
        self.position = min(max(position, self.lower), self.upper)
        self._draw()
        self.moved()

    def _place(self, position: float) -> float:
        return KNOB + TRACK * (position - self.lower) / max(self.upper - self.lower, 1e-9)

    def _draw(self) -> None:
        at, middle = self._place(self.position), ROW / 2
        self.canvas.coords(self.knob, at - KNOB, middle - KNOB, at + KNOB, middle + KNOB)
        self.value.configure(text=_written(self.joint, self.position))


class PoseTool:
    """A window with a robot, its sliders, and what its card should say.

    Raises:
        InvalidInput: there is no display, or Bullet cannot load the robot.
    """

    def __init__(self, robot: Robot) -> None:
        self.robot = robot
        self.root = open_root(f"Roboschool: pose of {robot.name}")
        import tkinter

        self.turn, self.dragged = TURN, 0  # heading [rad], and where the mouse was last [pixels]
        scene = Scene("pose", "One robot, to be posed.", (Agent("robot_0", Run(robot), noise=0.0),))
        self.world, self.camera = World(scene), Camera(scene, *PICTURE)
        self.photo = tkinter.PhotoImage(master=self.root, width=PICTURE[0], height=PICTURE[1])
        left, right = (tkinter.Frame(self.root, background=PAPER) for _ in range(2))
        left.grid(row=0, column=0, sticky="n")
        right.grid(row=0, column=1, sticky="n", padx=8, pady=8)
        self.sliders = self._lay_out_sliders(right)
        self.height_label = self._lay_out_picture(left)
        self.root.resizable(False, False)
        self.root.bind("<Escape>", lambda _: self.root.destroy())
        self._waiting = False
        self.show()

    def _lay_out_sliders(self, frame: Any) -> dict[str, Slider]:
        import tkinter

        heads = ("joint", "", "limits", "", "position", "torque")
        sliders = {}
        for i, (joint, rest, torque) in enumerate(
            zip(self.robot.joints, self.robot.pose, self.robot.torque, strict=True)
        ):
            block, row = divmod(i, ROWS)
            if row == 0:
                for column, head in enumerate(heads):
                    label = tkinter.Label(frame, text=head, background=PAPER, foreground=GREY)
                    label.grid(row=0, column=6 * block + column)
            slider = Slider(frame, joint, rest, self._moved)
            unit = "N" if joint.kind == "prismatic" else "N m"
            texts = {
                0: joint.name,
                1: _limit(joint, joint.lower),
                3: _limit(joint, joint.upper),
                5: f"{torque:g} {unit}",
            }
            for column, text in texts.items():
                label = tkinter.Label(frame, text=text, background=PAPER, foreground=GREY if column else INK)
                label.grid(row=row + 1, column=6 * block + column, sticky="we"[column in (1, 5)], padx=3)
            slider.canvas.grid(row=row + 1, column=6 * block + 2)
            slider.value.grid(row=row + 1, column=6 * block + 4)
            sliders[joint.name] = slider
        return sliders

    def _lay_out_picture(self, frame: Any) -> Any:
        """Lay out picture, buttons and texts; return the label of the trunk's height."""
        import tkinter

        view = tkinter.Label(frame, image=self.photo, borderwidth=0, cursor="sb_h_double_arrow")
        view.pack()
        view.bind("<Button-1>", lambda e: self._grasp(e.x))
        view.bind("<B1-Motion>", lambda e: self._drag(e.x))
        bar = tkinter.Frame(frame, background=PAPER)
        bar.pack(fill="x", padx=8, pady=8)
        for text, command in (("rest pose", self.relax), ("copy [pose]", self.copy)):
            tkinter.Button(bar, text=text, command=command, takefocus=False).pack(side="left", padx=(0, 8))
        label = tkinter.Label(bar, background=PAPER, foreground=INK)
        label.pack(side="left")
        passive = f"without a motor: {', '.join(self.robot.passive_joints)}\n" if self.robot.passive_joints else ""
        hint = "The red marks are the rest pose of the card. Drag the picture to turn the robot."
        below = tkinter.Label(
            frame, text=passive + hint, background=PAPER, foreground=GREY, wraplength=PICTURE[0] - 16, justify="left"
        )
        below.pack(anchor="w", padx=8, pady=(0, 8))
        return label

    def show(self) -> None:
        """Place the robot as the sliders say, and take its picture."""
        self._waiting = False
        self.place(self.turn)
        self.camera.reset()
        picture = self.camera.picture(self.world.capture())
        self.photo.configure(data=b"P6 %d %d 255\n" % PICTURE + picture.tobytes(), format="PPM")
        self.height_label.configure(text=f"standing_height of the trunk, {self.robot.trunk!r}: {self.height:.3f} m")

    def place(self, turn: float) -> None:
        """Put the robot on the ground as the sliders say, with a heading [rad]."""
        joints = tuple(slider.position for slider in self.sliders.values())
        self.world.reset(Start((Placement((0.0, 0.0), turn, joints),)))

    @property
    def height(self) -> float:
        """Height of the trunk as the robot stands [m]."""
        return float(self.world.read(0)[0]["position"][2])

    def relax(self) -> None:
        """Take the rest pose."""
        for slider in self.sliders.values():
            slider.set(slider.rest)

    def copy(self) -> None:
        """Print the table and put it on the clipboard."""
        table = self.table()
        click.echo(table)
        self.root.clipboard_clear()
        self.root.clipboard_append(table)

    def table(self) -> str:
        """Return the `[pose]` of a card; what is not in it is at zero."""
        lines = [f"[pose]  # [deg, or m for a slide]; standing_height = {self.height:.3f}"]
        for name, slider in self.sliders.items():
            number = _rounded(slider)
            if number:
                lines.append(f"{name if BARE.fullmatch(name) else json.dumps(name)} = {number}")
        return "\n".join(lines)

    def close(self) -> None:
        """Free everything; a second call does nothing."""
        import tkinter

        with contextlib.suppress(tkinter.TclError):  # a person has closed it
            self.root.destroy()
        self.world.close()
        self.camera.close()

    def _moved(self) -> None:
        if not self._waiting:  # many sliders may move before there is time for a picture
            self._waiting = True
            self.root.after_idle(self.show)

    def _grasp(self, x: int) -> None:
        self.dragged = x

    def _drag(self, x: int) -> None:
        self.turn += DRAG * (x - self.dragged)
        self.dragged = x
        self._moved()


def _rounded(slider: Slider) -> float:
    """Return a joint's position as a card has it [deg, or m for a slide], still within the limits."""
    joint = slider.joint
    digits = SLIDE_DIGITS if joint.kind == "prismatic" else ANGLE_DIGITS
    number = round(joint.shown(slider.position), digits)
    step = 10.0**-digits
    if number > joint.shown(slider.upper):
        number = round(number - step, digits)
    if number < joint.shown(slider.lower):
        number = round(number + step, digits)
    return number


def _written(joint: Joint, position: float) -> str:
    return f"{position:.3f} m" if joint.kind == "prismatic" else f"{joint.shown(position):.1f}°"


def _limit(joint: Joint, position: float | None) -> str:
    return "continuous" if position is None else _written(joint, position)
