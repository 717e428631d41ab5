"""Writes the folder of an imported robot: `assets/<robot>/`, with its card and its report, and a scene."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from roboschool import writers
from roboschool.errors import InvalidInput
from roboschool.importing.card_text import write_card
from roboschool.importing.importer import ImportedRobot, import_robot
from roboschool.importing.infer import InferredCard, infer_card
from roboschool.plugins import builtin_classes
from roboschool.scratch import scratch_folder

TASKS = {  # by kind, the first that there is
    "legged": ("velocity", "run"),
    "wheeled": ("drive", "run"),
    "arm": ("stand", "run"),  # `reach_pose` needs a card whose trunk is the gripper
    "hand": ("stand", "run"),
    "flyer": ("stand", "run"),
}
LEAST_SUBSTEPS = 4
TIMESTEP = 0.0165  # of a scene that does not say [s]


@dataclass(frozen=True)
class NewRobot:
    """What was made of a robot; with a dry run nothing of it is there any more."""

    imported: ImportedRobot
    inferred: InferredCard
    card_text: str
    scene_text: str
    files: tuple[Path, ...]  # that were, or would be, written


def new_robot(
    source: Any,
    into: Path,
    *,
    name: str = "",
    kind: str = "",
    base: str = "",
    actuator: str = "position",
    weld_mimics: bool = False,
    roots: Sequence[Path] = (),
    dry_run: bool = False,
) -> NewRobot:
    """Import a robot, infer its card, and write both, with a scene, below a folder.

    Args:
        source: a path, an object or a name; see `find_source`.
        into: the folder; `assets/<robot>/` and `scenes/<robot>.toml` are made in it.
        name: of the robot; that of its file if empty.
        kind: see `infer_card`.
        base: see `infer_card`.
        actuator: see `infer_card`.
        weld_mimics: see `import_robot`.
        roots: see `import_robot`.
        dry_run: whether nothing is written.

    Raises:
        InvalidInput: the robot cannot be imported, an argument is wrong, or what would be written is there already.
    """
    draft_folder = scratch_folder()
    try:
        imported = import_robot(source, draft_folder, name=name, weld_mimics=weld_mimics, roots=roots)
        inferred = infer_card(imported, kind, base, actuator)
        card_text = write_card(inferred.card, _about(imported, inferred), inferred.unsure)
        scene_text = write_scene(imported.name, inferred)
        home, scene = into / "assets" / imported.name, into / "scenes" / f"{imported.name}.toml"
        report = "\n".join(imported.report.lines(every=True)) + "\n"
        writers.replace(draft_folder / f"{imported.name}.toml", card_text.encode())
        writers.replace(draft_folder / "import_report.txt", report.encode())
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
        return NewRobot(imported, inferred, card_text, scene_text, (*(home / path for path in written), scene))
    finally:
        shutil.rmtree(draft_folder, ignore_errors=True)


def write_scene(name: str, inferred: InferredCard) -> str:
    """Return the text of a scene with the robot alone."""
    known = builtin_classes("tasks")
    names = TASKS["arm" if inferred.card.fixed else inferred.anatomy.kind]
    task = next(task for task in names if task in known)
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
