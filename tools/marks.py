"""Tables that programs write into pages, between two marks."""

from pathlib import Path


def with_table(page: Path, name: str, table: str) -> str:
    """Return the text of a page with another table between the marks of this name."""
    text, begin = page.read_text(), f"<!-- {name} -->\n"
    start, end = text.index(begin) + len(begin), text.index(f"<!-- end of {name} -->\n")
    return text[:start] + table + text[end:]
