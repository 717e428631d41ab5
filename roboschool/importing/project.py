"""Writes the folder of an imported robot: `assets/<robot>/`, with its card and its report, scenes, and a test."""

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from roboschool import writers
from roboschool.errors import InvalidInput
from roboschool.importing.card_text import write_card
from roboschool.importing.importer import DEFAULTS, ImportedRobot, ImportOptions, import_robot
from roboschool.importing.infer import InferredCard, infer_card
from roboschool.importing.report import NOTE, Report
from roboschool.mdp.task import make_task
from roboschool.plugins import builtin_classes
from roboschool.scratch import scratch_folder

TASKS = {  # by kind; each that there is gets a scene, the first being that of the robot's name
    "legged": ("velocity", "run", "stand"),
    "wheeled": ("drive", "run", "stand"),
    "arm": ("reach_pose", "stand"),
    "hand": ("stand",),
    "flyer": ("stand",),
}
ANY = "run"  # the task of a kind that has none
REPORT = "import_report.txt"
LEAST_SUBSTEPS = 4
TIMESTEP = 0.0165  # of a scene that does not say [s]


@dataclass(frozen=True)
class WrittenRobot:
    """A robot with a card, in a folder that may be gone."""

    imported: ImportedRobot
    inferred: InferredCard
    tasks: tuple[str, ...]  # that suit it


@dataclass(frozen=True)
class NewRobot(WrittenRobot):
    """What was made of a robot."""

    card: Path
    scenes: tuple[Path, ...]  # one for each of `tasks`
    test: Path
    files: tuple[Path, ...]  # that were, or with a dry run would be, written


def new_robot(source: Any, into: Path, options: ImportOptions = DEFAULTS, dry_run: bool = False) -> NewRobot:
    """Import a robot, infer its card, and write both, with scenes and a test, below a folder.

    Args:
        source: a path, an object or a name; see `find_source`.
        into: the folder; `assets/<robot>/`, `scenes/<robot>.toml` and `tests/test_<robot>.py` are made in it.
        options: how it is imported.
        dry_run: whether nothing is written.

    Raises:
        InvalidInput: the robot cannot be imported, an option is wrong, or what would be written is there already.
    """
    draft_folder = scratch_folder()
    try:
        written = write_robot(source, draft_folder, options)
        name, inferred = written.imported.name, written.inferred
        home, test = into / "assets" / name, into / "tests" / f"test_{name}.py"
        suffixes = ["", *(f"_{task}" for task in written.tasks[1:])]
        texts = {
            into / "scenes" / f"{name}{suffix}.toml": write_scene(name, inferred, task)
            for suffix, task in zip(suffixes, written.tasks, strict=True)
        }
        scenes = tuple(texts)
        texts[test] = write_test(name, [scene.stem for scene in scenes])
        for path in (home, *texts):
            if path.exists():
                raise InvalidInput(f"{path}: it is there already; remove it, or give the robot another name")
        inside = sorted(path.relative_to(draft_folder) for path in draft_folder.rglob("*") if path.is_file())
        if not dry_run:
            writers.make_folder(home.parent)
            with writers.unwritable_as_invalid(home):
                shutil.copytree(draft_folder, home)
            for path, text in texts.items():
                writers.make_folder(path.parent)
                writers.replace(path, text.encode())
        files = (*(home / path for path in inside), *texts)
        return NewRobot(written.imported, inferred, written.tasks, home / f"{name}.toml", scenes, test, files)
    finally:
        shutil.rmtree(draft_folder, ignore_errors=True)


def write_robot(source: Any, folder: Path, options: ImportOptions) -> WrittenRobot:
    """Import a robot into a folder, with its card and its report.

    Raises:
        InvalidInput: it cannot be imported, or an option is wrong.
    """
    imported = import_robot(source, folder, options)
    inferred = infer_card(imported, options.kind, options.base, options.actuator)
    tasks = choose_tasks(inferred, imported.report)
    card = write_card(inferred.card, _about(imported, inferred), inferred.unsure)
    writers.replace(folder / f"{imported.name}.toml", card.encode())
    writers.replace(folder / REPORT, ("\n".join(imported.report.lines(every=True)) + "\n").encode())
    return WrittenRobot(imported, inferred, tasks)


def choose_tasks(inferred: InferredCard, report: Report) -> tuple[str, ...]:
    """Return the tasks that suit a robot, at least one."""
    known, chosen = builtin_classes("tasks"), []
    for task in filter(known.__contains__, TASKS[inferred.anatomy.kind]):
        try:
            make_task("", inferred.robot, {"name": task})
            chosen.append(task)
        except InvalidInput as error:  # noqa: PERF203
            where = f"task {task!r}"
            report.add(
                NOTE, "a task that suits its kind does not suit it", where, str(error).removeprefix(f": {where}: ")
            )
    return tuple(chosen) or (ANY,)


def write_scene(name: str, inferred: InferredCard, task: str) -> str:
    """Return the text of a scene with the robot alone."""
    letters = re.sub(r"[^a-z]", "", name)[:40] or "robot"
    substeps = inferred.robot.substeps(TIMESTEP, LEAST_SUBSTEPS)
    title = name.replace("_", " ").capitalize()
    lines = ["version  = 1", f'summary  = "{title}, alone: {task.replace("_", " ")}."']
    lines += [f"substeps = {substeps}  # as the card asks for"] if substeps > LEAST_SUBSTEPS else []
    lines += ["", "[[agent]]", f'name  = "{letters}_0"', f'robot = "{name}"', f'task  = {{ name = "{task}" }}']
    if task not in TASKS[inferred.anatomy.kind]:
        lines[-1] += "  # put one of your own here: no task that comes with the package suits it"
    return "\n".join(lines) + "\n"


def write_test(name: str, scenes: Sequence[str]) -> str:
    """Return the text of a test of the robot and its scenes."""
    return f'''"""Checks {name} and its scenes as Roboschool checks its own robots: python -m pytest."""

from pathlib import Path

import pytest
from roboschool.testing import check_robot, check_scene

FOLDER = Path(__file__).parents[1]
SCENES = {json.dumps(scenes)}


def test_the_robot():
    check_robot(FOLDER / "assets" / "{name}" / "{name}.toml")


@pytest.mark.parametrize("scene", SCENES)
def test_the_scene(scene):
    check_scene(FOLDER / "scenes" / f"{{scene}}.toml")
'''


def _about(imported: ImportedRobot, inferred: InferredCard) -> str:
    kind = inferred.anatomy.kind
    article = "An" if kind == "arm" else "A"
    noun = f"{kind} robot" if kind in ("legged", "wheeled") else kind
    mass = imported.draft.mass()
    return f"{article} {noun}, {mass:.3g} kg, {len(inferred.robot.joints)} motors. Imported; see import_report.txt."
