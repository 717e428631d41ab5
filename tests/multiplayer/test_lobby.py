"""Who waits for whom: the rules without threads (`Barrier`), then with threads and short timeouts (`Lobby`)."""

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from seats import play, play_dicts, together
from waits import LONG, Clock, until

from roboschool.envs.agent import AgentEnv
from roboschool.envs.parallel import ParallelEnv
from roboschool.errors import InvalidInput
from roboschool.multiplayer.barrier import Barrier, Reply, WorldClosed
from roboschool.multiplayer.lobby import Lobby, LobbySeat

SOON = 0.2  # timeout of lobbies that are meant to run into it [s]
PAIR = ("hopper", "hopper")
ONE, TWO = "hopper_0", "hopper_1"
STILL = np.zeros(3)
SEEDS = [None] * 8 + [1, 2]


@pytest.fixture
def pair() -> Iterator[Barrier]:
    host = Barrier(pair_world())
    yield host
    host.close("the test is over")


def pair_world(cycles: int = 6) -> ParallelEnv:
    return ParallelEnv("race", on_termination="leave", lanes=PAIR, max_cycles=cycles)


def begin(host: Barrier, seed: int = 1) -> dict[str, Reply]:
    replies: dict[str, Reply] = {}
    for name in host.missing():
        replies = host.ask_reset(name, seed)
    return replies


def move(host: Barrier) -> dict[str, Reply]:
    replies: dict[str, Reply] = {}
    for name in host.missing():
        replies = host.ask_step(name, np.zeros(host.world.action_space(name).shape))
    return replies


def texts(replies: dict[str, Reply], kind: type[Exception]) -> dict[str, str]:
    for reply in replies.values():
        assert type(reply) is kind
    return {name: str(reply) for name, reply in replies.items()}


# The rules


def test_an_episode_begins_when_every_seat_has_asked(pair: Barrier) -> None:
    assert pair.missing() == [ONE, TWO]
    assert pair.ask_reset(TWO) == {}
    assert pair.missing() == [ONE]
    replies = pair.ask_reset(ONE)
    assert sorted(replies) == [ONE, TWO]
    for name, (observation, info) in replies.items():  # type: ignore[misc]
        assert observation in pair.world.observation_space(name)
        assert isinstance(info, dict)


def test_the_world_moves_when_every_live_agent_has_acted(pair: Barrier) -> None:
    begin(pair)
    assert pair.ask_step(TWO, STILL) == {}
    assert pair.missing() == [ONE]
    replies = pair.ask_step(ONE, STILL)
    assert sorted(replies) == [ONE, TWO]
    for name, (observation, reward, terminated, truncated, info) in replies.items():  # type: ignore[misc]
        assert observation in pair.world.observation_space(name)
        assert [type(part) for part in (reward, terminated, truncated, info)] == [float, bool, bool, dict]
    assert (pair.episode, pair.step) == (1, 1)


def test_different_seeds_are_refused_naming_both(pair: Barrier) -> None:
    pair.ask_reset(ONE, 1)
    replies = texts(pair.ask_reset(TWO, 2), InvalidInput)
    assert sorted(replies) == [ONE, TWO]
    assert replies[ONE] == replies[TWO] == "one world has one seed: 'hopper_0' asks for 1, 'hopper_1' asks for 2"
    assert pair.missing() == [ONE, TWO]
    assert sorted(begin(pair)) == [ONE, TWO]


