"""Play: a person drives a robot with the keys, in a window."""

import itertools
from collections.abc import Iterator
from contextlib import closing
from typing import Protocol

import click
import numpy as np

from roboschool import paths
from roboschool.envs.agent import AgentEnv
from roboschool.errors import InvalidInput, check_choice
from roboschool.policies.policy import Policy, as_policy
from roboschool.rendering.window import Screen
from roboschool.simulation.group import Group

ARROWS = {"right": (1.0, 0.0), "left": (-1.0, 0.0), "up": (0.0, 1.0), "down": (0.0, -1.0)}  # x, y
LETTERS = [
    ("a", "z"),
    ("s", "x"),
    ("d", "c"),
    ("f", "v"),
    ("g", "b"),
    ("h", "n"),
    ("j", "m"),
]  # a joint each, forward and back, after those of the arrows
FLAG = {"goal", "timer"}  # what a task with a flag remembers
LEAD = 2.0  # a flag is so far ahead of its robot [m]
KEYS = [*ARROWS, *(key for pair in LETTERS for key in pair)]  # that do something
NEVER = 1e9  # steps until it moves by itself
LINGER = 60  # steps that a finished episode is shown
COMMON = "Space: pause   Enter: restart   F3: numbers   Esc: quit"

Keys = frozenset[str]


class Pilot(Protocol):
    """Turns keys into actions."""

    hint: str  # what the keys do

    def act(self, keys: Keys) -> np.ndarray:
        """Return an action (joints,), within -1 and 1."""


class FlagPilot:
    """The keys lead a flag, and a policy runs after it: the flag is always ahead, so it is never reached."""

    hint = "Arrows: where the flag goes"

    def __init__(self, env: AgentEnv, policy: Policy) -> None:
        self.env, self.policy = env, policy
        self.way = np.array(ARROWS["right"])

    def act(self, keys: Keys) -> np.ndarray:
        """Let the policy act, with the flag where the keys want it."""
        group, place = _seat(self.env)
        way = _arrows(keys)
        if way.any():
            self.way = way / np.hypot(*way)
        goal = group.state.position[0, place, :2] + LEAD * self.way
        self.env.simulation.set_memory(group.agents[place], goal=goal, timer=NEVER)
        return self.policy.act(group.observation[0, place])


class Pusher:
    """The arrows push a robot that is two slides, like a paddle, as the picture shows them."""

    hint = "Arrows: move"

    def __init__(self, env: AgentEnv) -> None:
        self.env = env

    def act(self, keys: Keys) -> np.ndarray:
        """Return forward and left of the robot, which may stand turned."""
        group, place = _seat(self.env)
        x, y = _arrows(keys)
        left, forward = group.state.world_x_direction[0, place]  # of +x
        return np.array([forward * x - left * y, left * x + forward * y])


class JointKeys:
    """Two keys for each joint, as far as there are keys."""

    def __init__(self, names: list[str]) -> None:
        pairs = [("right", "left"), ("up", "down"), *LETTERS]
        self.keys = pairs[: len(names)]
        self.joints = len(names)
        self.hint = "   ".join(f"{a.title()}/{z.title()}: {name}" for (a, z), name in zip(pairs, names, strict=False))

    def act(self, keys: Keys) -> np.ndarray:
        """Return full torque, one way or the other, where keys are down."""
        action = np.zeros(self.joints)
        for joint, (forward, back) in enumerate(self.keys):
            action[joint] = float(forward in keys) - float(back in keys)
        return action


class PolicyPilot:
    """A policy acts; there is nothing to do."""

    hint = "A policy acts"

    def __init__(self, env: AgentEnv, policy: Policy) -> None:
        self.env, self.policy = env, policy

    def act(self, keys: Keys) -> np.ndarray:
        """Let the policy act."""
        group, place = _seat(self.env)
        return self.policy.act(group.observation[0, place])


def choose_policy(env: AgentEnv, given: str | None) -> Policy | None:
    """Return who acts: the policy given, or the one that comes with the scene if there is a flag to run after.

    Raises:
        InvalidInput: the policy is unknown or wrong, or is needed and none comes with the scene.
    """
    if given is None and _has_flag(env):
        if env.scene.name not in paths.policies():
            raise InvalidInput(f"scene {env.scene.name!r}: no policy comes with it; give --policy POLICY")
        given = env.scene.name
    if given is None:
        return None
    agent = next(agent for agent in env.scene.agents if agent.name == env.agent)
    return as_policy(given, len(agent.robot.joints), agent.policy, f"--policy {given}")


