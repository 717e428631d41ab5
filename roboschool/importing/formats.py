"""Reads the formats that are imported, each into a draft: URDF and MuJoCo's MJCF."""

from roboschool.importing.document import read_document
from roboschool.importing.draft import Draft
from roboschool.importing.includes import expand_includes
from roboschool.importing.mjcf import parse_mjcf
from roboschool.importing.parse import parse_draft
from roboschool.importing.report import Report
from roboschool.importing.source import Source


def read_draft(source: Source, report: Report) -> Draft:
    """Return the draft of a robot.

    Raises:
        InvalidInput: it is none of the formats, or cannot be understood.
    """
    root = read_document(expand_includes(source), report)
    return parse_mjcf(root, report) if root.tag == "mujoco" else parse_draft(root, report)
