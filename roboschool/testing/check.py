"""Checks a robot, a prop or a scene: reads it, and tries it out."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from roboschool import paths, readers
from roboschool.errors import InvalidInput, describe_error
from roboschool.mdp.game import UNDECIDED
from roboschool.paths import as_path
from roboschool.physics.stability import check_gains
from roboschool.policies.resolve import resolve_policy
from roboschool.robots.robot import Robot, find_driven, load_robot
from roboschool.robots.urdf import read_urdf
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Agent, Prop, Scene
from roboschool.simulation.group import as_numbers
from roboschool.simulation.simulation import Simulation
from roboschool.tasks.run import Run
from roboschool.workers.channel import Requests

STEPS = 100  # of random torques
LONGEST = 1000  # and no more if there is a game, which is otherwise played until its time is up
SHORT = 10  # of the episode in which a game is decided because its time is up
SEEDS = range(5)  # of the episodes whose beginning is looked at: where robots and props begin may be drawn
WITHOUT = {  # what becomes of a match whose game lacks it
    "reason": "results do not say why an episode ended",
    "result": "the side with the greatest return wins a match",
    "score": "a match shows returns instead",
}
CLOSE = 0.005  # between the standing height of a card and where the robot stands [m]
ABOVE = 100.0  # a prop is tried out so high above the ground [m]
ROBOT, SCENE, PROP = "robot", "scene", "prop"
SCENE_KEYS = {"summary", "agent", "lanes"}  # a file with one of them is that of a scene
CARD_KEYS = {"model", "trunk", "torque", "actuators"}  # and with one of these, and none of those, it is a card


@dataclass(frozen=True)
class CheckReport:
    """What was found about a file."""

    file: str
    kind: str  # ROBOT, SCENE or PROP; empty if unknown
    about: tuple[str, ...] = ()  # what it is, line by line
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def answer(descriptor: int) -> None:
    """Check the files that are requested, until the parent is gone: the entry of a child process.

    A reply is a report, and whether a user's module may have been imported for it.
    """
    requests = Requests(descriptor)
    for request in requests:
        requests.reply(msgspec.json.encode(examine(request.decode())))


def examine(file: str) -> tuple[CheckReport, bool]:
    """Return the report about a file, and whether a user's module may have been imported for it."""
    found: Robot | Prop | Scene | None = None
    kind, about, notes = "", tuple[str, ...](), list[str]()
    try:
        path = as_path(file)
        kind = find_kind(path)
        found = _load(path)
        about = _describe(found, path)
        problems, notes = trial(found)
        problems += _misnamed(path)
    except (Exception, SystemExit) as error:  # of a user's task or game
        problems = [_without_path(describe_error(error), file)]
        if file.endswith(".urdf") and isinstance(error, InvalidInput) and Path(file).is_file():
            notes.append("`roboschool new robot` repairs most faults of a URDF")
    own = found is None or not _is_ours(found)
    return CheckReport(file, kind, about, tuple(problems), tuple(notes)), own


def find_kind(path: Path) -> str:
    """Return what a file is about; empty if that cannot be told.

    Raises:
        InvalidInput: it cannot be read.
    """
    if path.suffix == ".urdf":
        return ROBOT if find_driven(read_urdf(path)) else PROP
    keys = set(readers.parse_toml(path))
    return SCENE if keys & SCENE_KEYS else ROBOT if keys & CARD_KEYS else ""


def _load(path: Path) -> Robot | Prop | Scene:
    kind = find_kind(path)
    if kind == PROP:
        return Prop("prop", read_urdf(path), (0.0, 0.0, ABOVE))
    return load_scene(path) if kind == SCENE else load_robot(path)


def _is_ours(found: Robot | Prop | Scene) -> bool:
    if isinstance(found, Prop):
        return True
    robots = [agent.robot for agent in found.agents] if isinstance(found, Scene) else [found]
    if any(":" in actuator.kind for robot in robots for actuator in robot.actuators):
        return False
    return not isinstance(found, Scene) or _has_our_parts(found)


def _has_our_parts(scene: Scene) -> bool:
    parts = [type(part).__module__ for part in (*(agent.task for agent in scene.agents), scene.game) if part]
    ours = all(module.startswith("roboschool.") for module in parts)
    return ours and not any(":" in agent.policy for agent in scene.agents)


def _without_path(text: str, file: str) -> str:
    """Return an error about a file without the path of it, with which it begins."""
    for path in (file, str(Path(file).resolve())):
        text = text.removeprefix(f"{path}:").lstrip()
    return text


def _misnamed(path: Path) -> list[str]:
    if path.suffix != ".toml" or paths.NAME.fullmatch(path.stem):
        return []
    return ["not found by its name, which is not lower case with digits and underscores, like 'my_robot'"]


