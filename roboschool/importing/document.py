"""Reads the text of an untrusted URDF: within limits of size, depth and number, and without a DTD."""

import re
from pathlib import Path

from roboschool.errors import InvalidInput
from roboschool.importing.report import NOTE, Report
from roboschool.importing.source import Source
from roboschool.robots.urdf_schema import Element, parse_xml, refuse_entities

DEEPEST = 40  # elements in each other
MOST_ELEMENTS = 200_000
MOST_LINKS = 2000  # before fixed ones are merged
ENCODINGS = {"utf-8": "utf-8", "us-ascii": "utf-8", "ascii": "utf-8", "iso-8859-1": "latin-1", "latin-1": "latin-1"}
OTHERS = {
    "sdf": "SDF is not read",
    "package": "it describes a package",
    "mujocoinclude": "it is a part of an MJCF that another file includes",
}
DIRECTIVES = frozenset(  # of xacro: without one, nothing that it marks has a meaning
    ("include", "macro", "property", "arg", "if", "unless", "insert_block", "call", "element", "attribute")
)
PREFIX = re.compile(r"(?:</?|\s)([A-Za-z_][\w.-]*):[A-Za-z_][\w.-]*")


def read_document(source: Source, report: Report) -> Element:
    """Return the outermost element of a URDF or an MJCF.

    Raises:
        InvalidInput: it is no XML, no URDF, too large, too deep, has a DTD or entities of its own, or needs xacro.
    """
    path = source.path
    text = _decode(source, report)
    refuse_entities(text, path)
    text = _declare_prefixes(text, path, report)
    root = parse_xml(text, path)
    _check(root, path)
    return root


def _decode(source: Source, report: Report) -> str:
    """Return the text of a file without its XML declaration, its lines kept."""
    path, data = source.path, source.data
    bare = data.rstrip(b"\0 \t\r\n")
    if b"\0" in data[len(bare) :]:
        report.add(NOTE, "NUL characters after the end were left out", str(path))
    if b"\0" in bare:
        raise InvalidInput(f"{path}: not text: it has NUL characters")
    named = re.match(rb"\s*(?:\xef\xbb\xbf)?\s*<\?xml[^>]*encoding\s*=\s*['\"]([\w-]+)", bare[:500])
    encoding = named[1].decode().lower() if named else "utf-8"
    if encoding not in ENCODINGS:
        raise InvalidInput(f"{path}:1: <?xml>: its encoding is {encoding!r}, not one of {', '.join(ENCODINGS)}")
    try:
        text = bare.decode(ENCODINGS[encoding]).removeprefix("\ufeff")
    except UnicodeDecodeError:
        text = bare.decode("latin-1")
        report.add(NOTE, "not UTF-8 as it says; read as Latin-1", str(path))
    prolog = re.match(r"\s*<\?xml[^>]*\?>", text)
    return "\n" * prolog[0].count("\n") + text[prolog.end() :] if prolog else text


def _declare_prefixes(text: str, path: Path, report: Report) -> str:
    """Declare the prefixes that a file uses without a declaration; what they mark is for other programs."""
    plain = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    plain = re.sub(r"\"[^\"<]*\"|'[^'<]*'", '""', plain)
    known = set(re.findall(r"xmlns:([A-Za-z_][\w.-]*)", plain)) | {"xml", "xmlns"}
    missing = sorted(set(PREFIX.findall(plain)) - known)[:20]
    if not missing:
        return text
    report.add(NOTE, "prefixes without a declaration; what they mark is ignored", str(path), ", ".join(missing))
    declared = "".join(f' xmlns:{prefix}="urn:undeclared:{prefix}"' for prefix in missing)
    return re.sub(r"<robot(?=[\s>/])", f"<robot{declared}", text, count=1)


def _check(root: Element, path: Path) -> None:
    """Check what the tree is and how large."""
    if root.tag not in ("robot", "mujoco"):
        hint = f"; {OTHERS[root.tag]}" if root.tag in OTHERS else ""
        raise InvalidInput(f"{path}:{root.sourceline}: the outermost element is <{root.tag}>, not <robot>{hint}")
    count = 0
    depth, reached = 0, [root]
    while reached:
        depth += 1
        count += len(reached)
        if depth > DEEPEST or count > MOST_ELEMENTS:
            raise InvalidInput(f"{path}: more than {MOST_ELEMENTS} elements, or {DEEPEST} in each other")
        for element in reached:
            tag = element.tag.rpartition("}")[2]
            if element.prefix == "xacro" and tag in DIRECTIVES:
                raise InvalidInput(f"{path}:{element.sourceline}: <xacro:{tag}>: give --xacro to expand it first")
        reached = [child for element in reached for child in element if isinstance(child.tag, str)]
    links = sum(1 for _ in root.iter("link" if root.tag == "robot" else "body"))
    if not 0 < links <= MOST_LINKS:
        raise InvalidInput(f"{path}: {links} links, not 1 to {MOST_LINKS}")
