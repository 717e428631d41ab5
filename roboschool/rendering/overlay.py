"""Numbers over a picture: observation, action, reward terms and progress of an agent."""

import functools
import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from roboschool.mdp.task import Task, fields_of
from roboschool.rendering.sketch import Sketch
from roboschool.scenes.scene import Scene
from roboschool.simulation.group import Group
from roboschool.simulation.simulation import Simulation

SEEN, DONE = 2.0, 1.0  # at which bars of observations and of actions are full
HISTORY = 120  # steps of the reward that are drawn
SMALLEST = 120  # sides of a picture that has room for it [pixels]
DESIGN = 400  # height of the picture that the sizes below are for [pixels]
ROW, TITLE, TINY = 14, 15, 9  # height of a line, of the caption's, and the smallest that is written
BAR, CURVE, COLUMN = 40, 50, 6  # widths of a bar, of the curve of a term, of a column of a chart
SHARE, WIDEST, CHART, TERMS = 0.1, 0.3, 0.17, 0.2  # of the picture: a list, width and height of a chart, terms' height
PAD = 4  # around everything
ASCENT = 0.78  # of a letter, of its size

GREEN, RED = (112, 226, 128, 255), (255, 104, 92, 255)
INK, FAINT, PANEL = (255, 255, 255, 255), (255, 255, 255, 90), (16, 22, 30, 135)


@dataclass(frozen=True)
class Reading:
    """What is drawn over a picture."""

    observation: np.ndarray  # (n,)
    action: np.ndarray  # (joints,)
    terms: Sequence[Mapping[str, float]]  # of the reward, of the last steps; the last of them is now
    caption: str
    field_names: Sequence[str] = ()  # what the numbers of the observation are; empty if unknown
    joints: Sequence[str] = ()  # what the numbers of the action are
    sketch: Sketch | None = None  # what it senses, as lines


class Hud:
    """Collects the numbers that the overlay of one agent shows."""

    def __init__(self, scene: Scene, task: Task) -> None:
        self.field_names = [str(field) for field in fields_of(task, scene.info)]
        self.joints = [joint.name for joint in task.robot.joints]
        self.terms: deque[dict[str, float]] = deque(maxlen=HISTORY)
        self.begin()

    def begin(self) -> None:
        """Forget the episode before."""
        self.score = 0.0
        self.terms.clear()

    def note(self, group: Group, place: int) -> None:
        """Record the rewards of a step."""
        self.terms.append(group.rewards.by_name(0, place))
        self.score += group.rewards.total.item(0, place)

    def read(self, simulation: Simulation, group: Group, place: int) -> Reading:
        """Return what is known about an agent."""
        steps = int(simulation.clock.steps[0])
        caption = f"step {steps}   score {self.score:.1f}"
        if simulation.scene.terrain is not None:
            caption = f"level {group.state.tile.level.item(0, place):.0f}   {caption}"
        if not group.active[0, place] and steps:
            caption += "   done"
        elif simulation.clock.truncated[0]:
            caption += "   time is up"
        return Reading(
            observation=group.observation[0, place].copy(),
            action=group.applied[0, place].copy() if steps else np.zeros(group.shape[-1]),
            terms=[*self.terms] or [dict.fromkeys(group.rewards.names, 0.0)],
            caption=caption,
            field_names=self.field_names,
            joints=self.joints,
            sketch=Sketch.of(simulation, group, place),
        )


def overlay(picture: np.ndarray, reading: Reading) -> np.ndarray:
    """Return a picture (height, width, 3) with numbers over it; one that is too small stays as it is."""
    height, width = picture.shape[:2]
    if min(height, width) < SMALLEST:
        return np.array(picture)
    image = Image.fromarray(picture)
    sheet = Sheet(ImageDraw.Draw(image, "RGBA"), width, height, min(height / DESIGN, width / (1.5 * DESIGN)))
    terms = list(reading.terms)
    bottom = sheet.rewards(terms)
    sheet.actions(reading.action, reading.joints, bottom)
    sheet.observations(reading.observation, reading.field_names)
    sheet.caption(reading.caption)
    return np.array(image)