def test_seats_agree_on_the_options_of_a_game() -> None:
    """Whoever says nothing leaves them to the others; they hold until a reset has others."""
    with closing(Lobby("ant_sumo", join_timeout=LONG, seconds=0.1)) as lobby:
        one, two = lobby["ant_0"], lobby["ant_1"]
        together(lambda: one.reset(seed=1, options={"radius": 3.0}), two.reset)
        assert lobby.world.simulation.game.state.memory.radius[0] == 3.0
        errors = together(lambda: one.reset(options={"radius": 3.0}), lambda: two.reset(options={"radius": 2.0}))
        text = "one world has one set of options: 'ant_0' asks for {'radius': 3.0}, 'ant_1' asks for {'radius': 2.0}"
        assert [str(error) for error in errors] == [text, text]
        with pytest.raises(InvalidInput, match="did you mean 'radius'"):
            one.reset(options={"radus": 2.0})
        numbers = np.array([2.0, 3.0]), [2, 3.0]
        assert all(
            len(reply) == 2
            for reply in together(
                lambda: one.reset(options={"radius": numbers[0]}), lambda: two.reset(options={"radius": numbers[1]})
            )
        )
        together(lambda: one.reset(options={"radius": 3.0}), two.reset)
        with pytest.warns(UserWarning, match="reset has no option 'colour'"):
            together(lambda: one.reset(options={"colour": 1}), two.reset)
        assert lobby.world.simulation.game.state.memory.radius[0] == 3.0


@pytest.mark.parametrize("seed", [-1, 1.5, "1"])
def test_seeds_that_are_none_and_seeds_of_numpy(seed: Any) -> None:
    with closing(pair_lobby()) as lobby:
        with pytest.raises(InvalidInput, match="is not a whole number from 0 up"):
            lobby[ONE].reset(seed=seed)
        first = together(lambda: lobby[ONE].reset(seed=np.int64(3)), lobby[TWO].reset)[0][0]
        second = together(lambda: lobby[ONE].reset(seed=3), lobby[TWO].reset)[0][0]
        np.testing.assert_array_equal(first, second)


def test_seed_none_agrees_with_any() -> None:
    hosts = [Barrier(pair_world()) for _ in range(3)]
    seen = []
    for host, seeds in zip(hosts, [(5, 5), (None, 5), (5, None)], strict=True):
        host.ask_reset(ONE, seeds[0])
        seen.append(host.ask_reset(TWO, seeds[1])[ONE][0])  # type: ignore[index]
        host.close("enough")
    np.testing.assert_array_equal(seen[0], seen[1])
    np.testing.assert_array_equal(seen[0], seen[2])


@pytest.mark.parametrize("seed", [-1, 1.5, "seven"])
def test_a_bad_seed_concerns_one_agent(pair: Barrier, seed: Any) -> None:
    pair.ask_reset(TWO, 1)
    with pytest.raises(InvalidInput, match=r"'hopper_0': seed .* is not a whole number"):
        pair.ask_reset(ONE, seed)
    assert sorted(pair.ask_reset(ONE, 1)) == [ONE, TWO]


def test_a_fallen_robot_waits_for_the_next_episode() -> None:
    host = Barrier(ParallelEnv("race", on_termination="leave", lanes=("ant", "hopper"), max_cycles=60))
    replies = begin(host)
    while ONE in host.world.agents:
        replies = move(host)
    _, _, terminated, truncated, _ = replies[ONE]  # type: ignore[misc]
    assert (terminated, truncated) == (True, False)
    assert host.step < 60
    with pytest.raises(InvalidInput, match=r"'hopper_0' is in no episode: call reset\(\) first"):
        host.ask_step(ONE, STILL)
    assert host.ask_reset(ONE) == {}
    while host.world.agents:
        assert host.missing() == ["ant_0"]
        assert list(move(host)) == ["ant_0"]
    assert host.step == 60
    assert sorted(host.ask_reset("ant_0")) == ["ant_0", ONE]
    assert host.world.agents == ["ant_0", ONE]
    assert host.forfeits == []
    host.close("enough")


def test_a_reset_gives_the_episode_up(pair: Barrier) -> None:
    begin(pair)
    move(pair)
    assert pair.ask_reset(ONE) == {}
    assert pair.forfeits == [(1, 1, ONE, "has reset before the episode's end")]
    for _ in range(5):
        assert list(move(pair)) == [TWO]
    assert sorted(pair.ask_reset(TWO)) == [ONE, TWO]
    assert (pair.episode, pair.step) == (2, 0)


