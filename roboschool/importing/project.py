"""Writes the folder of an imported robot: `assets/<robot>/`, with its card and its report, and a scene."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from roboschool import writers
from roboschool.errors import InvalidInput
from roboschool.importing.card_text import write_card
from roboschool.importing.importer import DEFAULTS, ImportedRobot, ImportOptions, import_robot
from roboschool.importing.infer import InferredCard, infer_card
from roboschool.plugins import builtin_classes
from roboschool.scratch import scratch_folder

TASKS = {  # by kind, the first that there is
    "legged": ("velocity", "run"),
    "wheeled": ("drive", "run"),
    "arm": ("reach_pose", "stand", "run"),
    "hand": ("stand", "run"),
    "flyer": ("stand", "run"),
}
REPORT = "import_report.txt"
LEAST_SUBSTEPS = 4
TIMESTEP = 0.0165  # of a scene that does not say [s]


@dataclass(frozen=True)
class NewRobot:
    """What was made of a robot; with a dry run nothing of it is there any more."""

    imported: ImportedRobot
    inferred: InferredCard
    files: tuple[Path, ...]  # that were, or would be, written


def new_robot(source: Any, into: Path, options: ImportOptions = DEFAULTS, dry_run: bool = False) -> NewRobot:
    """Import a robot, infer its card, and write both, with a scene, below a folder.

    Args:
        source: a path, an object or a name; see `find_source`.
        into: the folder; `assets/<robot>/` and `scenes/<robot>.toml` are made in it.
        options: how it is imported.
        dry_run: whether nothing is written.

    Raises:
        InvalidInput: the robot cannot be imported, an option is wrong, or what would be written is there already.
    """
    draft_folder = scratch_folder()
    try:
        imported, inferred = write_robot(source, draft_folder, options)
        scene_text = write_scene(imported.name, inferred)
        home, scene = into / "assets" / imported.name, into / "scenes" / f"{imported.name}.toml"
        written = sorted(path.relative_to(draft_folder) for path in draft_folder.rglob("*") if path.is_file())
        for path in (home, scene):
            if path.exists():
                raise InvalidInput(f"{path}: it is there already; remove it, or give the robot another name")
        if not dry_run:
            writers.make_folder(home.parent)
            writers.make_folder(scene.parent)
            with writers.unwritable_as_invalid(home):
                shutil.copytree(draft_folder, home)
            writers.replace(scene, scene_text.encode())
        return NewRobot(imported, inferred, (*(home / path for path in written), scene))
    finally:
        shutil.rmtree(draft_folder, ignore_errors=True)


def write_robot(source: Any, folder: Path, options: ImportOptions) -> tuple[ImportedRobot, InferredCard]:
    """Import a robot into a folder, with its card and its report.

    Raises:
        InvalidInput: it cannot be imported, or an option is wrong.
    """
    imported = import_robot(source, folder, options)
    inferred = infer_card(imported, options.kind, options.base, options.actuator)
    card = write_card(inferred.card, _about(imported, inferred), inferred.unsure)
    writers.replace(folder / f"{imported.name}.toml", card.encode())
    writers.replace(folder / REPORT, ("\n".join(imported.report.lines(every=True)) + "\n").encode())
    return imported, inferred


def write_scene(name: str, inferred: InferredCard) -> str:
    """Return the text of a scene with the robot alone."""
    known = builtin_classes("tasks")
    task = next(task for task in TASKS[inferred.anatomy.kind] if task in known)
    letters = re.sub(r"[^a-z]", "", name)[:40] or "robot"
    substeps = inferred.robot.substeps(TIMESTEP, LEAST_SUBSTEPS)
    title = name.replace("_", " ").capitalize()
    lines = ["version  = 1", f'summary  = "{title}, alone."']
    lines += [f"substeps = {substeps}  # as the card asks for"] if substeps > LEAST_SUBSTEPS else []
    lines += ["", "[[agent]]", f'name  = "{letters}_0"', f'robot = "{name}"', f'task  = {{ name = "{task}" }}']
    if inferred.card.fixed and task == "run":
        lines[-1] += "  # put one of your own here: no task that comes with the package suits it"
    return "\n".join(lines) + "\n"


def _about(imported: ImportedRobot, inferred: InferredCard) -> str:
    kind = inferred.anatomy.kind
    article = "An" if kind == "arm" else "A"
    noun = f"{kind} robot" if kind in ("legged", "wheeled") else kind
    mass = imported.draft.mass()
    return f"{article} {noun}, {mass:.3g} kg, {len(inferred.robot.joints)} motors. Imported; see import_report.txt."
