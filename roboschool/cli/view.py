"""The viewer: scenes that run in a browser, and what one does with them."""

import math
import time
from collections import deque
from collections.abc import Sequence
from contextlib import closing, suppress
from typing import Any

import numpy as np

from roboschool import paths
from roboschool.cli.film import default_policy
from roboschool.cli.live_server import Wanted, open_server
from roboschool.envs.parallel import ParallelEnv
from roboschool.errors import InvalidInput
from roboschool.policies.policy import Policy
from roboschool.policies.resolve import resolve_policy
from roboschool.rendering.live_scene import LiveScene
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Agent
from roboschool.simulation.rollout import AgentPolicies

DEFAULT, HAND = "default", "by hand"  # policies beside those that are known
SPEEDS = ("0.1", "0.25", "0.5", "1", "2", "4")
SHOWN = 240  # steps of rewards that are drawn
PLOTS = 0.2  # between two pictures of a plot [s]
LATE = 0.25  # what is later than this is not caught up with [s]


class ByHand:
    """Acts as sliders say."""

    def __init__(self, joints: int) -> None:
        self.action = np.zeros(joints, np.float32)

    def reset(self, seed: int | None = None) -> None:
        """Begin an episode."""

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Return what the sliders say (joints,)."""
        return self.action


class LiveEpisode:
    """A scene that runs: an env, and a policy in each seat."""

    def __init__(self, name: str, seed: int = 0) -> None:
        self.env = ParallelEnv(name)
        self.scene = self.env.scene
        self.policies: dict[str, Policy] = {a.name: default_policy(self.scene, a) for a in self.scene.agents}
        self._actor = AgentPolicies(self.policies)
        self.reset(seed)

    def reset(self, seed: int) -> None:
        """Begin an episode."""
        self.seed = seed
        self.observation, _ = self.env.reset(seed=seed)
        self._actor.reset(seed)
        self.step_number = 0
        self.rewards: dict[str, deque[float]] = {name: deque(maxlen=SHOWN) for name in self.policies}

    def seat(self, agent: Agent, name: str) -> None:
        """Give a seat to a policy, as a menu names it.

        Raises:
            InvalidInput: it does not fit.
        """
        interface = self.scene.interface(agent)
        if name == DEFAULT:
            policy: Policy = default_policy(self.scene, agent)
        elif name == HAND:
            policy = ByHand(len(interface.actuators))
        else:
            policy = resolve_policy(name, interface, agent.policy, f"{agent.name}: {name}")
        policy.reset(self.seed)
        self.policies[agent.name] = policy

    def choices(self, agent: Agent) -> list[str]:
        """Return the names of policies that fit a seat."""
        interface, fit = self.scene.interface(agent), list[str]()
        for name in paths.policies():
            with suppress(InvalidInput):
                resolve_policy(name, interface, agent.policy, name)
                fit.append(name)
        return [DEFAULT, HAND, "still", "random", *(name for name in fit if name not in ("still", "random"))]

    def step(self) -> bool:
        """Advance by a timestep; return whether the episode has ended."""
        if not self.env.agents:
            return True
        actions = self._actor.act({name: self.observation[name] for name in self.env.agents})
        observation, rewards, *_ = self.env.step(actions)
        self.observation = {**self.observation, **observation}
        for name, reward in rewards.items():
            self.rewards[name].append(reward)
        self.step_number += 1
        return not self.env.agents

    def close(self) -> None:
        """Free the world."""
        self.env.close()


class Viewer:
    """A server with its controls; `run` is its loop, in which all that happens to a episode happens."""

    def __init__(self, server: Any, names: Sequence[str], seed: int = 0) -> None:
        self.server, self.gui, self.names = server, server.gui, list(names)
        self.wanted = Wanted()
        self._plotted = -math.inf
        self._scene = self.gui.add_dropdown("scene", self.names)
        self._playing = self.gui.add_checkbox("play", True)
        self._speed = self.gui.add_dropdown("speed", SPEEDS, initial_value="1")
        self._seed = self.gui.add_number("seed", seed, min=0, step=1)
        self._message = self.gui.add_markdown("")
        self._strength = self.gui.add_slider(
            "push [m/s]", 0.1, 5.0, 0.1, 1.0, hint="Click a robot or a prop to push it"
        )
        for label, act in (("step", self._step_once), ("reset", self._reset)):
            self.gui.add_button(label).on_click(lambda _, act=act: self.wanted.add(act))
        self._scene.on_update(lambda _: self.wanted.add(lambda: self._open(self._scene.value)))
        self.episode: LiveEpisode | None = None
        self._panel: Any = None
        self._open(self.names[0])

    def _open(self, name: str) -> None:
        """Show another scene; if it cannot be, say why."""
        try:
            episode = LiveEpisode(name, int(self._seed.value))
        except InvalidInput as error:
            self._message.content = f"**{error}**"
            return
        if self.episode is not None:
            self.episode.close()
        self.episode, self.live = episode, LiveScene(self.server, episode.scene)
        self.live.on_click(lambda event: self.wanted.add(lambda: self.push(event.ray_origin, event.ray_direction)))
        if self._panel is not None:
            self._panel.remove()
        self._panel = self.gui.add_folder("agents")
        with self._panel:
            agents = {agent.name: number for number, agent in enumerate(episode.scene.agents)}
            self._follow = self.gui.add_dropdown("follow", ["nothing", *agents], initial_value=next(iter(agents)))
            self._hands = {agent.name: self._add_seat(episode, agent) for agent in episode.scene.agents}
            empty = np.zeros(2)
            self._watched = self.gui.add_dropdown("plot of", [*agents])
            self._reward_plot = self.gui.add_uplot((empty, empty), ({}, {"label": "reward", "stroke": "#2563c9"}))
            self._observation_plot = self.gui.add_uplot(
                (empty, empty), ({}, {"label": "observation", "stroke": "#c9532d"})
            )
        self._show()

    def _add_seat(self, episode: LiveEpisode, agent: Agent) -> Any:
        """Add the menu of policies of a seat, and sliders for one that acts by hand."""
        menu = self.gui.add_dropdown(agent.name, episode.choices(agent))
        folder = self.gui.add_folder(f"joints of {agent.name}", visible=False)
        with folder:
            sliders = [self.gui.add_slider(j.name, -1.0, 1.0, 0.01, 0.0) for j in agent.robot.joints]

        def choose() -> None:
            try:
                episode.seat(agent, menu.value)
                self._message.content = ""
            except InvalidInput as error:
                self._message.content = f"**{error}**"
            folder.visible = menu.value == HAND

        menu.on_update(lambda _: self.wanted.add(choose))
        return sliders

    def _reset(self) -> None:
        assert self.episode is not None
        self.episode.reset(int(self._seed.value))
        self._show()

    def _step_once(self) -> None:
        self._playing.value = False
        self.step()

    def step(self) -> bool:
        """Advance the episode and show it; return whether its episode has ended."""
        episode = self.episode
        assert episode is not None
        for name, sliders in self._hands.items():
            policy = episode.policies[name]
            if isinstance(policy, ByHand):
                policy.action = np.array([slider.value for slider in sliders], np.float32)
        over = episode.step()
        self._show()
        return over

    def push(self, origin: Sequence[float], direction: Sequence[float]) -> None:
        """Push what a ray hits along it, as hard as changes the speed of the whole body so much as the slider says."""
        hit = self.live.pick(origin, direction)
        if hit is None or self.episode is None:
            return
        body, link, at = hit
        agents, props = self.episode.scene.agents, self.episode.scene.props
        model = agents[body].robot.model if body < len(agents) else props[body - len(agents)].model
        way = np.array(direction) / np.linalg.norm(direction)
        impulse = (sum(own.mass for own in model.links) * self._strength.value * way).tolist()
        self.episode.env.simulation.worlds[0].poke(body, link, tuple(impulse), tuple(at.tolist()))

    def _show(self) -> None:
        episode = self.episode
        assert episode is not None
        numbers = {agent.name: number for number, agent in enumerate(episode.scene.agents)}
        simulation = episode.env.simulation
        self.live.show(simulation.worlds[0].capture(), simulation.markers(), numbers.get(self._follow.value))
        now = time.monotonic()
        if now - self._plotted < PLOTS:
            return
        self._plotted = now
        name = self._watched.value
        values = np.array(episode.rewards[name] or [0.0])
        last = episode.step_number
        self._reward_plot.data = (np.arange(last - len(values) + 1, last + 1, dtype=float), values)
        seen = np.nan_to_num(np.asarray(episode.observation[name], float))
        self._observation_plot.data = (np.arange(len(seen), dtype=float), seen)
        self._message.content = f"step {last}, {last * episode.scene.timestep:.1f} s"

    def run(self, steps: int | None = None) -> None:
        """Run until interrupted, or for a number of steps."""
        due, done = time.monotonic(), 0
        while steps is None or done < steps:
            self.wanted.handle()
            if not self._playing.value:
                time.sleep(0.02)
                due = time.monotonic()
                continue
            assert self.episode is not None
            if self.step():
                self._seed.value = int(self._seed.value) + 1
                self._reset()
            done += 1
            due = max(due + self.episode.scene.timestep / float(self._speed.value), time.monotonic() - LATE)
            time.sleep(max(0.0, due - time.monotonic()))

    def close(self) -> None:
        """Free the world."""
        if self.episode is not None:
            self.episode.close()
            self.episode = None


def run_view(names: Sequence[str], host: str, port: int, seed: int, steps: int | None) -> None:
    """Serve scenes to browsers, and print the address.

    Raises:
        InvalidInput: a scene is wrong, viser is not installed, or the port is taken.
    """
    for name in names:
        load_scene(name)
    with open_server(host, port, "Roboschool") as server, closing(Viewer(server, names, seed)) as viewer:
        viewer.run(steps)