def lost_and_won(host: Barrier) -> list[dict[str, float]]:
    return [dict(zip(host.results, results, strict=True)) for results in zip(*host.results.values(), strict=True)]


def test_who_forfeits_an_episode_has_lost_it() -> None:
    host = Barrier(ParallelEnv("ant_sumo", on_termination="leave", max_cycles=3), episodes=5)
    begin(host)
    move(host)
    host.ask_reset("ant_0")
    while host.world.agents:
        move(host)  # a draw: time is up
    assert lost_and_won(host) == [{"ant_0": -1.0, "ant_1": 0.0}]
    begin(host)
    while host.world.agents:
        move(host)
    assert lost_and_won(host)[1:] == [{"ant_0": 0.0, "ant_1": 0.0}], "no agent has forfeited this one"
    begin(host)
    host.ask_reset("ant_0")
    host.ask_reset("ant_1")
    assert lost_and_won(host)[2:] == [{"ant_0": -1.0, "ant_1": -1.0}], "no agent is left to play it"
    assert host.episode == 4
    host.leave("ant_1")
    while host.world.agents:
        move(host)
    begin(host)
    while host.world.agents:
        move(host)
    assert lost_and_won(host)[3:] == [{"ant_0": 0.0, "ant_1": -1.0}] * 2, "a lost seat loses all that follow"
    host.close("enough")


def test_a_game_that_is_decided_has_its_winner_after_a_forfeit() -> None:
    world = ParallelEnv("race", on_termination="leave", lanes=("hopper",) * 3, max_cycles=3)
    host = Barrier(world, default_policies={"hopper_2": Noise()})
    for name in (ONE, TWO):
        host.ask_reset(name)
    host.late()
    host.ask_reset(ONE)
    while host.world.agents:
        move(host)
    (results,) = lost_and_won(host)
    assert results[ONE] == -1.0
    assert sorted(results.values()) != [-1.0, 1.0, 1.0], "places are told apart"
    host.ask_reset(TWO)  # the other waits for it
    move(host)
    for name in (ONE, TWO):
        host.ask_reset(name)
    assert lost_and_won(host)[1] == {ONE: -1.0, TWO: -1.0, "hopper_2": 0.0}, "nothing was decided"
    host.close("enough")


def test_a_reset_lets_those_go_on_who_have_acted(pair: Barrier) -> None:
    begin(pair)
    pair.ask_step(TWO, STILL)
    assert list(pair.ask_reset(ONE)) == [TWO]


def test_nothing_is_simulated_for_no_one(pair: Barrier) -> None:
    begin(pair)
    pair.ask_reset(ONE)
    assert sorted(pair.ask_reset(TWO)) == [ONE, TWO]
    assert (pair.episode, pair.step) == (2, 0)


@pytest.mark.parametrize("action", [np.zeros(2), np.full(3, np.nan), [0.0, 0.0, np.inf], "wave", None])
def test_a_bad_action_concerns_one_agent(pair: Barrier, action: Any) -> None:
    begin(pair)
    pair.ask_step(TWO, STILL)
    with pytest.raises(InvalidInput, match="agent 'hopper_0': the action"):
        pair.ask_step(ONE, action)
    assert pair.missing() == [ONE]
    assert sorted(pair.ask_step(ONE, STILL)) == [ONE, TWO]


def test_actions_are_clipped_and_copied() -> None:
    seen = []
    for strength in (1.0, 7.0):
        host = Barrier(pair_world())
        begin(host)
        action = np.full(3, strength)
        host.ask_step(ONE, action)
        action[:] = np.nan
        seen.append(host.ask_step(TWO, STILL)[ONE][0])  # type: ignore[index]
        host.close("enough")
    np.testing.assert_array_equal(*seen)


