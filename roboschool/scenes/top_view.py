"""A scene with elements from above, in letters."""

import math
from collections.abc import Mapping

from roboschool.scenes.layout import Pose
from roboschool.scenes.scene import Scene

LETTERS = {  # of the kinds of elements, those above others last
    "hazard": "o",
    "goal": "G",
    "wall": "#",
    "pillar": "P",
    "button": "B",
    "box": "X",
    "gremlin": "m",
    "vase": "v",
}
ROBOTS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # the letter of each agent, in turn
COLUMNS, MOST_ROWS = 48, 40
RATIO = 2.0  # height of a letter over its width


def draw_top_view(scene: Scene, poses: Mapping[str, Pose]) -> list[str]:
    """Return lines of text that show where robots and elements are, +x to the right and +y up; none without a layout.

    Args:
        scene: theirs.
        poses: x, y [m] and yaw [rad] of each, by name.
    """
    layout = scene.layout
    if layout is None or not layout.elements:
        return []
    areas = [layout.area, *layout.robot_areas, *(area for element in layout.elements for area in element.areas)]
    (low_x, low_y), (high_x, high_y) = (
        [function(area[i] for area in areas) for i in places] for function, places in ((min, (0, 1)), (max, (2, 3)))
    )
    width, height = high_x - low_x, high_y - low_y
    rows = min(MOST_ROWS, max(1, round(COLUMNS * height / width / RATIO)))
    grid = [[" "] * COLUMNS for _ in range(rows)]
    across, along = width / COLUMNS, height / rows  # size of a cell [m]
    things = [
        (LETTERS[element.kind], poses[scene.props[element.prop].name], element.size)
        for kind in LETTERS
        for element in layout.elements
        if element.kind == kind
    ]
    things += [(ROBOTS[i % len(ROBOTS)], poses[agent.name], 0.0) for i, agent in enumerate(scene.agents)]
    for letter, (x, y, _), size in things:
        for row in range(rows):
            for column in range(COLUMNS):
                away = math.hypot(
                    low_x + (column + 0.5) * across - x,
                    low_y + (rows - row - 0.5) * along - y,
                )
                if away <= size:
                    grid[row][column] = letter
        row, column = math.floor((high_y - y) / along), math.floor((x - low_x) / across)
        if 0 <= row < rows and 0 <= column < COLUMNS:
            grid[row][column] = letter
    edge = f"  +{'-' * COLUMNS}+"
    kinds = [kind for kind in LETTERS if any(element.kind == kind for element in layout.elements)]
    legend = [f"{LETTERS[kind]} {kind}" for kind in kinds]
    legend += [f"{ROBOTS[i % len(ROBOTS)]} {agent.name}" for i, agent in enumerate(scene.agents)]
    return [
        f"  from above, {width:g} m wide, as seed 0 draws it: {', '.join(legend)}",
        edge,
        *(f"  |{''.join(cells)}|" for cells in grid),
        edge,
    ]
