"""What runs live in a browser: windows of machines without a display, and the viewer; Chromium says nothing aloud."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from roboschool import AgentEnv
from roboschool.cli.pose import Figure, PosePage
from roboschool.cli.view import Viewer
from roboschool.robots.robot import load_robot

CHROMIUM = Path("/usr/bin/chromium")
sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no Chromium: apt install chromium")
PATIENCE = 120_000  # [ms]
COLOURS = """() => {
  const canvas = document.querySelector("canvas"), size = [canvas.width, canvas.height];
  const words = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, ...size).data.buffer);
  return [size, new Set(words).size];
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--disable-gpu", "--no-sandbox"])


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 800, "height": 600})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.said, page.asked = [], []
    page.on("console", lambda line: page.said.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("request", lambda request: page.asked.append(request.url))
    yield page
    assert page.said == []
    assert all(url.startswith(("http://127.0.0.1:", "blob:", "data:")) for url in page.asked), "it asks nobody else"
    context.close()


@pytest.fixture(autouse=True)
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)


def go_on(page: Any, step: Callable[[], object], done: Callable[[], bool], most: int = 300) -> None:
    """Step until something is true, and let the browser work meanwhile."""
    for _ in range(most):
        step()
        page.wait_for_timeout(10)
        if done():
            return
    raise AssertionError("it never comes true")


def test_human_mode_shows_steps_and_hears_keys(page: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(AgentEnv("hopper", render_mode="human")) as env:
        env.reset(seed=0)
        page.goto(capsys.readouterr().err.split()[-1])

        def step() -> None:
            if env.step(env.action_space.sample())[2]:
                env.reset()

        go_on(page, step, lambda: page.evaluate(COLOURS)[1] > 500)
        assert page.evaluate(COLOURS)[0] == [600, 400]
        before = env._screen.window._shown.taken
        go_on(page, step, lambda: env._screen.window._shown.taken > before + 10)
        page.keyboard.press("F3")
        go_on(page, step, lambda: env.hud)
        window = env._screen.window
        page.keyboard.down("ArrowUp")
        page.keyboard.down("a")
        go_on(page, step, lambda: window.pressed == {"up", "a"})
        page.keyboard.up("ArrowUp")
        go_on(page, step, lambda: window.pressed == {"a"})
        page.evaluate("dispatchEvent(new Event('blur'))")
        go_on(page, step, lambda: window.pressed == set())
    page.wait_for_function("() => document.getElementById('state').textContent")
    assert page.inner_text("#state") == "It has ended."


def test_play_waits_for_a_browser_and_ends_there(page: Any) -> None:
    command = [sys.executable, "-m", "roboschool.cli", "play", "pong", "--seed", "0"]
    game = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert game.stderr is not None
    page.goto(next(line for line in game.stderr if "http://" in line).split()[-1])
    page.wait_for_function(f"() => ({COLOURS})()[1] > 100")
    assert "Arrows: move" in page.inner_text("body")
    page.keyboard.press("Escape")
    said = game.communicate(timeout=60.0)[0]
    assert said.startswith("episode 1: ")
    page.wait_for_function("() => document.getElementById('state').textContent")


@pytest.fixture
def server() -> Iterator[Any]:
    viser = pytest.importorskip("viser")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = viser.ViserServer(host="127.0.0.1", port=port, verbose=False)
    yield server
    server.stop()


def test_the_viewer_shows_a_scene_and_obeys_its_buttons(page: Any, server: Any) -> None:
    with closing(Viewer(server, ["ant_sumo", "hopper"])) as viewer:
        page.goto(f"http://127.0.0.1:{server.get_port()}")
        page.wait_for_selector("canvas")
        page.wait_for_selector("text=push [m/s]")
        assert len(server.get_clients()) == 1
        episode = viewer.episode
        assert episode is not None
        go_on(page, lambda: viewer.run(2), lambda: page.locator("text=/step \\d+, /").count() > 0)
        page.get_by_role("button", name="reset").click()
        before = episode.step_number
        go_on(page, viewer.wanted.handle, lambda: episode.step_number < before)
        page.get_by_role("button", name="step", exact=True).click()
        go_on(page, viewer.wanted.handle, lambda: episode.step_number == 1)
        assert not viewer._playing.value, "a step pauses"
        page.close()
        viewer.step()


def test_sliders_pose_a_robot(page: Any, server: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(Figure(load_robot("hopper"))) as figure:
        tool = PosePage(server, figure)
        page.goto(f"http://127.0.0.1:{server.get_port()}")
        page.wait_for_selector("canvas")
        number = page.get_by_role("textbox").nth([*figure.positions].index("leg_joint"))
        number.fill("-30")
        number.press("Enter")
        go_on(page, tool.handle, lambda: "leg_joint = -30.0" in figure.table())
        page.wait_for_selector("text=/leg_joint = -30/")
        page.get_by_role("button", name="print [pose]").click()
        table = figure.table()
        go_on(page, tool.handle, lambda: table in capsys.readouterr().out)
        page.get_by_role("button", name="rest pose").click()
        go_on(page, tool.handle, lambda: figure.positions == figure.rest)


def test_pose_is_a_command(page: Any) -> None:
    command = [sys.executable, "-m", "roboschool.cli", "pose", "ant", "--port", "0"]
    tool = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert tool.stderr is not None
    page.goto(next(line for line in tool.stderr if "http://" in line).split()[0])
    page.wait_for_selector("text=/standing_height of the trunk/")
    tool.send_signal(signal.SIGINT)
    tool.communicate(timeout=60.0)