class Sheet:
    """The picture that is drawn on."""

    def __init__(self, draw: ImageDraw.ImageDraw, width: int, height: int, scale: float) -> None:
        self.draw, self.width, self.height, self.scale = draw, width, height, scale
        self.pad = max(2, round(PAD * scale))

    def caption(self, text: str) -> None:
        """Write a line in the lower right corner."""
        size = max(TINY, round(TITLE * self.scale))
        wide, pad = _text(text, size).width, self.pad
        left, bottom = self.width - 3 * pad - wide, self.height - pad
        self.panel(left - 2 * pad, bottom - pad - size, left + wide + 2 * pad, bottom)
        self.write(left, bottom - (pad + size) / 2, text, size)

    def rewards(self, terms: Sequence[Mapping[str, float]]) -> int:
        """List the terms of the reward and their sum in the lower left corner; return where that begins."""
        pad, row, curve = self.pad, max(TINY + 2, round(ROW * self.scale)), round(CURVE * self.scale)
        sums = [sum(step.values()) for step in terms]
        most = max(1, int(TERMS * self.height / row))
        curves = {"reward": sums} | {name: [step.get(name, 0.0) for step in terms] for name in [*terms[-1]][:most]}
        size = row - 2
        label = max(_text(_short(name), size).width for name in curves)
        number = _text("-000.00", size).width
        top = self.height - 2 * pad - row * len(curves)
        right = 3 * pad + label + number + pad + curve
        self.panel(pad, top - pad, right + pad, self.height - pad)
        for line, (name, values) in enumerate(curves.items()):
            middle = top + (line + 0.5) * row
            self.write(2 * pad, middle, _short(name), size)
            text = f"{values[-1]:.2f}".replace("-0.00", "0.00")
            self.write(3 * pad + label + number - _text(text, size).width, middle, text, size)
            self.curve(right - curve, right, middle, row / 2 - 1.5, values)
        return top - pad

    def curve(self, left: float, right: float, middle: float, half: float, values: Sequence[float]) -> None:
        """Draw the recent values of a term."""
        self.draw.line((left, middle, right, middle), fill=FAINT)
        most = max(1.0, *map(abs, values))
        step = (right - left) / HISTORY
        points = [(right - step * (len(values) - 1 - i), middle - half * v / most) for i, v in enumerate(values)]
        if len(points) > 1:
            self.draw.line(points, fill=GREEN if values[-1] >= 0.0 else RED)

    def actions(self, values: np.ndarray, names: Sequence[str], bottom: int) -> None:
        """Draw the actions in the upper left corner, above `bottom`."""
        self.numbers("actions", True, bottom - self.pad, values, names, DONE)

    def observations(self, values: np.ndarray, names: Sequence[str]) -> None:
        """Draw the observation in the upper right corner."""
        self.numbers("observations", False, self.height - self.pad, values, names, SEEN)

    def numbers(
        self, title: str, at_left: bool, bottom: int, values: np.ndarray, names: Sequence[str], full: float
    ) -> None:
        """Draw numbers in an upper corner: as a list with their names if all fit, else as a chart."""
        row, bar = max(TINY + 2, round(ROW * self.scale)), round(BAR * self.scale)
        texts = [_short(name) for name in names]
        wide = 3 * self.pad + max((_text(text, row - 2).width for text in texts), default=0) + bar
        high = 2 * self.pad + row * len(values)
        fits = wide * high <= SHARE * self.width * self.height and high <= bottom - self.pad
        shares = np.clip(np.nan_to_num(values.astype(float)) / full, -1.0, 1.0).tolist()
        if len(texts) == len(values) and fits:
            self.bars(self.pad if at_left else self.width - self.pad - wide, wide, row, bar, shares, texts)
        else:
            self.chart(at_left, bottom, shares, f"{len(values)} {title}")

    def bars(self, left: float, wide: float, row: int, bar: int, shares: Sequence[float], texts: Sequence[str]) -> None:
        """Draw shares of full scale as bars, each in its row behind its name."""
        pad = self.pad
        middle, top, bottom = left + wide - pad - bar / 2, 2 * pad, 2 * pad + row * len(shares)
        self.panel(left, pad, left + wide, bottom + pad)
        self.draw.line((middle, top, middle, bottom), fill=FAINT)
        for i, (share, text) in enumerate(zip(shares, texts, strict=True)):
            edges = sorted((middle, middle + share * bar / 2))
            upper = top + i * row
            if share:
                self.draw.rectangle((edges[0], upper, edges[1], upper + row - 2), fill=GREEN if share > 0.0 else RED)
            self.write(left + pad, upper + row / 2, text, row - 2)

    def chart(self, at_left: bool, bottom: int, shares: Sequence[float], title: str) -> None:
        """Draw shares of full scale as narrow columns, below a title."""
        pad, row = self.pad, max(TINY + 2, round(ROW * self.scale))
        wide = max(_text(title, row - 2).width, min(COLUMN * self.scale * len(shares), WIDEST * self.width)) + 2 * pad
        high = min(CHART * self.height, bottom - 3 * pad) - row
        if wide > self.width / 2 or high < row:
            return
        left = pad if at_left else self.width - pad - wide
        self.panel(left, pad, left + wide, 3 * pad + row + high)
        self.write(left + pad, 2 * pad + row / 2, title, row - 2)
        middle, step = 2 * pad + row + high / 2, (wide - 2 * pad) / len(shares)
        self.draw.line((left + pad, middle, left + wide - pad, middle), fill=FAINT)
        for i, share in enumerate(shares):
            edges = sorted((middle, middle - share * high / 2))
            at = left + pad + i * step
            if share:
                gap = 1 if step > 3 else 0
                self.draw.rectangle(
                    (at, edges[0], max(at, at + step - 1 - gap), edges[1]), fill=GREEN if share > 0.0 else RED
                )

    def panel(self, left: float, top: float, right: float, bottom: float) -> None:
        """Draw a dark panel."""
        self.draw.rounded_rectangle((left, top, right, bottom), radius=self.pad, fill=PANEL)

    def write(self, left: float, middle: float, text: str, size: int, most: int | None = None) -> None:
        """Write a line of text, cut off at a width of `most` pixels."""
        mask = _text(text if most is None else _fit(text, size, most), size)
        self.draw.bitmap((round(left), round(middle - mask.height / 2)), mask, fill=INK)


@functools.lru_cache(maxsize=1024)
def _fit(text: str, size: int, most: int) -> str:
    """Return a text shortened to a width of at most `most` pixels."""
    short = text[:most]  # a letter takes a pixel at least
    while short and _text(short, size).width > most:
        short = short.rstrip("…")[:-1].rstrip()
        short += "…" if short else ""
    return short


@functools.lru_cache(maxsize=1024)
def _text(text: str, size: int) -> Image.Image:
    """Return what is inked by a text; kept, because writing is what takes longest."""
    font = ImageFont.load_default(size)
    mask = Image.new("L", (max(1, math.ceil(font.getlength(text))), size))
    ImageDraw.Draw(mask).text((0, round(ASCENT * size)), text, fill=255, font=font, anchor="ls")
    return mask


def _short(name: str) -> str:
    """Return a name without its unit and its range."""
    return name.partition(" [")[0].partition(", ")[0]
