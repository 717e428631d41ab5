"""Pictures of rows: what its first policy does after two seconds, as `pictures/<policy>.webp` beside the rows."""

from contextlib import closing
from pathlib import Path

from roboschool.envs.foreign import open_env, open_scene
from roboschool.evaluation import FIRST_SEED
from roboschool.rendering.video import write_picture
from roboschool.results.policy_store import load_stored
from roboschool.results.row import Row
from roboschool.simulation.rollout import rollout
from roboschool.writers import make_folder

FOLDER, ENDING = "pictures", ".webp"
TIME = 2.0  # [s]
WIDTH, HEIGHT = 480, 320


def picture_path(folder: Path, row: Row) -> Path:
    """Return where the picture of a row is, if it has one."""
    return folder / FOLDER / f"{row.runs[0].policy}{ENDING}"


def take_picture(folder: Path, row: Row) -> None:
    """Render the picture of a row.

    Raises:
        InvalidInput: the policy is missing, or the picture cannot be written.
    """
    make_folder(folder / FOLDER)
    policy = load_stored(folder, row.runs[0].policy)
    scene = open_scene(row.scene, **row.options)
    with closing(open_env(scene, render_mode="rgb_array", width=WIDTH, height=HEIGHT)) as env:
        for now in rollout(env, policy, FIRST_SEED):
            if now.over or now.number * scene.timestep >= TIME:
                break
        frame = env.render()
    assert frame is not None
    write_picture(picture_path(folder, row), frame)
