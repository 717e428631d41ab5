"""The page about the architecture: links lead to what they name, and every room is in the picture."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"


def names_in(path: Path) -> set[str]:
    """Functions and classes of a module, and methods as Class.method."""
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{part.name}" for part in node.body if isinstance(part, ast.FunctionDef)}
    return names


def test_every_link_names_what_its_file_holds() -> None:
    links = re.findall(r"\[([\w.]+)\]\(\.\./([\w/]+\.py)\)", PAGE.read_text())
    assert len(links) > 20
    wrong = [(name, path) for name, path in links if name not in names_in(ROOT / path)]
    assert not wrong


def test_every_room_is_in_the_picture() -> None:
    picture = PAGE.read_text().split("```text")[1].split("```")[0]
    rooms = {path.parent.name for path in (ROOT / "roboschool").glob("*/__init__.py")}
    assert rooms - set(re.findall(r"\w+", picture)) == set()


def test_every_room_says_what_belongs_there() -> None:
    for path in (ROOT / "roboschool").glob("*/__init__.py"):
        assert ast.get_docstring(ast.parse(path.read_text())), path