def _describe(found: Robot | Prop | Scene, path: Path) -> tuple[str, ...]:
    if isinstance(found, Scene):
        return _describe_scene(found, path)
    model = found.model
    mass = f"{sum(link.mass for link in model.links):.3f} kg, {len(model.links)} links"
    if isinstance(found, Prop):
        return (f"{path.stem}: {mass}; no joint has limits with an effort, so it is a prop, or lacks its card",)
    held = "held in its plane" if found.planar else "fixed to the world" if found.fixed else "free"
    return (
        f"{found.name}: {mass}, trunk {found.trunk!r}, {held}",
        f"  {'joint':20}{'limits':>20}{'rest':>9}{'torque':>9}  actuator",
        *(
            f"  {joint.name:20}{joint.range:>20}{joint.shown(rest):>9.1f}{torque:>9.4g}  {actuator}"
            for joint, torque, rest, actuator in zip(
                found.joints, found.torque, found.pose, found.actuators, strict=True
            )
        ),
    )


def _describe_scene(scene: Scene, path: Path) -> tuple[str, ...]:
    named = paths.scenes().get(scene.name) == path
    return (
        f"{scene.id if named else scene.name}: {scene.summary}",
        *(
            ()
            if named
            else ("  no id: it is loaded by its path; `scenes` in a folder of ROBOSCHOOL_PATH would give it one",)
        ),
        *(f"  {agent.name:16} {agent.robot.name}" for agent in scene.agents),
    )


def trial(found: Robot | Prop | Scene) -> tuple[list[str], list[str]]:
    """Return what goes wrong when a robot, a prop or a scene is simulated with random torques, and notes."""
    if isinstance(found, Robot):
        return try_robot(found)
    if isinstance(found, Prop):
        company = load_scene("inverted_pendulum")  # a world has an agent
        return try_scene(dataclasses.replace(company, props=(found,), steps=STEPS))
    robots = {(agent.robot.name, agent.robot.model.path): agent.robot for agent in found.agents}
    faults = [(name, fault) for (name, _), robot in robots.items() for fault in try_robot(robot, found)[0]]
    problems, notes = try_scene(found)
    return [f"robot {name!r}: {fault}" for name, fault in faults] + problems, notes


def scene_of(robot: Robot) -> Scene:
    """Return a scene of one robot that runs."""
    return Scene("check", "One robot, to be tried out.", (Agent("robot_0", Run(robot), noise=0.0),))


def try_robot(robot: Robot, timing: Scene | None = None) -> tuple[list[str], list[str]]:
    """Return what goes wrong with a robot that is alone, in substeps as long as those of a scene, and notes."""
    scene = scene_of(robot)
    if timing is None:
        scene = dataclasses.replace(scene, substeps=robot.substeps(scene.timestep, scene.substeps))
    else:
        scene = dataclasses.replace(scene, timestep=timing.timestep, substeps=timing.substeps)
    simulation = Simulation(scene)
    problems, notes = check_gains(simulation.worlds[0])
    simulation.reset({0: 0})
    height = float(simulation.groups[0].state.position[0, 0, 2])
    if robot.standing_height and abs(height - robot.standing_height) > CLOSE:
        problems.append(
            f"standing_height: {robot.standing_height} m, but the trunk is {height:.4f} m high in its rest pose"
        )
    if simulation.groups[0].task.terminated(simulation.groups[0].state).any():
        problems.append("upright: the robot counts as fallen in its rest pose")
    problems += _play(simulation, STEPS, np.random.default_rng(0))
    simulation.close()
    return problems, notes


def try_scene(scene: Scene) -> tuple[list[str], list[str]]:
    """Return what goes wrong in a scene, and notes."""
    simulation = Simulation(dataclasses.replace(scene, steps=count_steps(scene)))
    simulation.reset({0: 0})
    notes = _notes(simulation)
    problems = _unexplained(simulation) + _check_policies(simulation) + _overlaps(simulation)
    simulation.reset({0: 0})
    rng = np.random.default_rng(0)
    problems += _play(simulation, simulation.clock.limit, rng)
    if scene.game is not None and not simulation.clock.diverged:
        simulation.clock.limit = SHORT
        simulation.reset({0: 1})
        problems += _play(simulation, SHORT, rng)
        simulation.markers()
    simulation.close()
    return list(dict.fromkeys(problems)), notes


def count_steps(scene: Scene) -> int:
    """Return for how many steps a scene is tried out."""
    return STEPS if scene.game is None else min(scene.steps, LONGEST)


