"""Numbers over pictures, windows, play and pose. The windows are opened on a screen of Xvfb's that nobody sees."""

import gc
import itertools
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from click.testing import CliRunner
from gymnasium.utils.env_checker import check_env
from PIL import ImageGrab
from waits import Clock, until

import roboschool
from roboschool import AgentEnv, InvalidInput, paths, readers
from roboschool.cli.main import main
from roboschool.cli.play import FlagPilot, Session, SlideKeys, VelocityPilot, choose_pilot, read_keys
from roboschool.cli.pose import Figure
from roboschool.rendering.overlay import GREEN, RED, Reading, overlay
from roboschool.rendering.window import Screen, Window
from roboschool.robots.robot import load_robot

COMMAND = [sys.executable, "-m", "roboschool.cli"]
WINDOWS = shutil.which("Xvfb") is not None and find_spec("_tkinter") is not None


@pytest.fixture(scope="module")
def screen() -> Iterator[str]:
    if not WINDOWS:
        pytest.skip("Xvfb or tkinter is not installed")
    reads, writes = os.pipe()
    command = ["Xvfb", "-displayfd", str(writes), "-screen", "0", "1400x900x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=(writes,), stderr=subprocess.DEVNULL)
    os.close(writes)
    with os.fdopen(reads) as pipe:
        yield f":{pipe.readline().strip()}"
    gc.collect()  # what Tk leaves must not be collected by another thread
    server.terminate()
    server.wait()


@pytest.fixture
def display(screen: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DISPLAY", screen)
    return screen


@pytest.fixture
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)


def reading(observation: object = (0.0,), action: object = (0.0,), **more: object) -> Reading:
    terms = [{"alive": 0.0, "progress": 0.0}]
    return Reading(np.array(observation), np.array(action), **({"terms": terms, "caption": "step 1"} | more))


def blank(width: int = 600, height: int = 400) -> np.ndarray:
    return np.full((height, width, 3), 128, dtype=np.uint8)


def painted(picture: np.ndarray, colour: tuple[int, ...], part: slice = slice(None)) -> int:
    """Return how many pixels have a colour, in the upper half, where no curves are."""
    upper = picture[: len(picture) // 2, part]
    return int((abs(upper.astype(int) - colour[:3]).max(axis=-1) < 3).sum())


def red(display: str) -> int:
    """Return how many pixels of the screen are as red as a robot."""
    shown = np.asarray(ImageGrab.grab(xdisplay=display).convert("RGB")).astype(int)
    return int((shown[..., 0] - shown[..., 2] > 60).sum())


def wait_for(window: Window, done: Callable[[], bool]) -> None:
    def look() -> bool:
        window.update()
        return done()

    until(look)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Screens keep the time of this clock."""
    clock = Clock()
    monkeypatch.setattr("roboschool.rendering.window.time", clock)
    return clock


@pytest.mark.parametrize(("part", "name"), [(slice(300, 600), "observation"), (slice(0, 300), "action")])
def test_bars_have_the_colour_of_the_sign(part: slice, name: str) -> None:
    for value, colour, other in ((1.0, GREEN, RED), (-1.0, RED, GREEN)):
        picture = overlay(blank(), reading(**{name: [value]}))
        assert painted(picture, colour, part) > 50
        assert painted(picture, other) == 0
    assert painted(overlay(blank(), reading()), GREEN) == 0


def test_bars_are_as_long_as_the_number_is_great_up_to_full_scale() -> None:
    long, short, nothing = (painted(overlay(blank(), reading([value])), GREEN) for value in (1.0, 0.5, float("nan")))
    assert long == pytest.approx(2 * short, rel=0.1)
    assert nothing == 0
    full, more = (overlay(blank(), reading([value], [value])) for value in (2.0, 900.0))
    assert np.array_equal(full, more)
    quiet, half = (overlay(blank(), reading(action=[value])) for value in (1.0, 0.5))
    assert painted(quiet, GREEN) == pytest.approx(2 * painted(half, GREEN), rel=0.1)


def test_the_picture_under_the_numbers_stays_as_it_is() -> None:
    picture = blank()
    over = overlay(picture, reading([1.0]))
    assert (picture == 128).all()
    assert over.shape == picture.shape
    assert over.dtype == np.uint8
    assert over.flags.writeable
    assert not np.array_equal(over, picture)


@pytest.mark.parametrize("size", [(600, 400), (1280, 720), (960, 540), (120, 120), (300, 900), (2000, 130)])
@pytest.mark.parametrize("count", [1, 44, 70, 1000])
def test_any_number_of_numbers_fits_any_picture(size: tuple[int, int], count: int) -> None:
    numbers = np.linspace(-3.0, 3.0, count)
    names = [f"a long name of a joint {i} [rad]" for i in range(count)]
    terms = [{"alive": 1.0, "progress": 0.1 * i} for i in range(500)]
    full = reading(numbers, numbers[:30], field_names=names, joints=names[:30], terms=terms, caption="step 1   done")
    assert overlay(blank(*size), full).shape == (size[1], size[0], 3)


@pytest.mark.parametrize("size", [(600, 400), (960, 540), (1280, 720), (240, 160)])
@pytest.mark.parametrize("scene", ["hopper", "humanoid", "ant_sumo"])
def test_the_numbers_cover_a_quarter_of_the_picture_at_most(scene: str, size: tuple[int, int]) -> None:
    with closing(AgentEnv(scene, hud=True, render_mode="rgb_array")) as env:
        env.reset(seed=0)
        env.step(np.ones(env.action_space.shape))
        seen = env._hud.read(env.simulation, env._sit().group, 0)
    assert (overlay(blank(*size), seen) != 128).any(axis=-1).mean() <= 0.25


def test_tiny_pictures_get_no_numbers() -> None:
    assert np.array_equal(overlay(blank(96, 64), reading([1.0])), blank(96, 64))


def test_the_score_is_the_sum_of_the_rewards_of_this_episode() -> None:
    env = gymnasium.make("roboschool/Hopper-v1", render_mode="rgb_array", hud=True).unwrapped
    for _ in range(2):
        env.reset(seed=0)
        with_numbers, env.hud = env.render(), False
        assert not np.array_equal(env.render(), with_numbers)
        env.hud = True
        total = sum(float(env.step(np.full(3, 0.2))[1]) for _ in range(5))
        assert env._hud.score == pytest.approx(total)
    assert env.render().shape == (400, 600, 3)
    env.close()


def test_a_python_without_tk_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tkinter", None)
    with pytest.raises(InvalidInput, match="apt install python3-tk"):
        Window("test", 160, 120)


def test_a_window_hears_keys_and_holds_those_that_x11_repeats(display: str) -> None:
    window = Window("test", 160, 120)
    window.root.focus_force()
    window.update()
    root = window.root
    root.event_generate("<KeyPress-Up>")
    assert window.pressed == {"up"}
    for _ in range(3):
        root.event_generate("<KeyRelease-Up>")
        root.event_generate("<KeyPress-Up>")
        assert window.pressed == {"up"}
    root.event_generate("<KeyPress-a>")
    assert window.struck() == {"up", "a"}
    assert window.struck() == set()
    root.event_generate("<KeyRelease-Up>")
    root.event_generate("<KeyRelease-a>")
    until(lambda: window.pressed == set())
    window.close()


def test_a_window_shows_pictures_until_it_is_closed(display: str) -> None:
    window = Window("test", 160, 120, "a hint")
    picture = blank(160, 120)
    picture[:] = (250, 20, 20)
    window.show(picture)
    wait_for(window, lambda: red(display) >= 160 * 120)
    root = window.root
    root.after(10, lambda: root.tk.eval(root.protocol("WM_DELETE_WINDOW")))  # what a click on its cross does
    wait_for(window, lambda: window.closed)
    window.show(picture)
    window.close()
    assert red(display) == 0


def test_a_screen_keeps_time_and_leaves_out_pictures_that_take_too_long(display: str, clock: Clock) -> None:
    shown: list[int] = []

    def paint() -> np.ndarray:
        shown.append(1)
        clock.sleep(0.03)
        return blank(160, 120)

    screen = Screen("test", 160, 120, timestep=0.02)
    screen.show(paint)
    start, shown[:] = clock.now, []
    for _ in range(40):
        screen.show(paint)
    assert clock.now - start == pytest.approx(0.8, abs=0.03)
    assert 10 <= len(shown) <= 25
    screen.window.close()
    screen.show(paint)
    assert screen.closed
    screen.close()
    assert not screen.closed


def test_human_mode_shows_every_reset_by_itself(display: str) -> None:
    env = gymnasium.make("roboschool/Hopper-v1", render_mode="human")
    env.reset(seed=0)
    window = env.unwrapped._screen.window
    wait_for(window, lambda: red(display) > 100)
    window.root.focus_force()
    window.update()
    window.root.event_generate("<KeyPress-F3>")
    env.step(env.action_space.sample())
    assert env.unwrapped.hud
    assert env.render() is None
    window.close()
    env.step(env.action_space.sample())
    env.reset()
    assert env.unwrapped._screen.closed
    env.close()


def test_gymnasium_has_nothing_against_human_mode(display: str) -> None:
    env = gymnasium.make("roboschool/Hopper-v1", render_mode="human", width=96, height=64)
    check_env(env.unwrapped)
    assert env.metadata["render_modes"] == ["human", "rgb_array"]
    env.close()


def test_a_world_of_agents_has_a_window_too(display: str) -> None:
    env = roboschool.ParallelEnv("ants", render_mode="human")
    env.reset(seed=0)
    wait_for(env._screen.window, lambda: red(display) > 100)
    env.step({name: np.zeros(8) for name in env.agents})
    assert env.render() is None
    env.close()


@pytest.mark.parametrize("policy", [[], ["--policy", "random"], ["--policy", "scripted"]])
def test_play_is_a_command(display: str, policy: list[str]) -> None:
    arguments = ["race", *policy, "--steps", "25", "--seed", "0", "--keys", "up:5,left+a:10", "--size", "160x120"]
    done = CliRunner().invoke(main, ["play", *arguments])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("episode 1: ")
    assert sum(int(line.split()[2]) for line in done.stdout.splitlines()) == 25


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["hoper"], "did you mean 'hopper'"),
        (["hopper", "--agent", "ant_0"], "unknown agent 'ant_0'"),
        (["hopper", "--policy", "nothing"], "--policy nothing: unknown policy 'nothing'"),
        (["hopper", "--keys", "up"], "up:60"),
        (["hopper", "--size", "big"], "960x540"),
    ],
)
def test_play_says_what_is_wrong(arguments: list[str], words: str, display: str) -> None:
    done = CliRunner().invoke(main, ["play", *arguments])
    assert (done.exit_code, type(done.exception)) == (1, SystemExit)
    (line,) = done.stderr.splitlines()
    assert words in line


def test_keys_are_held_for_so_many_steps() -> None:
    keys = read_keys("up:2,left+a:1")
    assert [set(next(keys)) for _ in range(4)] == [{"up"}, {"up"}, {"left", "a"}, set()]
    for wrong in ("up", "up:x", "up:-1", ":", "up:99999999"):
        with pytest.raises(InvalidInput, match="--keys"):
            read_keys(wrong)


def test_two_keys_push_a_joint() -> None:
    env = AgentEnv("humanoid")
    pilot = choose_pilot(env, None)
    assert pilot.act(frozenset({"right", "down", "a"}))[:4].tolist() == [1.0, -1.0, 1.0, 0.0]
    assert pilot.act(frozenset({"right", "left", "z"}))[:4].tolist() == [0.0, 0.0, -1.0, 0.0]
    assert "Right/Left: abdomen_z" in pilot.hint
    env.close()


class Nothing:
    """A policy."""

    def reset(self, seed: int | None = None) -> None:
        pass

    def act(self, observation: np.ndarray) -> np.ndarray:
        return np.zeros(17)


def press(screen: Screen, keys: dict[int, str]) -> None:
    """Let keys go down for good, each after so many pictures."""
    root, show, shown = screen.window.root, screen.show, itertools.count()
    root.focus_force()
    root.update()

    def show_and_press(paint: Callable[[], np.ndarray]) -> None:
        show(paint)
        if key := keys.get(next(shown)):
            root.event_generate(f"<KeyPress-{key}>")

    screen.show = show_and_press  # type: ignore[method-assign]


@pytest.mark.parametrize(("key", "way"), [("Up", (0.0, 2.0)), ("Left", (-2.0, 0.0))])
@pytest.mark.usefixtures("clock", "display")
def test_arrows_lead_the_flag(key: str, way: tuple[float, float]) -> None:
    env = AgentEnv("humanoid_flagrun", render_mode="rgb_array", width=160, height=120)
    pilot = choose_pilot(env, Nothing())
    assert isinstance(pilot, FlagPilot)
    screen = Screen("test", 160, 120, env.scene.timestep)
    screen.show(lambda: blank(160, 120))
    press(screen, {3: key, 50: "Escape"})
    Session(env, pilot, screen, read_keys("")).run(0, None)
    group, place = env.simulation.seats[0]
    flag = group.state.memory.goal[0, place]
    assert flag - group.previous.position[0, place, :2] == pytest.approx(way)
    screen.close()
    env.close()


def test_arrows_command_a_velocity() -> None:
    env = AgentEnv("dog_velocity")
    env.reset(seed=0)
    pilot = choose_pilot(env, Nothing())
    assert isinstance(pilot, VelocityPilot)
    memory = env.simulation.groups[0].state.memory
    for keys, command in (({"up"}, (0.8, 0.0, 0.0)), ({"down", "left"}, (-0.8, 0.0, 0.8)), ({}, (0.0, 0.0, 0.0))):
        pilot.act(frozenset(keys))
        assert memory.command[0, 0] == pytest.approx(command)
    env.close()


@pytest.mark.parametrize("agent", ["paddle_0", "paddle_1"])
@pytest.mark.usefixtures("clock", "display")
def test_arrows_push_a_paddle_as_the_picture_shows_it(agent: str) -> None:
    env = AgentEnv("pong", agent, render_mode="rgb_array", width=160, height=120)
    pilot = choose_pilot(env, None)
    assert isinstance(pilot, SlideKeys)
    number = int(agent[-1])
    for key, axis, sign in (("Up", 1, 1.0), ("Right", 0, 1.0), ("Left", 0, -1.0)):
        screen = Screen("test", 160, 120, env.scene.timestep)
        screen.show(lambda: blank(160, 120))
        press(screen, {3: key, 50: "Escape"})
        before = np.array([-1.3, 1.3])[number] if axis == 0 else 0.0
        Session(env, pilot, screen, read_keys("")).run(0, None)
        assert sign * (env.simulation.game.state.agents.position[0, number, axis] - before) > 0.02
        screen.close()
    env.close()


def test_a_flag_needs_a_policy(monkeypatch: pytest.MonkeyPatch, display: str) -> None:
    monkeypatch.setattr(paths, "policies", dict)
    from roboschool.cli.play import run_play

    with pytest.raises(InvalidInput, match="no policy comes with it; give --policy"):
        run_play("humanoid_flagrun", None, None, 0, True, (160, 120), 5, "")


@pytest.mark.usefixtures("clock", "display")
def test_play_pauses_restarts_and_switches_the_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    env = AgentEnv("hopper", render_mode="rgb_array", width=160, height=120, hud=True)
    screen = Screen("test", 160, 120, env.scene.timestep)
    screen.show(lambda: blank(160, 120))
    press(screen, {5: "F3", 10: "space", 15: "Return", 40: "Escape"})
    Session(env, choose_pilot(env, None), screen, read_keys("")).run(0, None)
    said = capsys.readouterr().out.splitlines()
    assert not env.hud
    assert said[0].startswith("episode 1: ")
    assert said[1] == "episode 2: 0 steps, score 0.0"
    screen.close()
    env.close()


def test_a_figure_stands_as_its_joints_are_put() -> None:
    robot = load_robot("humanoid")
    with closing(Figure(robot)) as figure:
        tall = figure.stand()
        assert tall == pytest.approx(robot.standing_height, abs=0.005)
        for knee in ("right_knee", "left_knee"):
            figure.move(knee, -120.0)
        assert figure.stand() < tall - 0.1
        lines = figure.table().splitlines()
        assert lines[0].endswith(f"standing_height = {figure.stand():.3f}")
        assert {"right_knee = -120.0", "right_hip_y = -8.0"} <= set(lines)
        assert "abdomen" not in figure.table()
        figure.move("right_knee", -900.0)
        assert figure.positions["right_knee"] == pytest.approx(math.radians(-160.0), abs=1e-3)
        figure.relax()
        assert figure.stand() == pytest.approx(tall)


@pytest.mark.parametrize("name", sorted(paths.robots()))
def test_the_table_of_the_rest_pose_is_that_of_the_card(name: str, tmp_path: Path) -> None:
    with closing(Figure(load_robot(name))) as figure:
        (tmp_path / "pose.toml").write_text(figure.table())
    card = readers.parse_toml(paths.robots()[name])
    assert readers.parse_toml(tmp_path / "pose.toml")["pose"] == pytest.approx(
        {joint: angle for joint, angle in card.get("pose", {}).items() if angle}, abs=0.06
    )
