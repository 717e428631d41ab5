"""Play: a user drives a robot with the keys, in a window or a browser."""

import itertools
from collections.abc import Iterator
from contextlib import closing
from typing import Protocol

import click
import numpy as np

from roboschool import paths
from roboschool.envs.agent import AgentEnv
from roboschool.errors import InvalidInput, check_choice
from roboschool.policies.policy import Policy
from roboschool.policies.resolve import resolve_policy
from roboschool.rendering.window import Screen
from roboschool.simulation.group import Group
from roboschool.simulation.rollout import RolloutStep, rollout

ARROWS = {"right": (1.0, 0.0), "left": (-1.0, 0.0), "up": (0.0, 1.0), "down": (0.0, -1.0)}  # x, y
LETTERS = [
    ("a", "z"),
    ("s", "x"),
    ("d", "c"),
    ("f", "v"),
    ("g", "b"),
    ("h", "n"),
    ("j", "m"),
]  # each pair drives a joint forward and back, after the arrows
FLAG = {"goal", "timer"}  # memory of a task with a flag
COMMAND = {"command", "timer"}  # of one with commanded velocities
WALK = 0.8  # speed that is commanded [m/s], and yaw rate [rad/s]
LEAD = 2.0  # distance of the flag from the robot [m]
KEYS = [*ARROWS, *(key for pair in LETTERS for key in pair)]
NEVER = 1e9  # steps until the flag or the command changes by itself
LINGER = 60  # steps for which a finished episode is shown
COMMON = "Space: pause   Enter: restart   F3: numbers   Esc: quit"

Keys = frozenset[str]


class Pilot(Protocol):
    """Turns keys into actions."""

    hint: str  # what the keys do

    def reset(self, seed: int | None) -> None:
        """Begin an episode."""

    def act(self, keys: Keys) -> np.ndarray:
        """Return an action (joints,), within -1 and 1."""


class PolicyPilot:
    """A policy acts; the keys do nothing."""

    hint = "A policy acts"

    def __init__(self, env: AgentEnv, policy: Policy) -> None:
        self.env, self.policy = env, policy

    def reset(self, seed: int | None) -> None:
        """Reset the policy."""
        self.policy.reset(seed)

    def act(self, keys: Keys) -> np.ndarray:
        """Return the policy's action."""
        group, place = _find_agent(self.env)
        return self.policy.act(group.observation[0, place])


class FlagPilot(PolicyPilot):
    """The keys set the direction of a flag, which stays ahead of the robot; a policy runs after it."""

    hint = "Arrows: where the flag goes"

    def __init__(self, env: AgentEnv, policy: Policy) -> None:
        super().__init__(env, policy)
        self.direction = np.array(ARROWS["right"])

    def act(self, keys: Keys) -> np.ndarray:
        """Return the policy's action, with the flag where the keys put it."""
        group, place = _find_agent(self.env)
        direction = _arrows(keys)
        if direction.any():
            self.direction = direction / np.hypot(*direction)
        goal = group.state.position[0, place, :2] + LEAD * self.direction
        self.env.simulation.set_memory(group.agents[place], goal=goal, timer=NEVER)
        return super().act(keys)


class VelocityPilot(PolicyPilot):
    """The keys command how fast a robot walks and turns; a policy does it."""

    hint = "Up, down: walk   Left, right: turn"

    def act(self, keys: Keys) -> np.ndarray:
        """Return the policy's action for what the keys command."""
        group, place = _find_agent(self.env)
        right, ahead = _arrows(keys)
        self.env.simulation.set_memory(group.agents[place], command=(WALK * ahead, 0.0, -WALK * right), timer=NEVER)
        return super().act(keys)


class SlideKeys:
    """The arrows push a robot of two slides, like a paddle, in the directions of the picture."""

    hint = "Arrows: move"

    def __init__(self, env: AgentEnv) -> None:
        self.env = env

    def reset(self, seed: int | None) -> None:
        """Do nothing."""

    def act(self, keys: Keys) -> np.ndarray:
        """Return the action along the robot's axes, whatever its heading."""
        group, place = _find_agent(self.env)
        x, y = _arrows(keys)
        left, forward = group.state.world_x_direction[0, place]  # of +x
        return np.array([forward * x - left * y, left * x + forward * y])


class JointKeys:
    """Two keys drive each joint, as far as there are keys."""

    def __init__(self, names: list[str]) -> None:
        pairs = [("right", "left"), ("up", "down"), *LETTERS]
        self.keys = pairs[: len(names)]
        self.joints = len(names)
        self.hint = "   ".join(f"{a.title()}/{z.title()}: {name}" for (a, z), name in zip(pairs, names, strict=False))

    def reset(self, seed: int | None) -> None:
        """Do nothing."""

    def act(self, keys: Keys) -> np.ndarray:
        """Return full torque, in either direction, for the keys that are down."""
        action = np.zeros(self.joints)
        for joint, (forward, back) in enumerate(self.keys):
            action[joint] = float(forward in keys) - float(back in keys)
        return action


