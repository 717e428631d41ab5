"""The pages for newcomers hold in an empty folder."""

from pathlib import Path

from folders import ROOT
from pages import run_page

DOCS = ROOT / "docs"


def test_the_page_for_those_who_come_from_other_packages(tmp_path: Path) -> None:
    said = run_page(DOCS / "migrating.md", tmp_path)
    assert "2.0" in said[2], said  # the reward of a drone at its goal
    assert said[3].count("\n") <= 1  # PyBullet's own script
