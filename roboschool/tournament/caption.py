"""Captions of pictures of a match: players, time and score."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from roboschool.rendering.overlay import DESIGN, SMALLEST, TINY, Sheet
from roboschool.rendering.team_colours import team_colours
from roboschool.scenes.scene import Scene
from roboschool.tournament.record import Match
from roboschool.tournament.recording import describe_end, list_seats

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
        self.seats = list_seats(scene, match.record)
        colours = team_colours(scene)
        self.colours = [colours[seat.agents[0]] for seat in self.seats]

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
        dot = row if any(self.colours) else 0
        end = self._end(step)
        lines = len(rows) + 1
        right = max(dot + sum(wide) + 2 * pad * (len(wide) - 1), math.ceil(font.getlength(end))) + 3 * pad
        sheet.panel(pad, pad, right, 3 * pad + lines * row)
        for number, (cells, colour) in enumerate(zip(rows, self.colours, strict=True)):
            left, middle = 2 * pad, 2 * pad + (number + 0.5) * row
            if colour:
                box = (left, middle - 0.35 * row, left + 0.7 * row, middle + 0.35 * row)
                sheet.draw.ellipse(box, fill=colour)
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
        """Return seats and name of each player, its score if there is one, and its result at the end."""
        decimals = 2 if (self.trajectory.scores % 1.0).any() else 0
        scores = [f"{score:.{decimals}f}" for score in self.trajectory.count(step)]
        rows = []
        for seat in self.seats:
            counted = [", ".join(dict.fromkeys(scores[agent] for agent in seat.agents))] if scores else []
            rows.append([seat.label, seat.name, *counted, *([seat.result] if self._over(step) else [])])
        return rows

    def _end(self, step: int) -> str:
        return describe_end(self.record) if self._over(step) else f"{step * self.timestep:.1f} s"
