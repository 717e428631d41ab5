"""Variants of what surrounds the robots of a scene: the ground, the conditions, and the opponents of a game."""

import dataclasses

import numpy as np

from roboschool.bodies.family import COMPOSITION, EXTRAPOLATION, draw_factors, draw_outside, kind_of
from roboschool.bodies.terrain import TerrainSettings
from roboschool.bodies.terrain_kinds import LEVELS
from roboschool.errors import InvalidInput
from roboschool.paths import policies
from roboschool.policies.handicap import Handicap
from roboschool.policies.network import NetworkPolicy, read_network
from roboschool.policies.resolve import check_fit
from roboschool.scenes.randomize import Randomize
from roboschool.scenes.scene import Agent, Scene
from roboschool.tasks.run import Run

CONDITIONS, GROUND, OPPONENT = 11, 12, 13  # streams of random numbers: the same seed of another axis draws others

GROUNDS = ("rough", "slope", "stairs", "blocks", "waves")
TRACK = "track"  # other kinds one after the other
EASY = LEVELS // 2  # level of grounds to train on, at most
RUNWAY = TerrainSettings(kinds=GROUNDS, size=(80.0, 7.0), origin=(0.05, 0.5))  # for those that run along +x
SQUARE = TerrainSettings(kinds=GROUNDS, size=(24.0, 24.0))

FRICTION, GRAVITY, MASS, STRENGTH = "friction", "gravity", "mass", "motor_strength"

HANDICAPS = {  # numbers of opponents to train against, and beyond; see `Handicap`
    "strength": ((0.7, 1.0), (0.4, 0.7)),
    "noise": ((0.0, 0.2), (0.2, 0.5)),
    "hold": ((1.0, 3.0), (3.0, 5.0)),
}


def vary_ground(scene: Scene, seed: int) -> Scene:
    """Return a scene on the uneven ground of a seed.

    Interpolation: one of `GROUNDS`, of a level up to `EASY`. Extrapolation: of a higher one. Composition: a track of
    kinds one after the other, of any level.

    Raises:
        InvalidInput: a scene with a game, props or lanes, or whose robot does not stand on the ground.
    """
    what = {
        "a game": scene.game is not None,
        "props": bool(scene.props),
        "lanes": scene.finish is not None,
        "no ground": not scene.ground,
        "a robot that is bolted down": any(agent.robot.fixed and not agent.robot.planar for agent in scene.agents),
    }
    if found := [text for text, there in what.items() if there]:
        raise InvalidInput(f"ground: the scene has {found[0]}; only scenes of free robots on a plane have that axis")
    rng, kind = np.random.default_rng([seed, 0, GROUND]), kind_of(seed)
    name = TRACK if kind == COMPOSITION else str(rng.choice(GROUNDS))
    low, high = {EXTRAPOLATION: (EASY + 1, LEVELS), COMPOSITION: (1, LEVELS)}.get(kind, (1, EASY))
    level = int(rng.integers(low, high + 1))
    runs = all(type(agent.task) is Run for agent in scene.agents)
    own = scene.terrain or (RUNWAY if runs else SQUARE)
    terrain = dataclasses.replace(
        own, kinds=(name,), levels=(level, level), tiles=None, seed=seed, image="", curriculum=False
    )
    return dataclasses.replace(scene, terrain=terrain)


def vary_conditions(scene: Scene, seed: int) -> Scene:
    """Return a scene with the friction, gravity, mass and strength of a seed, as factors drawn as those of bodies.

    They are the same in all episodes. What else the scene randomizes stays.
    """
    factors = draw_factors((FRICTION, GRAVITY, MASS, STRENGTH), seed, CONDITIONS)
    gravity = scene.gravity if isinstance(scene.gravity, float | int) else sum(scene.gravity) / 2.0
    ranges = dataclasses.replace(
        scene.randomize or Randomize(),
        friction=factors[FRICTION],
        gravity=(0.0, 0.0, gravity * (1.0 - factors[GRAVITY])),
        mass=factors[MASS],
        motor_strength=factors[STRENGTH],
    )
    return dataclasses.replace(scene, randomize=ranges)


def vary_opponent(scene: Scene, seed: int) -> Scene:
    """Return a game whose agents follow the policies of a seed, with its handicap, unless they are controlled.

    A policy is the one that the scene names for the agent, or the one that comes with the scene.

    Raises:
        InvalidInput: it is no game, or an agent after the first has no policy.
    """
    if scene.game is None or len(scene.agents) < 2:
        raise InvalidInput("opponent: only games have that axis")
    rng, kind = np.random.default_rng([seed, 0, OPPONENT]), kind_of(seed)
    outside = draw_outside(rng, kind, len(HANDICAPS))
    drawn = [float(rng.uniform(*ranges[int(out)])) for ranges, out in zip(HANDICAPS.values(), outside, strict=True)]
    strength, noise, hold = drawn
    handicap = Handicap(strength, noise, int(hold))
    trained, share = _trained(scene), rng.random()
    agents = []
    for place, agent in enumerate(scene.agents):
        known = [policy for policy in (agent.policy, scene.name if _fits(trained, scene, agent) else "") if policy]
        if not known and place:
            raise InvalidInput(f"opponent: no policy is known for {agent.name!r}")
        policy = known[int(share * len(known))] if known else ""
        agents.append(dataclasses.replace(agent, policy=policy, handicap=handicap))
    return dataclasses.replace(scene, agents=tuple(agents))


def _trained(scene: Scene) -> NetworkPolicy | None:
    """Return the policy that comes with a scene, if there is one."""
    path = policies().get(scene.name)
    return None if path is None else read_network(path)


def _fits(policy: NetworkPolicy | None, scene: Scene, agent: Agent) -> bool:
    if policy is None:
        return False
    try:
        check_fit(policy, scene.interface(agent))
    except InvalidInput:
        return False
    return True