def test_one_waits_once(pair: Barrier) -> None:
    pair.ask_reset(ONE)
    with pytest.raises(InvalidInput, match="'hopper_0' waits already, for hopper_1; each seat needs a thread"):
        pair.ask_reset(ONE)
    pair.ask_reset(TWO)
    pair.ask_step(ONE, STILL)
    with pytest.raises(InvalidInput, match="waits already"):
        pair.ask_step(ONE, STILL)
    with pytest.raises(InvalidInput, match="waits already"):
        pair.ask_reset(ONE)
    assert pair.forfeits == []
    assert sorted(pair.ask_step(TWO, STILL)) == [ONE, TWO]


@pytest.mark.parametrize("ask", ["ask_reset", "leave"])
def test_unknown_names_are_refused(pair: Barrier, ask: str) -> None:
    with pytest.raises(InvalidInput, match="unknown agent 'hoper_1'; did you mean 'hopper_1'"):
        getattr(pair, ask)("hoper_1")


@pytest.mark.parametrize("error", [ZeroDivisionError("oops"), InvalidInput("oops"), KeyboardInterrupt("oops")])
def test_an_error_in_the_world_reaches_everybody(
    pair: Barrier, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail(_: Any) -> None:
        raise error

    begin(pair)
    monkeypatch.setattr(pair.world, "step", fail)
    pair.ask_step(ONE, STILL)
    replies = pair.ask_step(TWO, STILL)
    kind = "" if isinstance(error, InvalidInput) else f"{type(error).__name__}: "
    for text in texts(replies, WorldClosed).values():
        assert re.fullmatch(rf"the world is closed: .*test_lobby\.py, line \d+, in fail: {kind}oops", text)
    for name in (ONE, TWO):
        assert replies[name].__cause__ is error  # type: ignore[union-attr]
        with pytest.raises(WorldClosed, match="oops") as raised:
            pair.ask_reset(name)
        assert raised.value.__cause__ is error


def test_who_leaves_is_passive_and_the_others_go_on(pair: Barrier) -> None:
    begin(pair)
    pair.ask_step(TWO, STILL)
    assert list(pair.leave(ONE)) == [TWO]
    assert pair.leave(ONE) == {}
    assert pair.forfeits == [(1, 0, ONE, "has left")]
    with pytest.raises(WorldClosed, match="'hopper_0' has left"):
        pair.ask_reset(ONE)
    for _ in range(2):
        pair.ask_reset(TWO)
        assert pair.world.agents == [TWO]
    assert [forfeit[2] for forfeit in pair.forfeits] == [ONE, TWO, TWO]


def test_who_leaves_while_waiting_is_woken(pair: Barrier) -> None:
    pair.ask_reset(ONE, 1)
    assert texts(pair.leave(ONE), WorldClosed) == {ONE: "agent 'hopper_0' has left"}
    assert list(pair.ask_reset(TWO, 2)) == [TWO]
    assert pair.forfeits == []


def test_the_last_to_leave_closes_the_world(pair: Barrier) -> None:
    begin(pair)
    world = pair.world.simulation.worlds[0]
    pair.leave(ONE)
    pair.ask_step(TWO, STILL)
    pair.leave(TWO)
    with pytest.raises(Exception, match=r"(?i)not connected|closed"):
        world.capture()
    assert pair.close("again") == {}


def test_who_is_late_to_act_loses_the_seat(pair: Barrier) -> None:
    begin(pair)
    assert pair.timeout == pair.step_timeout == 60.0
    assert not pair.waiting
    pair.ask_step(ONE, STILL)
    assert pair.waiting
    assert list(pair.late()) == [ONE]
    reason = "lost its seat: no action in 60 s; each seat needs a thread of its own"
    assert pair.forfeits == [(1, 0, TWO, reason)]
    with pytest.raises(WorldClosed, match="'hopper_1' lost its seat"):
        pair.ask_step(TWO, STILL)


def test_who_is_late_to_the_next_episode_loses_the_seat(pair: Barrier) -> None:
    begin(pair)
    while pair.world.agents:
        move(pair)
    assert pair.timeout == pair.join_timeout
    pair.ask_reset(ONE)
    assert list(pair.late()) == [ONE]
    assert pair.world.agents == [ONE]
    assert pair.gone == {TWO: "lost its seat: no reset in 60 s; each seat needs a thread of its own"}
    assert pair.forfeits == []


def test_who_is_late_to_the_first_episode_closes_the_world(pair: Barrier) -> None:
    pair.ask_reset(ONE)
    replies = texts(pair.late(), WorldClosed)
    text = "no reset in 60 s, waiting for hopper_1; each seat needs a thread of its own"
    assert replies == {ONE: f"the world is closed: {text}"}


class Noise:
    """A policy that is all chance."""

    def reset(self, seed: int | None = None) -> None:
        self.generator = np.random.default_rng(seed)

    def act(self, observation: np.ndarray) -> np.ndarray:
        return self.generator.uniform(-1.0, 1.0, 3)


def test_default_policies_play_as_opponents_do() -> None:
    """An empty seat that a policy fills is, bit for bit, that policy as an opponent."""
    host = Barrier(pair_world(30), default_policies={TWO: Noise()})
    assert host.ask_reset(ONE, 7) == {}
    replies = host.late()
    with closing(AgentEnv("race", ONE, {TWO: Noise()}, lanes=PAIR)) as env:
        for seed in (7, None, None):
            expected = [env.reset(seed=seed)[0]]
            seen = [replies[ONE][0]]  # type: ignore[index]
            while ONE in host.world.agents:
                action = np.sin(np.arange(3) + host.step)
                expected.append(env.step(action)[0])
                seen.append(host.ask_step(ONE, action)[ONE][0])  # type: ignore[index]
            assert len(seen) > 5
            np.testing.assert_array_equal(seen, expected)
            assert host.world.agents == [], "nothing is simulated for default policies alone"
            replies = host.ask_reset(ONE)
    assert host.substituted == [TWO]
    with pytest.raises(WorldClosed, match="'hopper_1' is played by a policy"):
        host.ask_reset(TWO)
    host.leave(ONE)
    assert host.end == ("every seat is closed", None)


def test_without_a_default_policy_for_each_missing_seat_the_world_closes() -> None:
    host = Barrier(ParallelEnv("race", on_termination="leave", lanes=("hopper",) * 3), default_policies={TWO: Noise()})
    host.ask_reset(ONE)
    assert "waiting for hopper_1, hopper_2;" in texts(host.late(), WorldClosed)[ONE]
    with pytest.raises(InvalidInput, match="default_policies: unknown agent 'hoper_0'; did you mean 'hopper_0'"):
        Barrier(pair_world(), default_policies={"hoper_0": Noise()})


def test_a_match_is_over_after_its_episodes() -> None:
    host = Barrier(pair_world(), episodes=2)
    for episode in (1, 2):
        assert sorted(begin(host)) == [ONE, TWO]
        assert host.episode == episode
        if episode == 2:
            assert host.ask_reset(ONE) == {}
        while host.world.agents:
            replies = move(host)
    text = "the world is closed: the match is over after 2 episodes"
    assert replies[TWO][3] is True  # type: ignore[index]
    assert str(replies[ONE]) == text
    with pytest.raises(WorldClosed, match=text):
        host.ask_reset(TWO)
    assert host.world.reset(), "the world can still be looked at"
    host.close("enough")


def test_a_match_ends_with_the_last_who_gives_up() -> None:
    host = Barrier(pair_world(), episodes=1)
    begin(host)
    move(host)
    host.ask_reset(TWO)
    assert sorted(texts(host.ask_reset(ONE), WorldClosed)) == [ONE, TWO]
    host.close("enough")


def test_scores_are_sums_of_rewards(pair: Barrier) -> None:
    total = dict.fromkeys([ONE, TWO], 0.0)
    for _ in range(2):
        begin(pair)
        while pair.world.agents:
            for name, reply in move(pair).items():
                total[name] += reply[1]  # type: ignore[index]
    assert pair.scores == total


def test_every_request_gets_one_reply() -> None:
    """Random requests in random order: every agent that waits gets one reply, and another agent is always awaited."""
    generator = np.random.default_rng(3)
    for _ in range(4):
        host = Barrier(ParallelEnv("race", on_termination="leave", lanes=("hopper",) * 3, max_cycles=5))
        names = host.world.possible_agents
        waiting: set[str] = set()
        for _ in range(120):
            name, what = str(generator.choice(names)), generator.random()
            try:
                if what < 0.015:
                    replies = host.leave(name)
                elif what < 0.35:
                    replies = host.ask_reset(name, SEEDS[generator.integers(10)])
                else:
                    replies = host.ask_step(name, STILL)
            except (InvalidInput, WorldClosed):
                continue
            waiting.add(name)
            assert set(replies) <= waiting
            waiting -= set(replies)
            if what < 0.015:
                waiting.discard(name)
            assert not waiting & set(host.missing())
            assert host.missing() or not waiting
        assert host.episode > 3
        host.close("enough")


# Threads


def seats(lobby: Lobby) -> list[LobbySeat]:
    return [lobby[name] for name in lobby.world.possible_agents]


def pair_lobby(join: float | None = LONG, step: float | None = LONG, cycles: int = 6) -> Lobby:
    return Lobby("race", join, step, lanes=PAIR, max_cycles=cycles)


def test_threads_see_what_the_dict_loop_sees() -> None:
    with closing(ParallelEnv("race", on_termination="leave", max_cycles=60)) as world:
        expected = play_dicts(world, 4, 4)
    with closing(Lobby("race", max_cycles=60)) as lobby:
        stories = together(*(lambda env=env: play(env, 4) for env in seats(lobby)))
    assert dict(zip(expected, stories, strict=True)) == expected
    lengths = {name: len(story) for name, story in expected.items()}
    assert lengths["ant_0"] == 4 * 61
    assert lengths["hopper_0"] < 4 * 61
    assert lobby.forfeits == []


def test_seats() -> None:
    with closing(pair_lobby()) as lobby:
        assert isinstance(lobby[ONE], gymnasium.Env)
        assert lobby[ONE] is lobby[ONE]
        assert lobby[ONE].observation_space is lobby.world.observation_space(ONE)
        assert lobby[ONE].action_space is lobby.world.action_space(ONE)
        with pytest.raises(InvalidInput, match="unknown agent 'hopper_2'; did you mean"):
            lobby["hopper_2"]


def test_all_threads_see_the_same_picture() -> None:
    with closing(Lobby("race", lanes=PAIR, max_cycles=6, render_mode="rgb_array")) as lobby:
        one, two = (lobby[ONE], lobby[TWO])
        together(one.reset, two.reset)
        together(lambda: one.step(STILL), lambda: two.step(STILL))
        pictures = together(one.render, two.render)
        assert pictures[0].shape == (400, 600, 3)
        np.testing.assert_array_equal(*pictures)
    with closing(pair_lobby()) as lobby:
        assert lobby[ONE].render() is None


def test_a_lone_seat_passes_gymnasiums_checks() -> None:
    with closing(Lobby("hopper", 1.0, 1.0, max_cycles=20)) as lobby:
        check_env(lobby["hopper_0"], skip_render_check=True)


@pytest.mark.parametrize("timeout", ["join_timeout", "step_timeout"])
@pytest.mark.parametrize("seconds", [0, -1.0, float("nan"), float("inf"), "5"])
def test_impossible_timeouts(timeout: str, seconds: Any) -> None:
    with pytest.raises(InvalidInput, match=timeout):
        Lobby("hopper", **{timeout: seconds})


def test_different_seeds_wake_both() -> None:
    with closing(pair_lobby()) as lobby:
        errors = together(lambda: lobby[ONE].reset(seed=1), lambda: lobby[TWO].reset(seed=2))
        for error in errors:
            assert isinstance(error, InvalidInput)
            assert "'hopper_0' asks for 1, 'hopper_1' asks for 2" in str(error)
        assert [len(reply) for reply in together(lobby[ONE].reset, lobby[TWO].reset)] == [2, 2]


def test_no_player_joins() -> None:
    lobby = pair_lobby(join=SOON)
    with pytest.raises(WorldClosed, match="waiting for hopper_1; each seat needs a thread of its own"):
        lobby[ONE].reset()
    with pytest.raises(WorldClosed, match="waiting for hopper_1"):
        lobby[TWO].reset()


def test_all_who_wait_learn_who_is_missing() -> None:
    lobby = Lobby("race", SOON)
    for error in together(lobby["hopper_0"].reset, lobby["ant_0"].reset):
        assert isinstance(error, WorldClosed)
        assert "waiting for humanoid_0" in str(error)


def test_who_does_not_act_loses_the_seat() -> None:
    with closing(pair_lobby(step=SOON)) as lobby:
        together(lobby[ONE].reset, lobby[TWO].reset)
        for _ in range(6):  # only the first waits
            lobby[ONE].step(STILL)
        reason = "lost its seat: no action in 0.2 s; each seat needs a thread of its own"
        assert lobby.forfeits == [(1, 0, TWO, reason)]
        for call in (lobby[TWO].reset, lambda: lobby[TWO].step(STILL)):
            with pytest.raises(WorldClosed, match="'hopper_1' lost its seat: no action"):
                call()
        lobby[ONE].reset()
        assert lobby.world.agents == [ONE]


def test_one_thread_in_two_seats_is_told_so() -> None:
    with closing(pair_lobby(step=SOON)) as lobby:
        together(lobby[ONE].reset, lobby[TWO].reset)
        lobby[ONE].step(STILL)
        with pytest.raises(WorldClosed, match="each seat needs a thread of its own"):
            lobby[TWO].step(STILL)


def test_the_timeout_starts_again_when_the_world_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, pause, timeout = Clock(), 0.2 * LONG, LONG  # six pauses are longer than the timeout
    monkeypatch.setattr("roboschool.multiplayer.lobby.time", clock)

    def slowly() -> None:
        until(lambda: ONE in looks)
        for _ in range(6):
            looks.clear()
            with lobby._mutex:
                clock.sleep(pause)
                lobby._bells[ONE].notify()
            until(lambda: ONE in looks)  # at the clock
            lobby[TWO].step(STILL)
        lobby[TWO].reset()

    with closing(pair_lobby(timeout, timeout)) as lobby:
        looks: list[str] = []
        wait = lobby._wait
        together(lobby[ONE].reset, lobby[TWO].reset)
        monkeypatch.setattr(lobby, "_wait", lambda agent, since: (looks.append(agent), wait(agent, since)))
        assert together(lobby[ONE].reset, slowly)[1] is None
        assert clock.now > timeout
        assert [forfeit[2] for forfeit in lobby.forfeits] == [ONE]
        assert lobby.world.agents == [ONE, TWO]


def test_a_fallen_robot_does_not_wait_for_one_that_hangs() -> None:
    with closing(pair_lobby(step=SOON)) as lobby:
        together(lobby[ONE].reset, lobby[TWO].reset)
        lobby[ONE].reset()
        assert [forfeit[2] for forfeit in lobby.forfeits] == [ONE, TWO]
        assert lobby.world.agents == [ONE]


@pytest.mark.parametrize("playing", [False, True])
def test_closing_wakes_who_waits(playing: bool) -> None:
    lobby = pair_lobby(None, None)
    if playing:
        together(lobby[ONE].reset, lobby[TWO].reset)

    def wait() -> Any:
        return lobby[ONE].step(STILL) if playing else lobby[ONE].reset()

    def close() -> None:
        until(lambda: lobby._barrier.waits(ONE))
        lobby.close()

    error, _ = together(wait, close)
    assert isinstance(error, WorldClosed)
    assert str(error) == "the world is closed: the lobby was closed"
    lobby.close()
    lobby[ONE].close()


def test_a_seat_that_closes_lets_the_others_go_on() -> None:
    with closing(pair_lobby(None, None)) as lobby:
        together(lobby[ONE].reset, lobby[TWO].reset)
        reply, _ = together(lambda: lobby[ONE].step(STILL), lobby[TWO].close)
        assert len(reply) == 5
        lobby[TWO].close()
        lobby[ONE].reset()
        lobby[ONE].close()
        with pytest.raises(WorldClosed, match="'hopper_0' has left"):
            lobby[ONE].reset()


def test_an_error_in_the_world_wakes_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Any) -> None:
        raise ZeroDivisionError("oops")

    lobby = Lobby("race", None, None)
    together(*(env.reset for env in seats(lobby)))
    monkeypatch.setattr(lobby.world, "step", fail)
    jobs = [lambda env=env: env.step(np.zeros(env.action_space.shape)) for env in seats(lobby)]
    for error in together(*jobs):
        assert isinstance(error, WorldClosed)
        assert isinstance(error.__cause__, ZeroDivisionError)
    with pytest.raises(WorldClosed, match="ZeroDivisionError: oops"):
        lobby["ant_0"].reset()


