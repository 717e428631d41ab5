"""The site in headless Chromium: it sorts and filters, on a small screen too, and reports no error."""

import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from result_rows import make, write

from roboschool.results.site import write_site

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
SCENES = ("roboschool/Hopper-v1", "roboschool/Ant-v1", "CartPole-v1")
PROBE = """
addEventListener("load", () => {
  const table = document.querySelector("table[data-sortable]"), body = table.tBodies[0], found = {};
  const column = (number) => [...body.rows].filter((row) => !row.hidden).map((row) => row.cells[number].textContent);
  const press = (number) => {
    const button = table.tHead.rows[0].cells[number].querySelector("button");
    button.focus();
    found.focused = document.activeElement === button;
    button.click();
    return column(number);
  };
  const filter = (words) => {
    const input = document.querySelector("[data-filter]");
    input.value = words;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    return column(2);
  };
  found.loaded = performance.now();
  found.up = press(5);
  found.down = press(5);
  found.sort = table.tHead.rows[0].cells[5].getAttribute("aria-sort");
  found.filtered = filter("sac ant-v1");
  found.count = document.querySelector("[data-count]").textContent;
  found.all = filter("").length;
  found.wide = document.documentElement.scrollWidth > innerWidth;
  found.tabs = [...document.querySelectorAll("a, button, input, select")].every((each) => each.tabIndex >= 0);
  const place = document.createElement("pre");
  place.id = "probe";
  place.textContent = JSON.stringify(found);
  document.body.append(place);
});
"""


@pytest.mark.skipif(BROWSER is None, reason="no Chromium (Debian: apt install chromium)")
@pytest.mark.parametrize("size", ["1280,900", "500,900"])
def test_site(size: str, tmp_path: Path) -> None:
    rows = [
        make(n, 50.0 + 7 * (n % 13), scene=SCENES[n % 3], algorithm=("PPO", "SAC")[n % 2], title=f"<i>row {n}</i>")
        for n in range(40)
    ]
    write_site(write(tmp_path / "rows", *rows), tmp_path / "site")
    found = probe(tmp_path, size)
    numbers = [float(text) for text in found["up"]]
    assert numbers == sorted(numbers)
    assert [float(text) for text in found["down"]] == numbers[::-1]
    assert found["sort"] == "descending"
    assert sorted(found["filtered"]) == sorted(f"<i>row {n}</i>" for n in range(40) if n % 3 == 1 and n % 2)
    assert found["count"] == f"{len(found['filtered'])} rows"
    assert found["all"] == 40
    assert found["focused"]
    assert found["tabs"]
    assert not found["wide"]


@pytest.mark.skipif(BROWSER is None, reason="no Chromium (Debian: apt install chromium)")
def test_a_thousand_rows_are_built_in_ten_seconds_and_open_in_one(tmp_path: Path) -> None:
    """The quickest of three, as other programs may run."""
    rows = [
        make(n, 50.0 + 7 * (n % 13), scene=f"roboschool/Scene{n % 20}-v1", algorithm=f"A{n % 4}", title=f"row {n}")
        for n in range(1000)
    ]
    write(tmp_path / "rows", *rows)
    began = time.process_time()
    assert write_site(tmp_path / "rows", tmp_path / "site") == 1000
    assert time.process_time() - began <= 10.0
    found = [probe(tmp_path, size) for size in ("1280,900", "500,900") for _ in range(3)]
    assert all(each["all"] == 1000 and not each["wide"] for each in found)
    for three in (found[:3], found[3:]):
        assert min(each["loaded"] for each in three) <= 1000.0  # [ms]


def probe(folder: Path, size: str) -> dict[str, Any]:
    """Open the first page with a script that presses what can be pressed; return what it found."""
    (folder / "site" / "probe.js").write_text(PROBE)
    page = folder / "site" / "probe.html"
    text = (folder / "site" / "index.html").read_text()
    page.write_text(text.replace("</head>", '<script src="probe.js"></script></head>'))
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    command = [str(BROWSER), *options, "--enable-logging=stderr", f"--window-size={size}", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert "CONSOLE" not in done.stderr
    said = re.search(r'<pre id="probe">(.*?)</pre>', done.stdout, re.S)
    assert said, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(said[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    return found
