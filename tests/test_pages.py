"""The pages for newcomers hold in an empty folder."""

from pathlib import Path

from folders import ROOT
from pages import run_page

DOCS = ROOT / "docs"


def test_the_page_for_those_who_come_from_other_packages(tmp_path: Path) -> None:
    said = run_page(DOCS / "migrating.md", tmp_path)
    assert float(said[2].split()[-1]) > 1.99  # the reward of a drone at its goal