def test_a_bad_action_keeps_its_thread_only() -> None:
    def fumble() -> Any:
        with pytest.raises(InvalidInput, match="shape"):
            lobby[TWO].step(np.zeros(7))
        return lobby[TWO].step(STILL)

    with closing(pair_lobby()) as lobby:
        together(lobby[ONE].reset, lobby[TWO].reset)
        assert [len(reply) for reply in together(lambda: lobby[ONE].step(STILL), fumble)] == [5, 5]


def test_two_threads_in_one_seat() -> None:
    def second() -> None:
        until(lambda: lobby._barrier.waiting)
        with pytest.raises(InvalidInput, match="waits already"):
            lobby[ONE].reset()
        lobby.close()

    with closing(pair_lobby()) as lobby:
        error, nothing = together(lobby[ONE].reset, second)
        assert isinstance(error, WorldClosed)
        assert nothing is None


def test_a_lost_reply_is_not_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another seat was interrupted after the world had moved and before its replies were dealt out."""
    with closing(pair_lobby()) as lobby:

        def lose(_: Any) -> None:
            monkeypatch.undo()
            lobby._bells[ONE].notify()
            raise KeyboardInterrupt

        def interrupted() -> None:
            until(lambda: lobby._barrier.waiting)
            monkeypatch.setattr(lobby, "_deliver", lose)
            with pytest.raises(KeyboardInterrupt):
                lobby[TWO].reset()

        error, _ = together(lobby[ONE].reset, interrupted)
        assert isinstance(error, WorldClosed)
        assert str(error) == "agent 'hopper_0': its reply was lost when another seat was interrupted"


def test_interrupted_seats_may_ask_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: Any) -> None:
        raise error

    with closing(pair_lobby()) as lobby:
        for place, method in ((lobby._bells[ONE], "wait"), (lobby, "_deliver")):
            for error in (KeyboardInterrupt(), TimeoutError("of an alarm")):
                with monkeypatch.context() as patch:
                    patch.setattr(place, method, interrupt)
                    with pytest.raises(type(error)):
                        lobby[ONE].reset()
        assert [len(reply) for reply in together(lobby[ONE].reset, lobby[TWO].reset)] == [2, 2]
