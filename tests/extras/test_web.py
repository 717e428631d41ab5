"""Pages in a browser, offline: Chromium draws them in software, and says nothing on its console."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recordings import record, recording

from roboschool.rendering.render_scene import RenderScene
from roboschool.rendering.web.page import make_page

CHROMIUM = Path("/usr/bin/chromium")
sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no Chromium: apt install chromium")
PATIENCE = 120_000  # [ms]; waited for by functions: expressions are evaluated anew, which the pages' policy forbids
PIXELS = """() => {
  player.draw(0);
  const gl = player.picture.gl, size = [gl.drawingBufferWidth, gl.drawingBufferHeight];
  const bytes = new Uint8Array(4 * size[0] * size[1]);
  gl.readPixels(0, 0, ...size, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
  const pixels = Array.from({ length: size[0] * size[1] }, (_, i) => bytes.slice(4 * i, 4 * i + 3).join());
  return [size, new Set(pixels).size];
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--disable-gpu", "--no-sandbox"])


@pytest.fixture(scope="module")
def page(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    path = tmp_path_factory.mktemp("page") / "sumo.html"
    path.write_text(make_page(recording(*record("ant_sumo")[:2], "<b>bold</b>")))
    context = browser.new_context(offline=True, viewport={"width": 480, "height": 300}, has_touch=True)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.said, page.asked = [], []
    page.on("console", lambda line: page.said.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_function("() => globalThis.player || document.getElementById('fault').textContent")
    assert page.inner_text("#fault") == ""
    page.evaluate("player.play(false)")
    yield page
    assert page.said == []
    assert page.asked == [path.as_uri()], "it needs nothing but itself"


def test_it_draws_many_colours_and_both_sides(page: Any) -> None:
    page.evaluate("player.seek(10)")
    size, colours = page.evaluate(PIXELS)
    assert min(size) >= 100
    assert colours > 500


def test_the_result_is_shown_at_the_end_only(page: Any) -> None:
    page.evaluate("player.seek(10), player.show(0)")
    assert page.inner_text("#result") == ""
    assert page.inner_text("#time") == "0.2 / 0.6 s"
    page.evaluate("player.seek(39), player.show(0)")
    assert page.inner_text("#result") == "<b>bold</b>: won \u00b7 <b>bold</b>: won \u00b7 time, 40 steps"
    assert "<b>bold</b>" in page.inner_text("#table table"), "a name is text"


def test_returns_are_sums_of_rewards(page: Any) -> None:
    _, seen, _ = record("ant_sumo")
    page.evaluate("player.seek(20), player.show(0)")
    shown = page.evaluate("player.cells.map((cell) => Number(cell.total.textContent))")
    assert shown == pytest.approx(seen.rewards[:21].sum(0), abs=0.1)


def test_keys_and_buttons(page: Any) -> None:
    page.evaluate("player.play(false), player.seek(10)")
    page.keyboard.press(".")
    assert page.evaluate("player.time") == 11
    page.keyboard.press("End")
    assert page.evaluate("player.time") == 39
    page.keyboard.press("Home")
    assert page.evaluate("player.time") == 0
    page.keyboard.press("+")
    assert page.evaluate("player.speed") == 2
    page.keyboard.press("-")
    page.keyboard.press("2")
    assert page.evaluate("player.view.follow") == 1
    page.select_option("#follow", label="free camera")
    assert page.evaluate("player.view.follow") == -2
    page.select_option("#speed", "0.25")
    page.click("#play")
    page.wait_for_function("() => player.time > 0")
    page.keyboard.press("Escape")
    page.evaluate("player.play(false), player.setSpeed(1)")


def test_a_hand_turns_and_zooms(page: Any) -> None:
    page.evaluate("player.view.choose(0), player.show(0)")
    before = page.evaluate("[player.view.around, player.view.zoom]")
    page.mouse.move(240, 150)
    page.mouse.down()
    page.mouse.move(300, 150)
    page.mouse.up()
    page.mouse.wheel(0, 300)
    page.wait_for_function(f"() => player.view.zoom > {before[1]}")
    assert page.evaluate("player.view.around") < before[0]


def test_javascript_places_links_where_python_does(page: Any) -> None:
    scene, _, snapshots = record("ant_sumo")
    shown = RenderScene(scene)
    shown.show([snapshots[30]])
    page.evaluate("player.seek(30)")
    placed = np.array(page.evaluate("player.place().map((pose) => pose.slice(9))"))
    assert abs(placed - shown.placed[0, :, 9:]).max() < 0.001


def test_a_damaged_page_says_so(browser: Any, tmp_path: Path) -> None:
    text = make_page(recording(*record("ant_sumo")[:2]))
    start = text.index('type="text/plain">') + 2000
    (tmp_path / "bad.html").write_text(text[:start] + text[start + 1000 :])
    page = browser.new_page()
    page.goto((tmp_path / "bad.html").as_uri())
    page.wait_for_function("() => document.getElementById('fault').textContent")
    page.close()
