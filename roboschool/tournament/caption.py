"""Captions of pictures of a match: players, time and score, and a ball over each robot if the two sides look alike."""

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from roboschool.games.observations import ABOVE, COLOURS
from roboschool.mdp.effects import Marker
from roboschool.rendering.overlay import DESIGN, SMALLEST, TINY, Sheet
from roboschool.scenes.scene import Scene
from roboschool.tournament.record import Match
from roboschool.tournament.sides import name_results, sides_of

RADIUS = 0.12  # of a ball [m]
SMALL = 0.5  # radius of a robot, below which its ball is smaller and lower [m]
NEAR = 0.5  # a marker above a robot within this horizontal distance shows whose robot it is [m]
LETTERS = 13  # font size in a picture of the height `DESIGN` [pixels]
LONGEST = 0.45  # of a name, as a part of the picture's width


class Caption:
    """Draws into pictures of one match.

    Args:
        scene: in which it was played.
        match: the content of its file.
    """

    def __init__(self, scene: Scene, match: Match) -> None:
        self.record, self.trajectory, self.timestep = match.record, match.trajectory, scene.timestep
        self.sides = sides_of(scene)
        self.teams = {agent.name: agent.team for agent in scene.agents}
        self.numbers = {agent.name: number for number, agent in enumerate(scene.agents)}
        robots = [{agent.robot.name for agent in scene.agents if agent.name in side} for side in self.sides]
        self.alike = len(self.sides) == 2 and robots[0] == robots[1]

    def balls(self, trunks: np.ndarray, room: np.ndarray, markers: list[Marker]) -> list[Marker]:
        """Return balls over two sides whose robots are alike, unless `markers` show them already.

        Args:
            trunks: positions (robot, 3) [m].
            room: radii of the robots (robot,) [m].
            markers: that are drawn in any case.
        """
        places, sizes = trunks.tolist(), np.minimum(1.0, room / SMALL).tolist()
        if not self.alike or all(any(_is_over(marker, place) for marker in markers) for place in places):
            return []
        balls = []
        for side, colour in zip(self.sides, COLOURS, strict=True):
            for number in (self.numbers[name] for name in side):
                (x, y, z), size = places[number], sizes[number]
                balls.append(Marker((x, y, z + ABOVE * size), RADIUS * size, colour))
        return balls

    def draw(self, picture: np.ndarray, step: int) -> np.ndarray:
        """Return a picture (height, width, 3) of a step with its caption; a too small one stays as it is."""
        height, width = picture.shape[:2]
        if min(height, width) < SMALLEST:
            return picture
        image = Image.fromarray(picture)
        scale = min(height / DESIGN, width / (1.5 * DESIGN))
        sheet = Sheet(ImageDraw.Draw(image, "RGBA"), width, height, scale)
        size, pad = max(TINY, round(LETTERS * scale)), sheet.pad
        font = ImageFont.load_default(size)
        rows, row, most = self._rows(step), size + pad, round(LONGEST * width)
        columns = zip(*rows, strict=True)
        wide = [max(min(most, math.ceil(font.getlength(cell))) for cell in column) for column in columns]
        dot = row if self.alike else 0
        end = self._end(step)
        lines = len(rows) + 1
        right = max(dot + sum(wide) + 2 * pad * (len(wide) - 1), math.ceil(font.getlength(end))) + 3 * pad
        sheet.panel(pad, pad, right, 3 * pad + lines * row)
        for number, cells in enumerate(rows):
            left, middle = 2 * pad, 2 * pad + (number + 0.5) * row
            if dot:
                box = (left, middle - 0.35 * row, left + 0.7 * row, middle + 0.35 * row)
                sheet.draw.ellipse(box, fill=COLOURS[number])
            left += dot
            for cell, room in zip(cells, wide, strict=True):
                sheet.write(left, middle, cell, size, room)
                left += room + 2 * pad
        sheet.write(2 * pad, 2 * pad + (lines - 0.5) * row, end, size, width - 4 * pad)
        return np.array(image)

    def _over(self, step: int) -> bool:
        """Return whether a step is the last one; earlier captions do not give the result away."""
        return step >= self.trajectory.frames - 1

    def _rows(self, step: int) -> list[list[str]]:
        """Return agents and name of each player, its score if there is one, and its result at the end."""
        lines = sorted(self.record.agents, key=lambda line: self.numbers[line.agent])
        results = dict(zip((line.agent for line in lines), name_results([line.result for line in lines]), strict=True))
        decimals = 2 if (self.trajectory.scores % 1.0).any() else 0
        scores = [f"{score:.{decimals}f}" for score in self.trajectory.count(step)]
        known = [dict(zip(self.numbers, scores, strict=True))] if scores else []
        known += [results] if self._over(step) else []
        rows = []
        for number in dict.fromkeys(line.player for line in lines):
            own = [line.agent for line in lines if line.player == number]
            agents = dict.fromkeys(self.teams[name] or name for name in own)
            words = [dict.fromkeys(cells[name] for name in own) for cells in known]
            rows.append([", ".join(agents), self.record.players[number].name, *map(", ".join, words)])
        return rows

    def _end(self, step: int) -> str:
        if not self._over(step):
            return f"{step * self.timestep:.1f} s"
        reasons = dict.fromkeys(line.reason for line in self.record.agents if line.reason)
        return f"{', '.join(reasons)}{', ' * bool(reasons)}{self.record.steps} steps"


def _is_over(marker: Marker, place: Sequence[float]) -> bool:
    x, y, z = (a - b for a, b in zip(marker.position, place, strict=True))
    return z > 0.0 and math.hypot(x, y) < NEAR
