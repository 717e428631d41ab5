"""Reads the formats that are imported, each into a draft: URDF and MuJoCo's MJCF."""

from roboschool.importing.document import read_document
from roboschool.importing.draft import Draft
from roboschool.importing.parse import parse_draft
from roboschool.importing.report import Report
from roboschool.importing.source import Source


def read_draft(source: Source, report: Report) -> Draft:
    """Return the draft of a robot.

    Raises:
        InvalidInput: it is none of the formats, or cannot be understood.
    """
    return parse_draft(read_document(source, report), report)
