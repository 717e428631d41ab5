"""Where tests find files of the repository."""

from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
BAD = TESTS / "bad"  # wrong input, and what must be said of it