def choose_policy(env: AgentEnv, given: str | None) -> Policy | None:
    """Return the policy given, or the one that comes with a scene with a flag or commands; None leaves it to the keys.

    Raises:
        InvalidInput: the policy is unknown or wrong, or it is such a scene and no policy comes with it.
    """
    if given is None and (_remembers(env, FLAG) or _remembers(env, COMMAND)):
        if env.scene.name not in paths.policies():
            raise InvalidInput(f"scene {env.scene.name!r}: no policy comes with it; give --policy POLICY")
        given = env.scene.name
    if given is None:
        return None
    agent = next(agent for agent in env.scene.agents if agent.name == env.agent)
    return resolve_policy(given, env.scene.interface(agent), agent.policy, f"--policy {given}")


def choose_pilot(env: AgentEnv, policy: Policy | None) -> Pilot:
    """Return the pilot for the task and the robot."""
    if policy is not None:
        kind = FlagPilot if _remembers(env, FLAG) else VelocityPilot if _remembers(env, COMMAND) else PolicyPilot
        return kind(env, policy)
    joints = _find_agent(env)[0].robot.joints
    if [joint.kind for joint in joints] == ["prismatic", "prismatic"]:
        return SlideKeys(env)
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
    """Play until the window is closed, or for some steps; print the score of each episode.

    Raises:
        InvalidInput: the scene, the agent, the policy or the keys are unknown or wrong.
    """
    script = read_keys(keys)
    width, height = size
    with closing(AgentEnv(scene, agent, render_mode="rgb_array", width=width, height=height, hud=hud)) as env:
        pilot = choose_pilot(env, choose_policy(env, policy))
        title, hint = f"Roboschool: {env.scene.name}", f"{pilot.hint}\n{COMMON}"
        with closing(Screen(title, width, height, env.scene.timestep, hint)) as screen:
            Session(env, pilot, screen, script).run(seed, steps)


class Session:
    """Episodes in a window, one after another."""

    def __init__(self, env: AgentEnv, pilot: Pilot, screen: Screen, script: Iterator[Keys]) -> None:
        self.env, self.pilot, self.screen, self.script = env, pilot, screen, script
        self.episode, self.score, self.step = 0, 0.0, 0
        self.paused = False
        self.steps: Iterator[RolloutStep] = iter(())  # of the episode

    def run(self, seed: int | None, steps: int | None) -> None:
        """Play until the window is closed, or for some steps."""
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
            elif not self.paused and (self.screen.watched or steps is not None):  # it waits for a browser
                linger = LINGER if self.move() else 0
                steps = None if steps is None else steps - 1
            self.screen.show(self.env.picture)
        self.end()

    def begin(self, seed: int | None) -> None:
        """Begin an episode."""
        self.steps = rollout(self.env, self, seed)
        next(self.steps)
        self.episode, self.score, self.step = self.episode + 1, 0.0, 0
        self.screen.show(self.env.picture)

    def move(self) -> bool:
        """Act for one step; return whether the episode is over."""
        now = next(self.steps)
        self.score = now.total
        self.step = now.number
        return now.over

    def reset(self, seed: int | None = None) -> None:
        """Reset the pilot, for the rollout."""
        self.pilot.reset(seed)

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Return the pilot's action, for the rollout."""
        pressed = self.screen.window.pressed if self.screen.window else frozenset()
        return self.pilot.act(pressed | next(self.script))

    def end(self) -> None:
        """Print the score of the episode."""
        click.echo(f"episode {self.episode}: {self.step} steps, score {self.score:.1f}")


def read_keys(text: str) -> Iterator[Keys]:
    """Return the keys that are down at each step, written as `up:60,up+left:30`; none afterwards.

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


def _remembers(env: AgentEnv, names: set[str]) -> bool:
    return _find_agent(env)[0].task.memory.quantities.keys() >= names


def _find_agent(env: AgentEnv) -> tuple[Group, int]:
    """Return the group of the agent that is played, and its place in it."""
    names = [agent.name for agent in env.scene.agents]
    return env.simulation.seats[names.index(env.agent)]


def _arrows(keys: Keys) -> np.ndarray:
    """Return the direction of the arrows that are down (2,): x to the right, y up."""
    direction: np.ndarray = np.sum([ARROWS[key] for key in keys if key in ARROWS] or [(0.0, 0.0)], axis=0)
    return direction