def choose_pilot(env: AgentEnv, policy: Policy | None) -> Pilot:
    """Return what the keys do, which follows from the task and the robot."""
    if policy is not None:
        return FlagPilot(env, policy) if _has_flag(env) else PolicyPilot(env, policy)
    joints = _seat(env)[0].robot.joints
    if [joint.kind for joint in joints] == ["prismatic", "prismatic"]:
        return Pusher(env)
    return JointKeys([joint.name for joint in joints])


def run_play(
    scene: str,
    policy: str | None,
    agent: str | None,
    seed: int | None,
    hud: bool,
    size: tuple[int, int],
    steps: int | None,
    keys: str,
) -> None:
    """Let a person play until the window is closed, or for so many steps; print how the episodes went.

    Raises:
        InvalidInput: there is no display, or the scene, the agent, the policy or the keys are unknown or wrong.
    """
    script = read_keys(keys)
    width, height = size
    with closing(AgentEnv(scene, agent, render_mode="rgb_array", width=width, height=height, hud=hud)) as env:
        actor = choose_policy(env, policy)
        pilot = choose_pilot(env, actor)
        title, hint = f"Roboschool: {env.scene.name}", f"{pilot.hint}\n{COMMON}"
        with closing(Screen(title, width, height, env.scene.timestep, hint)) as screen:
            Session(env, pilot, actor, screen, script).run(seed, steps)


class Session:
    """Episodes in a window, one after another."""

    def __init__(
        self, env: AgentEnv, pilot: Pilot, policy: Policy | None, screen: Screen, script: Iterator[Keys]
    ) -> None:
        self.env, self.pilot, self.policy, self.screen, self.script = env, pilot, policy, screen, script
        self.episode, self.score, self.step = 0, 0.0, 0
        self.paused = False

    def run(self, seed: int | None, steps: int | None) -> None:
        """Play until the window is closed or somebody quits, or for so many steps."""
        self.begin(seed)
        linger = 0
        while steps is None or steps > 0:
            struck = self.screen.struck()
            if self.screen.closed or "escape" in struck:
                break
            self.env.hud ^= "f3" in struck
            self.paused ^= "space" in struck
            if "return" in struck or linger == 1:
                self.end()
                self.begin(None)
                linger = 0
            elif linger:
                linger -= 1
            elif not self.paused:
                linger = LINGER if self.move() else 0
                steps = None if steps is None else steps - 1
            self.screen.show(self.env.picture)
        self.end()

    def begin(self, seed: int | None) -> None:
        """Begin an episode."""
        self.env.reset(seed=seed)
        if self.policy is not None:
            self.policy.reset(seed)
        self.episode, self.score, self.step = self.episode + 1, 0.0, 0
        self.screen.show(self.env.picture)

    def move(self) -> bool:
        """Act for one step; return whether the episode is over."""
        pressed = self.screen.window.pressed if self.screen.window else frozenset()
        action = self.pilot.act(pressed | next(self.script))
        _, reward, terminated, truncated, _ = self.env.step(action)
        self.score += reward
        self.step += 1
        return terminated or truncated

    def end(self) -> None:
        """Say how the episode went."""
        click.echo(f"episode {self.episode}: {self.step} steps, score {self.score:.1f}")


def read_keys(text: str) -> Iterator[Keys]:
    """Return what keys are down at each step, written as `up:60,up+left:30`; none at the end.

    Raises:
        InvalidInput: it is written otherwise.
    """
    held: list[Keys] = []
    for part in filter(None, text.split(",")):
        keys, _, steps = part.partition(":")
        if not steps.isdecimal() or len(steps) > 6:
            raise InvalidInput(f"--keys: {part!r} is not keys and a number of steps, like up:60 or up+left:30")
        for key in keys.lower().split("+"):
            check_choice(key, KEYS, "key", "--keys")
        held += [frozenset(keys.lower().split("+"))] * int(steps)
    return itertools.chain(held, itertools.repeat(frozenset()))


def _has_flag(env: AgentEnv) -> bool:
    return _seat(env)[0].task.memory.quantities.keys() >= FLAG


def _seat(env: AgentEnv) -> tuple[Group, int]:
    """Return the group of who is played, and the place in it."""
    names = [agent.name for agent in env.scene.agents]
    return env.simulation.seats[names.index(env.agent)]


def _arrows(keys: Keys) -> np.ndarray:
    """Return where the arrows point (2,): x to the right, y up."""
    ways: np.ndarray = np.sum([ARROWS[key] for key in keys if key in ARROWS] or [(0.0, 0.0)], axis=0)
    return ways
