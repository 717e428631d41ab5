"""The viewer: seats, pushes, what a click hits, and its server."""

import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest
import trimesh
from click.testing import CliRunner

from roboschool import paths
from roboschool.cli.live_server import check_port
from roboschool.cli.main import main
from roboschool.cli.pose import Figure, PosePage
from roboschool.cli.view import HAND, ByHand, LiveEpisode, Viewer
from roboschool.errors import InvalidInput
from roboschool.rendering.live_scene import quaternions
from roboschool.robots.robot import load_robot
from roboschool.scenes.loader import load_scene
from roboschool.simulation.simulation import Simulation
from roboschool.system_info import install

HALF_TURNS = np.array([np.diag([1.0, -1.0, -1.0]), np.diag([-1.0, -1.0, 1.0]), [[0, -1, 0], [-1, 0, 0], [0, 0, -1]]])


def test_quaternions_turn_as_their_matrices_do() -> None:
    rng = np.random.default_rng(0)
    drawn = [trimesh.transformations.random_rotation_matrix(rng.uniform(size=3))[:3, :3] for _ in range(50)]
    turns = np.concatenate((drawn, HALF_TURNS))
    back = np.array([trimesh.transformations.quaternion_matrix(own)[:3, :3] for own in quaternions(turns)])
    assert back == pytest.approx(turns, abs=1e-12)


def test_an_episode_gives_seats_to_policies() -> None:
    with closing(LiveEpisode("ant_sumo", 3)) as episode:
        agent = episode.scene.agents[0]
        assert {HAND, "still", "ant_sumo"} <= set(episode.choices(agent))
        assert "hopper" not in episode.choices(agent)
        episode.seat(agent, HAND)
        hand = episode.policies["ant_0"]
        assert isinstance(hand, ByHand)
        hand.action[:] = 0.5
        assert not episode.step()
        assert (episode.step_number, len(episode.rewards["ant_1"])) == (1, 1)
        assert np.allclose(episode.env.simulation.groups[0].applied[0, 0], 0.5)
        with pytest.raises(InvalidInput, match="ant_0: hopper"):
            episode.seat(agent, "hopper")
        episode.reset(4)
        assert episode.step_number == 0


def test_a_push_changes_the_momentum_by_its_impulse() -> None:
    speeds = []
    for impulse in (0.0, 2.0):
        simulation = Simulation(load_scene("push_box"))
        simulation.reset({0: 0})
        world = simulation.worlds[0]
        number = next(k for k, prop in enumerate(simulation.scene.props) if prop.can_be_launched or prop.joints == ())
        prop = simulation.scene.props[number]
        x, y, z = world.capture().bases[len(simulation.scene.agents) + number][0]
        world.poke(len(simulation.scene.agents) + number, prop.model.root, (0.0, 0.0, 400.0 * impulse), (x, y, z))
        simulation.step([np.zeros(group.shape) for group in simulation.groups])
        speeds.append(world.capture().bases[len(simulation.scene.agents) + number][0][2])
        simulation.close()
    assert speeds[1] > speeds[0] + 0.01


@pytest.fixture
def server() -> Iterator[Any]:
    viser = pytest.importorskip("viser")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = viser.ViserServer(host="127.0.0.1", port=port, verbose=False)
    yield server
    server.stop()


@pytest.fixture
def viewer(server: Any) -> Iterator[Any]:
    with closing(Viewer(server, ["ant_sumo", "hopper"])) as viewer:
        yield viewer


def test_the_viewer_runs_pushes_and_changes_scenes(viewer: Any) -> None:
    viewer.run(3)
    assert viewer.episode.step_number == 3
    simulation = viewer.episode.env.simulation
    (x, y, z), *_ = simulation.worlds[0].capture().bases[0]
    shift = np.array(viewer.live._frame.position)
    body, link, at = viewer.live.pick(np.array((x, y, 5.0)) + shift, (0.0, 0.0, -1.0))
    assert (body, link) == (0, "torso")
    assert at == pytest.approx((x, y, z + 0.25), abs=0.03)
    assert viewer.live.pick((0.0, 0.0, 5.0), (0.0, 0.0, 1.0)) is None
    viewer.push(np.array((x, y, 5.0)) + shift, (0.0, 0.0, -1.0))
    viewer.wanted.add(lambda: viewer._open("hopper"))
    viewer.run(2)
    assert viewer.episode.scene.name == "hopper"
    viewer._open("no such scene")
    assert "no such scene" in viewer._message.content
    assert viewer.episode.scene.name == "hopper", "the old one goes on"


def test_a_page_poses_every_robot(server: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for name in paths.robots():
        server.gui.reset()
        with closing(Figure(load_robot(name))) as figure:
            page = PosePage(server, figure)
            assert set(page._sliders) == {joint.name for joint in figure.robot.joints}
            page._relax()
            assert figure.table() in page._text.content
            page.wanted.add(page._print)
            page.handle()
            assert capsys.readouterr().out == figure.table() + "\n"


def test_a_port_that_is_taken_is_one_clear_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InvalidInput, match=f"127.0.0.1:{port} cannot be used: .*; give --port, or --host"):
            check_port("127.0.0.1", port)


@pytest.mark.parametrize("command", ["view", "pose"])
def test_without_viser_it_says_what_to_install(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "viser", None)
    done = CliRunner().invoke(main, [command, "ant"])
    assert (done.exit_code, done.output) == (1, f"Error: the viewer needs {install('view')}\n")
