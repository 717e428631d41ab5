"""The hash of an episode's end: of what physics and the score are, and of nothing else."""

import dataclasses
import hashlib
import json
import struct
from pathlib import Path

import pytest

from roboschool import AgentEnv, load_policy
from roboschool.physics.checkpoint import Snapshot
from roboschool.results import verification
from roboschool.results.entry import Credit, make_row, read_training
from roboschool.results.episodes import hash_end, play_episodes, with_variant
from roboschool.results.row_file import format_row
from roboschool.results.verification import RE_EVALUATED, verify
from roboschool.simulation.rollout import RolloutStep, rollout


@dataclasses.dataclass(frozen=True)
class LaterSnapshot(Snapshot):
    """A state to which a field was added."""

    wetness: float = 0.5


@pytest.fixture
def played() -> tuple[AgentEnv, RolloutStep]:
    """A world at the end of an episode, with a prop and another agent."""
    env = AgentEnv("pong", seconds=0.5, variant={"conditions": 3})
    *_, last = rollout(env, load_policy("pong"), 20000)
    return env, last


def test_it_is_the_hash_of_the_numbers_that_are_documented(played: tuple[AgentEnv, RolloutStep]) -> None:
    env, last = played
    world = env.simulation.worlds[0].capture()
    assert len(world.bases) == len(world.joints) == len(env.scene.agents) + len(env.scene.props)
    numbers = []
    for (position, orientation, velocity, turning), (angles, speeds) in zip(world.bases, world.joints, strict=True):
        numbers += [*position, *orientation, *velocity, *turning, *angles, *speeds]
    data = struct.pack(f"<{len(numbers) + 2}d", *numbers, last.number, last.total)
    assert hash_end(env.simulation, last) == hashlib.sha256(data).hexdigest()[:32]


def test_it_is_of_nothing_that_is_not_physics(
    played: tuple[AgentEnv, RolloutStep], monkeypatch: pytest.MonkeyPatch
) -> None:
    env, last = played
    simulation, before = env.simulation, hash_end(env.simulation, last)
    whole = simulation.contents()
    simulation.rngs[0].random()
    for group in simulation.groups:
        group.state.array += 1.0
    simulation.game.state.array += 1.0
    assert str(simulation.contents()) != str(whole)
    world = simulation.worlds[0]
    there = world.capture()
    plain = {field.name: getattr(there, field.name) for field in dataclasses.fields(there)}
    monkeypatch.setattr(type(world), "capture", lambda self: LaterSnapshot(**plain))
    assert hash_end(simulation, last) == before
    (position, *rest), *others = there.bases
    moved = ((position[0] + 1e-15, *position[1:]), *rest)
    monkeypatch.setattr(type(world), "capture", lambda self: dataclasses.replace(there, bases=(moved, *others)))
    assert hash_end(simulation, last) != before
    assert hash_end(simulation, dataclasses.replace(last, total=last.total + 1e-9)) != before


def test_a_world_that_has_diverged_has_an_end_as_well(played: tuple[AgentEnv, RolloutStep]) -> None:
    env, last = played
    env.simulation.clock.diverged.add(0)
    expected = hashlib.sha256(struct.pack("<2d", last.number, last.total)).hexdigest()[:32]
    assert hash_end(env.simulation, last) == expected


def test_a_row_of_the_first_version_is_read_and_evaluated_again(tmp_path: Path) -> None:
    """Its ends are hashes of something else."""
    training = read_training("inverted_pendulum")
    row = make_row([training], Credit(who="us", options={"seconds": 0.5}), tmp_path, episodes=2)
    raw = json.loads(format_row(row)) | {"version": 1}
    for episode in raw["runs"][0]["episodes"]:
        episode["end"] = "0" * 32
    (tmp_path / "row.json").write_text(json.dumps(raw))
    found = verify(tmp_path / "row.json")
    assert (found.status, found.faults) == (RE_EVALUATED, ())
    assert found.notes == ("no episode has the same bits here; different are version",)
    raw["version"] = 2
    (tmp_path / "row.json").write_text(json.dumps(raw))
    assert verify(tmp_path / "row.json").status == verification.FAILED


def test_a_suite_keeps_the_number_of_legs_that_was_trained() -> None:
    assert with_variant({"variant": {"segments": 3, "body": 1}}, "body=7") == {"variant": {"segments": 3, "body": 7}}
    assert with_variant({"seconds": 1.0}, "") == {"seconds": 1.0}


def test_each_episode_has_an_end_of_its_own() -> None:
    plan = [(20000, "", "held out"), (20001, "", "held out")]
    one, other = play_episodes(load_policy("inverted_pendulum"), "inverted_pendulum", {"seconds": 0.5}, plan)
    assert one.end != other.end
