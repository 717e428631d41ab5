"""The page about the architecture: links lead to what they name, and its picture shows the rule about imports."""

import ast
import re
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from folders import ROOT

PAGE = ROOT / "docs" / "architecture.md"


def names_in(path: Path) -> set[str]:
    """Functions, classes and constants of a module; methods and attributes as Class.name."""
    names = set()
    for node in ast.parse(path.read_text()).body:
        own = defined(node)
        names |= own
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{name}" for part in node.body for name in defined(part)}
    return names


def defined(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}


def test_every_link_names_what_its_file_holds() -> None:
    links = re.findall(r"\[([\w.\\]+)\]\(\.\./(roboschool/[\w/]+\.py)\)", PAGE.read_text())
    assert len(links) > 40
    wrong = [(name, path) for name, path in links if name.replace("\\", "") not in names_in(ROOT / path)]
    assert not wrong


def test_the_picture_shows_the_layers_that_the_linter_enforces() -> None:
    picture = PAGE.read_text().split("```mermaid")[1].split("```")[0]
    *chains, groups = [re.split(r"\s*-->\s*", line.strip()) for line in picture.splitlines() if "-->" in line]
    assert groups == re.findall(r"subgraph (\w+)", picture)
    drawn = [set(layer.split(" & ")) for chain in chains for layer in chain]
    with (ROOT / "pyproject.toml").open("rb") as file:
        (contract,) = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    assert drawn == [set(layer.split(" | ")) for layer in contract["layers"]]


def test_every_room_is_in_the_table() -> None:
    rows = re.findall(r"^\| (`.+?) \|", PAGE.read_text(), re.M)
    rooms = {path.parent.name for path in (ROOT / "roboschool").glob("*/__init__.py")}
    assert rooms <= set(re.findall(r"\w+", " ".join(rows)))


def test_every_room_says_what_belongs_there() -> None:
    for path in (ROOT / "roboschool").glob("*/__init__.py"):
        assert ast.get_docstring(ast.parse(path.read_text())), path
