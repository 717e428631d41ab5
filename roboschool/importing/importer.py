"""Imports a robot: reads a URDF tolerantly, repairs it, and writes one that the strict reader takes."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from roboschool import writers
from roboschool.errors import InvalidInput
from roboschool.importing.draft import Draft, Frame
from roboschool.importing.formats import read_draft
from roboschool.importing.inertia import complete_inertias
from roboschool.importing.merge import merge_fixed
from roboschool.importing.meshes import convert_meshes
from roboschool.importing.repair import repair_joints, repair_tree
from roboschool.importing.report import Report
from roboschool.importing.resolve import Resolver
from roboschool.importing.source import choose_name, open_source
from roboschool.importing.write import write_urdf
from roboschool.robots.urdf import Model, read_urdf
from roboschool.robots.urdf_faults import MOST_LINKS

MOST_PIECES = 8  # convex hulls of a mesh


@dataclass(frozen=True)
class ImportOptions:
    """How a robot is imported."""

    name: str = ""  # of the robot; that of its file if empty
    kind: str = ""  # see `infer_card`
    base: str = ""  # see `infer_card`
    actuator: str = "position"  # see `infer_card`
    weld_mimics: bool = False  # whether joints that mimic others are fixed, instead of following them
    roots: tuple[Path, ...] = ()  # folders from which meshes may be taken, besides the robot's and ROS_PACKAGE_PATH
    decompose: bool = False  # whether meshes collide as several convex hulls, nearer to their shape, and not as one
    xacro: bool = False  # whether the file is expanded by xacro, which evaluates expressions in it


DEFAULTS = ImportOptions()


@dataclass(frozen=True)
class ImportedRobot:
    """A robot that has come through."""

    name: str  # of small letters, digits and _
    folder: Path  # with its URDF, its meshes and its licences
    model: Model
    draft: Draft
    base: str  # how the file holds it; see `repair_tree`
    report: Report

    @property
    def path(self) -> Path:
        """The URDF."""
        return self.folder / f"{self.name}.urdf"


def import_robot(source: Any, folder: Path, options: ImportOptions = DEFAULTS) -> ImportedRobot:
    """Import a robot into a folder: `folder/<name>.urdf`, `folder/meshes/` and the licences beside the source.

    Args:
        source: a path, an object or a name, see `find_source`; or a `Source` that was read already.
        folder: where to write; made if it is not there.
        options: how.

    Raises:
        InvalidInput: it cannot be read, has no joint that moves, or is made to do harm; a library of the extra
            `[import]` is missing; or the folder cannot be written.
    """
    with open_source(source, options.xacro) as found, _about(found.path):
        writers.make_folder(folder)
        report = Report()
        draft = read_draft(found, report)
        draft.name = options.name or choose_name(found.path, draft.name)
        base = repair_tree(draft, report)
        repair_joints(draft, report, options.weld_mimics)
        if not any(joint.moves for joint in draft.joints.values()):
            raise InvalidInput("no joint moves, so it is no robot")
        resolver = Resolver(found.path, (*options.roots, *found.roots))
        convert_meshes(draft, resolver, folder, report, MOST_PIECES if options.decompose else 1)
        merge_fixed(draft, report)
        complete_inertias(draft, report, held=base in ("rail", "planar"))
        if len(draft.links) > MOST_LINKS:
            raise InvalidInput(f"{len(draft.links)} links that move, more than {MOST_LINKS}")
        for licence in resolver.licences():
            name = licence.name if not (folder / licence.name).exists() else f"{licence.parent.name}_{licence.name}"
            shutil.copyfile(licence, folder / name)
    return ImportedRobot(draft.name, folder, write_model(draft, folder), draft, base, report)


def write_model(draft: Draft, folder: Path) -> Model:
    """Write the URDF of a draft, and read it strictly.

    Raises:
        InvalidInput: it cannot be written; or the strict reader refuses it, which the import should have prevented.
    """
    path = folder / f"{draft.name}.urdf"
    writers.replace(path, write_urdf(draft).encode())
    return read_urdf(path)


def move_root(draft: Draft, frame: Frame) -> None:
    """Move everything in the frame of the root, which will be at the origin of the world when it is loaded."""
    root = draft.links[draft.root()]
    turn = frame[:3, :3]
    for shape in (*root.visuals, *root.collisions):
        shape.frame = frame @ shape.frame
    root.centre = turn @ root.centre + frame[:3, 3]
    if root.inertia is not None:
        root.inertia = turn @ root.inertia @ turn.T
    for joint in draft.joints_below(root.name):
        joint.frame = frame @ joint.frame


@contextlib.contextmanager
def _about(path: Path) -> Iterator[None]:
    """Put the path of the file before an error about it."""
    try:
        yield
    except InvalidInput as error:
        text = str(error)
        raise InvalidInput(text if text.startswith(str(path)) else f"{path}: {text}") from None
