"""Windows in a browser, where there is no display; `tests/extras/test_web.py` opens them in one."""

import http.client
import io
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from waits import until

import roboschool
from roboschool import AgentEnv, InvalidInput
from roboschool.cli.main import main
from roboschool.rendering import page_window
from roboschool.rendering.page_window import PageWindow
from roboschool.rendering.window import Screen


@pytest.fixture(autouse=True)
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)


@pytest.fixture
def window() -> Iterator[PageWindow]:
    with closing(PageWindow("<b>test</b>", 160, 120, "<i>a hint</i>")) as window:
        yield window


def ask(address: str, path: str = "", body: Any = None) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of an answer."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60.0)
    text = body if body is None or isinstance(body, bytes) else json.dumps(body)
    connection.request("GET" if body is None else "POST", parts.path + path, text)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), data


def keys(order: int, *down: str, struck: tuple[str, ...] = (), page: str = "a") -> dict[str, Any]:
    return {"page": page, "order": order, "down": down, "struck": struck}


def watch(window: PageWindow) -> None:
    window.show(np.zeros((120, 160, 3), np.uint8))
    assert ask(window.address, "picture?after=0")[0] == 200


def test_it_shows_pictures_to_a_browser(window: PageWindow) -> None:
    assert window.wants_picture, "there has been none"
    assert not window.watched
    window.show(np.full((120, 160, 3), (250, 20, 20), np.uint8))
    assert not window.wants_picture, "nobody has seen the last one"
    status, headers, data = ask(window.address, "picture?after=0")
    assert (status, headers["Content-Type"], headers["X-Number"]) == (200, "image/jpeg", "1")
    assert np.asarray(Image.open(io.BytesIO(data))).mean((0, 1)) == pytest.approx((250, 20, 20), abs=3)
    assert window.watched
    assert window.wants_picture


def test_names_are_text_and_nothing_is_loaded(window: PageWindow) -> None:
    page = ask(window.address)[2].decode()
    assert "<title>&lt;b&gt;test&lt;/b&gt;</title>" in page
    assert "&lt;i&gt;a hint&lt;/i&gt;" in page
    assert not any(word in page for word in ("http://", "https://", "src="))


def test_it_hears_keys_of_all_browsers_in_their_order(window: PageWindow) -> None:
    watch(window)
    assert ask(window.address, "keys", keys(0, "up", struck=("up",)))[0] == 204
    ask(window.address, "keys", keys(0, "left", page="b"))
    assert window.pressed == {"up", "left"}
    ask(window.address, "keys", keys(2))
    ask(window.address, "keys", keys(1, "up", "a", struck=("a",)))  # has been overtaken
    assert window.pressed == {"left"}
    assert window.struck() == {"up", "a"}
    assert window.struck() == set()


def test_keys_of_a_browser_that_has_gone_are_let_go(window: PageWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    watch(window)
    ask(window.address, "keys", keys(0, "up"))
    assert window.pressed == {"up"}
    monkeypatch.setattr(page_window, "AWAY", 0.0)
    assert window.pressed == set()


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[" * 1500, b"3", {"page": 1}, keys(0, "x" * 50), keys(0, *"abcdefghij" * 9), b"x" * 3000]
)
def test_other_messages_are_refused(window: PageWindow, body: Any) -> None:
    assert ask(window.address, "keys", body)[0] in (400, 413)
    assert window.pressed == window.struck() == set()


def test_only_who_knows_the_address_reaches_it(window: PageWindow, capsys: pytest.CaptureFixture[str]) -> None:
    root = window.address.split("/", 3)
    for path in ("", "picture?after=0", "keys"):
        assert ask("/".join((*root[:3], path)))[0] == 404
    assert ask("/".join((*root[:3], "")), "keys", keys(0, "up"))[0] == 404
    assert root[2].startswith("127.0.0.1:")


def test_a_port_that_is_taken_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(page_window, "PORT", taken.getsockname()[1])
        with closing(PageWindow("test", 160, 120)) as window:
            assert ask(window.address)[0] == 200


def test_a_browser_that_goes_away_harms_nobody(window: PageWindow, capfd: pytest.CaptureFixture[str]) -> None:
    window.show(np.zeros((1200, 1600, 3), np.uint8))
    parts = urlsplit(window.address)
    for _ in range(3):
        with socket.create_connection((parts.hostname, parts.port)) as one:
            one.sendall(f"GET {parts.path}picture?after=0 HTTP/1.1\r\n\r\n".encode())
    assert ask(window.address)[0] == 200
    assert "Traceback" not in capfd.readouterr().err


def test_its_end_is_told_and_frees_the_port() -> None:
    window = PageWindow("test", 160, 120)
    address = window.address
    window.close()
    window.close()
    assert window.closed
    with pytest.raises(OSError, match="refused"):
        ask(address)


def test_human_mode_is_a_page_where_there_is_no_display(capsys: pytest.CaptureFixture[str]) -> None:
    with closing(AgentEnv("hopper", render_mode="human", width=96, height=64)) as env:
        env.reset(seed=0)
        address = capsys.readouterr().err.split()[-1]
        assert ask(address, "picture?after=0")[0] == 200
        assert ask(address, "keys", keys(0, "f3", struck=("f3",)))[0] == 204
        env.step(env.action_space.sample())
        assert env.hud
        assert env.render() is None
    assert AgentEnv.metadata["render_modes"] == ["human", "rgb_array"]
    with pytest.raises(InvalidInput, match="'human'; there is rgb_array"):
        roboschool.VectorEnv("hopper", 2, render_mode="human")


def test_a_screen_without_a_browser_draws_nothing_after_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[int] = []

    def paint() -> np.ndarray:
        shown.append(1)
        return np.zeros((120, 160, 3), np.uint8)

    with closing(Screen("test", 160, 120, timestep=0.001)) as screen:
        for _ in range(5):
            screen.show(paint)
        assert len(shown) == 1
        assert isinstance(screen.window, PageWindow)
        ask(screen.window.address, "picture?after=0")
        until(lambda: screen.show(paint) or len(shown) > 1)


def test_play_runs_without_a_display() -> None:
    arguments = ["hopper", "--steps", "10", "--seed", "0", "--keys", "up:5", "--size", "160x120"]
    done = CliRunner().invoke(main, ["play", *arguments])
    assert done.exit_code == 0, done.output
    assert "episode 1: 10 steps" in done.stdout
    assert "http://127.0.0.1:" in done.stderr