def _check_policies(simulation: Simulation) -> list[str]:
    """Return which policies that a scene names are not there, or do not fit."""
    problems = []
    for agent, (group, place) in zip(simulation.scene.agents, simulation.seats, strict=True):
        where = f"agent {agent.name!r}"
        if not agent.policy:
            continue
        try:
            policy = resolve_policy(agent.policy, simulation.scene.interface(agent), where=where)
            policy.reset(0)
            as_numbers(agent.name, policy.act(group.observation[0, place]), group.shape[2:])
        except Exception as error:  # of a user's policy
            problems.append(describe_error(error))
    return problems


def _overlaps(simulation: Simulation) -> list[str]:
    """Return which agents and props overlap at the start of an episode."""
    deepest: dict[tuple[str, str], float] = {}
    for seed in SEEDS:
        simulation.reset({0: seed})
        for one, other, depth in simulation.worlds[0].overlaps():
            deepest[one, other] = max(depth, deepest.get((one, other), 0.0))
    return [
        f"{one} and {other} overlap by {100.0 * depth:.1f} cm at the start: move them apart"
        for (one, other), depth in deepest.items()
    ]


def _play(simulation: Simulation, steps: int, rng: np.random.Generator) -> list[str]:
    """Return what goes wrong in some steps of random torques; a game that is over begins again."""
    faults: dict[str, str] = {}  # the first of each
    for step in range(steps):
        simulation.step([rng.uniform(-1, 1, g.shape) for g in simulation.groups])
        if simulation.clock.diverged:
            faults["the physics"] = f"diverged after {step + 1} steps of random torques"
            break
        faults = _faults(simulation) | faults
        late = simulation.clock.truncated[0]
        if simulation.scene.game is not None and (late or not any(g.active.any() for g in simulation.groups)):
            simulation.reset({0: None})
    return [f"{what} {fault}" for what, fault in faults.items()]


def _faults(simulation: Simulation) -> dict[str, str]:
    """Return the invalid results of tasks and game in the last step."""
    faults = {}
    for group in simulation.groups:
        task, names = f"task {type(group.task).__name__}", group.observer.fields
        for kind, terms in (("rewards()", group.rewards), ("costs()", group.costs)):
            for term, value in zip(terms.names, terms.values, strict=True):
                if not np.isfinite(value).all():
                    faults[f"{task}: {kind}: the term {term!r}"] = f"is {value[~np.isfinite(value)][0]}"
        for _, _, number in np.argwhere(~np.isfinite(group.observation)):
            faults[f"{task}: sensors(): number {number} ({names[number]})"] = "is not finite"
    game = simulation.scene.game
    if game is None:
        return faults
    where = f"game {type(game).__name__}: update():"
    for group, place in simulation.seats:
        reward = group.state.game_reward[0, place]
        if not np.isfinite(reward):
            faults[f"{where} the rewards"] = f"are {reward}"
        numbers = simulation.info.of_agent(group, place)
        result, score = numbers.get("result", 0.0), numbers.get("score", 0.0)
        if not -1.0 <= result <= 1.0:
            faults[f"{where} `result`"] = f"is {result:g}, not within -1 and 1"
        if not np.isfinite(score):
            faults[f"{where} `score`"] = f"is {score}"
    memory = dict(zip(simulation.game.memory_names, simulation.game.state.memory.array[0].tolist(), strict=True))
    reason = memory.get("reason", 0.0)
    if reason not in range(max(1, len(game.reasons))):
        faults[f"{where} `reason`"] = f"is {reason:g}, and `reasons` has {len(game.reasons)} words, from 0 on"
    over = bool(simulation.game.decided[0] or simulation.clock.truncated[0])
    if over and "reason" in memory and reason == UNDECIDED:
        faults[f"{where} `reason`"] = f"is still {UNDECIDED} when the episode is over"
    return faults


def _unexplained(simulation: Simulation) -> list[str]:
    """Return which numbers and terms tasks do not explain."""
    problems = []
    for group in simulation.groups:
        name = f"task {type(group.task).__name__}"
        unnamed = [number for number, field in enumerate(group.observer.fields) if not field.name]
        problems += [f"{name}: sensors(): number {number} has no name" for number in unnamed]
        for kind, terms in (("rewards()", group.rewards.terms), ("costs()", group.costs.terms)):
            problems += [f"{name}: {kind}: the term {term.name!r} has no `doc`" for term in terms if not term.doc]
    return problems


def _notes(simulation: Simulation) -> list[str]:
    """Return notes about optional parts that tasks and game lack."""
    silent = [type(group.task).__name__ for group in simulation.groups if not group.task.termination]
    notes = [f"task {name}: no `termination`, so the docs cannot say when it ends" for name in silent]
    game = simulation.scene.game
    if game is not None:
        for word, effect in WITHOUT.items():
            where = "memory" if word == "reason" else "agent_stats"
            if word not in getattr(game, where).quantities:
                notes.append(f"game {type(game).__name__}: no {word!r} in `{where}`: {effect}")
    return notes
