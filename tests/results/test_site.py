"""The site: it ranks, it is complete in itself, what a row says is text, and nothing else is overwritten."""

import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from folders import ROOT
from result_rows import make, write

from roboschool import InvalidInput
from roboschool.results import site, verification
from roboschool.results.charts import shown, ticks
from roboschool.results.policy_store import shipped_policies
from roboschool.results.ranking import Entry, rank
from roboschool.results.records import record_all
from roboschool.results.row_file import find_rows, read_row
from roboschool.results.site import link, write_site
from roboschool.results.verification import FAILED, REPLAYED, Verification

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7 * 7 }}"


class Links(HTMLParser):
    """What a page refers to, and its tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for key, value in attrs if key in ("href", "src") and value]
        assert not any(key.startswith("on") for key, _ in attrs)


def test_ranks_are_by_score_and_overlapping_intervals_are_ties() -> None:
    rows = [make(0, 100.0), make(1, 101.0), make(2, 150.0), make(3, 50.0), make(4, 200.0, episodes=99), make(5, 999.0)]
    listing = [Entry(row, f"{place}.json", "", FAILED if place == 5 else REPLAYED) for place, row in enumerate(rows)]
    assert [(entry.file[0], entry.rank) for entry in rank(listing)] == [
        ("5", None),
        ("4", None),
        ("2", 1),
        ("1", 2),
        ("0", 2),
        ("3", 4),
    ]


def test_every_page_is_linked_and_every_link_leads_to_a_page(tmp_path: Path) -> None:
    rows = [make(0), make(1, 90.0, algorithm="SAC"), make(2, 80.0, scene="CartPole-v1", runs=3)]
    folder = write(tmp_path / "rows", *rows)
    (folder / "pictures").mkdir()
    (folder / "pictures" / f"{rows[0].runs[0].policy}.webp").write_bytes(b"RIFF")
    assert write_site(folder, tmp_path / "site") == 3
    out, reached, todo = tmp_path / "site", set(), ["index.html"]
    while todo:
        name = todo.pop()
        if name in reached or name.startswith("data:"):
            continue
        reached.add(name)
        assert (out / name).is_file(), name
        if name.endswith(".html"):
            todo += Links((out / name).read_text()).links
    assert reached | {"pages.json"} == {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert not any("//" in each for page in out.glob("*.html") for each in Links(page.read_text()).links)


def test_what_a_row_says_is_text(tmp_path: Path) -> None:
    row = make(title=EVIL[:200], algorithm=EVIL[:200], who=EVIL[:200], note=EVIL, command=EVIL, licence=EVIL[:200])
    write_site(write(tmp_path / "rows", row, make(1)), tmp_path / "site")
    for page in (tmp_path / "site").glob("*.html"):
        text = page.read_text()
        found = Links(text)
        assert found.tags.count("script") == 1
        assert "<script>alert" not in text
    assert "{{ 7 * 7 }}" in (tmp_path / "site" / link("group", row.group)).read_text()
    assert len({link("algorithm", name) for name in ("A b", "A-b", "a b", EVIL)}) == 4
    assert re.fullmatch(r"[a-z0-9-]+\.html", link("algorithm", EVIL))


def test_a_record_holds_for_the_bytes_of_its_row_only(tmp_path: Path) -> None:
    folder = write(tmp_path / "rows", make(0), make(1))
    for name in ("row-0.json", "row-1.json"):
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        record_all(folder, [Verification(name, digest, REPLAYED, (), (), 100, "any", {})])
    (folder / "row-1.json").write_text((folder / "row-1.json").read_text().replace("A. Person", "A. Thief"))
    assert [entry.status for entry in site.read_listing(folder)] == [REPLAYED, "not verified"]


def test_pages_of_rows_that_are_gone_are_removed(tmp_path: Path) -> None:
    folder, out = write(tmp_path / "rows", make(0), make(1)), tmp_path / "site"
    write_site(folder, out)
    assert len([*out.glob("row-*.html")]) == 2
    (folder / "row-1.json").unlink()
    (out / "mine.txt").write_text("")
    write_site(folder, out)
    assert len([*out.glob("row-*.html")]) == 1
    assert (out / "mine.txt").exists()
    (out / "pages.json").write_text(json.dumps(["../rows/row-0.json", "/etc/passwd"]))
    write_site(folder, out)
    assert (folder / "row-0.json").exists()


def test_a_folder_with_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "thesis.tex").write_text("")
    with pytest.raises(InvalidInput, match="neither empty nor a site"):
        write_site(write(tmp_path / "rows", make()), tmp_path / "site")
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="file"):
        write_site(tmp_path / "rows", tmp_path / "file")


def test_too_many_rows_are_refused_before_any_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "rows", make(0), make(1), make(2))
    monkeypatch.setattr(site, "MOST_ROWS", 2)
    monkeypatch.setattr(site, "open_row", None)
    with pytest.raises(InvalidInput, match="3 rows, more than 2: make a site for each part"):
        write_site(folder, tmp_path / "site")
    with pytest.raises(InvalidInput, match="not a folder of rows"):
        write_site(tmp_path / "none", tmp_path / "site")


def test_all_bad_rows_are_told_at_once(tmp_path: Path) -> None:
    folder = write(tmp_path / "rows", make(0), make(1), make(2))
    (folder / "row-0.json").write_text("{")
    (folder / "row-2.json").write_text((folder / "row-2.json").read_text().replace('"title"', '"titel"'))
    with pytest.raises(InvalidInput, match=r"2 faults: .*row-0.*row-2.*did you mean 'title'"):
        write_site(folder, tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_rows_are_read_quickly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slow check, which finds all faults, is not for rows without any."""
    monkeypatch.setattr("roboschool.results.row_file.convert", None)
    assert site.read_listing(write(tmp_path / "rows", make(0, episodes=1000)))


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 1.0), (-3.0, 17.0), (5.0, 5.0), (1e6, 1.1e6), (-1e-7, 1e-7), (0.0, 0.0)]
)
def test_ticks_are_round_and_enclose(low: float, high: float) -> None:
    found = ticks(low, high)
    assert found[0] <= low + 1e-12
    assert found[-1] >= high - 1e-12
    assert 3 <= len(found) <= 12


def test_numbers_are_short() -> None:
    assert [shown(value) for value in (0.0, 1.25, 9999.0, 150_528.0, 7e6, -2.5e9)] == [
        "0",
        "1.25",
        "9999",
        "150.5 k",
        "7 M",
        "-2.5 G",
    ]


def test_the_site_of_our_rows_is_fresh(tmp_path: Path) -> None:
    write_site(ROOT / "results", tmp_path / "site")
    ours, made = (
        {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (ROOT / "docs" / "site", tmp_path / "site")
    )
    assert ours == made, "run: roboschool results page results -o docs/site"
    assert sum(map(len, ours.values())) < 5e6


def test_our_rows_are_of_shipped_policies_as_they_are() -> None:
    for path in find_rows(ROOT / "results"):
        row = read_row(path)
        assert not [*verification._claims(row)], path
        assert all(run.policy in shipped_policies() for run in row.runs)
        assert not row.commit.endswith("-changed")


def test_every_shipped_policy_has_a_row() -> None:
    rowed = {run.policy for path in find_rows(ROOT / "results") for run in read_row(path).runs}
    without = [path.stem for digest, path in shipped_policies().items() if digest not in rowed]
    assert not without, "run: roboschool results add NAME --who WHO, and roboschool results page results -o docs/site"
