"""Writes the table and the pictures of docs/terrain.md: python tools/terrain_page.py"""

import tempfile
from pathlib import Path

import numpy as np
from marks import with_table
from PIL import Image

from roboschool.bodies.terrain import TerrainSettings, build_terrain
from roboschool.bodies.terrain_kinds import KINDS, LEVELS

PAGE = Path(__file__).parent.parent / "docs" / "terrain.md"
PICTURES = PAGE.parent / "pictures"
LEVEL = 6  # of the pictures
SIZE = (480, 300)  # [pixels]


def table() -> str:
    """Return the table of kinds and levels."""
    shown = (1, 4, 7, LEVELS)
    rows = [f"| kind | what its level changes | {' | '.join(f'level {level}' for level in shown)} |", "|---" * 6 + "|"]
    for name, kind in KINDS.items():
        unit = f" [{kind.unit}]" if kind.unit else ""
        numbers = " | ".join(f"{kind.number(level):.3g}" if kind.high else "" for level in shown)
        rows.append(f"| `{name}` | {kind.measure}{unit} | {numbers} |")
    return "\n".join(rows) + "\n"


def page() -> str:
    """Return the page with its table as it should be."""
    return with_table(PAGE, "levels", table())


def draw() -> None:
    """Write a picture of each kind, a robot on it."""
    import dataclasses

    from roboschool.mdp.effects import Placement
    from roboschool.physics.checkpoint import Start
    from roboschool.physics.worlds import World
    from roboschool.rendering.camera import Camera
    from roboschool.scenes.loader import load_scene
    from roboschool.scenes.scene import FixedCamera

    scratch = Path(tempfile.mkdtemp()) / "heights.png"
    x, y = np.meshgrid(np.linspace(-3.0, 3.0, 80), np.linspace(-3.0, 3.0, 80))
    bumps = np.exp(-4.0 * ((x - 0.9) ** 2 + (y + 0.7) ** 2)) + 0.7 * np.exp(-3.0 * ((x + 0.9) ** 2 + (y + 0.9) ** 2))
    Image.fromarray((255 * bumps.clip(0, 1)).astype(np.uint8)).save(scratch)
    plain = load_scene("dog_velocity")
    eye = FixedCamera(eye=(-1.1, -3.0, 1.9), target=(0.1, 0.3, 0.1), half_width=0.75)
    for name in KINDS:
        origin = (0.1, 0.5) if name == "track" else (0.5, 0.5)
        size = (26.0, 8.0) if name == "track" else (12.0, 12.0)
        image = str(scratch) if name == "image" else ""
        settings = TerrainSettings(kinds=(name,), levels=(LEVEL, LEVEL), size=size, origin=origin, image=image)
        camera = dataclasses.replace(eye, eye=(-1.4, -3.0, 2.2), target=(2.6, 1.5, 0.0)) if name == "track" else eye
        scene = dataclasses.replace(plain, terrain=settings, camera=camera)
        build_terrain(settings)
        world = World(scene)
        world.reset(Start((Placement((0.0, 0.0), 0.6, scene.agents[0].robot.pose),)))
        picture = Camera(scene, *SIZE).image(world.capture()).colours
        Image.fromarray(picture).save(PICTURES / f"terrain_{name}.png", optimize=True)
        world.close()


if __name__ == "__main__":
    draw()
    PAGE.write_text(page())
