"""Puts the files that an MJCF includes in the places where it does."""

from lxml import etree

from roboschool.errors import InvalidInput
from roboschool.importing.resolve import LARGEST, Resolver
from roboschool.importing.source import Source
from roboschool.readers import read_bytes
from roboschool.robots.urdf_schema import Element, parse_xml, refuse_entities

MOST = 50  # files


def expand_includes(source: Source) -> Source:
    """Return an MJCF with all that it includes; any other text as it is.

    Raises:
        InvalidInput: an included file is not there, outside the robot's folders, no XML, or there are too many.
    """
    if source.path.suffix.lower() != ".xml" or b"<include" not in source.data:
        return source
    root = _parse(source)
    resolver, left = Resolver(source.path), MOST
    while (include := next(root.iter("include"), None)) is not None:
        where, left = f"{source.path}: <include>", left - 1
        name = include.get("file", "")
        file = resolver.find(name) if left else None
        if file is None:
            fault = f"no such file{resolver.hint(name)}" if left else f"more than {MOST} files"
            raise InvalidInput(f"{where}: {name!r:.200}: {fault}")
        parent, place = include.getparent(), include.getparent().index(include)
        parent[place : place + 1] = list(_parse(Source(file, read_bytes(file, LARGEST))))
    data = etree.tostring(root)
    if len(data) > LARGEST:
        raise InvalidInput(f"{source.path}: with what it includes, more than {LARGEST} bytes")
    return Source(source.path, data)


def _parse(source: Source) -> Element:
    try:
        text = source.data.decode().removeprefix("\ufeff").lstrip()
    except UnicodeDecodeError:
        raise InvalidInput(f"{source.path}: not UTF-8") from None
    refuse_entities(text, source.path)
    return parse_xml(text.partition("?>")[2] if text.startswith("<?xml") else text, source.path)
