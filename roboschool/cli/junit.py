"""Writes results as JUnit XML, which the usual CI services show."""

import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from roboschool import writers
from roboschool.errors import one_line

SUITE = "roboschool check"


@dataclass(frozen=True)
class Case:
    """What was checked."""

    name: str
    kind: str
    problems: tuple[str, ...]
    seconds: float


def write_junit(path: Path, cases: Sequence[Case]) -> None:
    """Write a report: a test case for each file, which fails if it has problems.

    Elements and attributes are those that the schemas of Ant and of Jenkins have in common.

    Raises:
        InvalidInput: it cannot be written.
    """
    root = etree.Element("testsuites")
    failures = sum(bool(case.problems) for case in cases)
    counts = {"tests": str(len(cases)), "failures": str(failures), "errors": "0"}
    suite = etree.SubElement(
        root,
        "testsuite",
        name=SUITE,
        id="0",
        package="roboschool",
        timestamp=time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()),
        hostname=one_line(platform.node()) or "localhost",
        time=f"{sum(case.seconds for case in cases):.3f}",
        **counts,
    )
    etree.SubElement(suite, "properties")
    for case in cases:
        element = etree.SubElement(
            suite, "testcase", name=one_line(case.name), classname=f"roboschool.{case.kind}", time=f"{case.seconds:.3f}"
        )
        if case.problems:
            count = f"{len(case.problems)} problems" if len(case.problems) > 1 else one_line(case.problems[0])
            failure = etree.SubElement(element, "failure", message=count, type="problem")
            failure.text = "\n".join(map(one_line, case.problems))
    etree.SubElement(suite, "system-out")
    etree.SubElement(suite, "system-err")
    etree.indent(root)
    writers.replace(path, etree.tostring(root, xml_declaration=True, encoding="utf-8") + b"\n")
