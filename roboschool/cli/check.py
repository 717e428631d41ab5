"""Checks a robot or a scene, and tries it out in a process of its own."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import click
import numpy as np

from roboschool import files
from roboschool.files import InvalidInput
from roboschool.games.game import UNDECIDED
from roboschool.parts import told
from roboschool.policy import load_policy
from roboschool.robot import Robot, load_robot
from roboschool.scene import Agent, Scene, load_scene
from roboschool.simulation import Simulation
from roboschool.tasks.run import Run

STEPS = 100  # of random torques
LONGEST = 1000  # and no more if there is a game, which is otherwise played until its time is up
SHORT = 10  # of the episode in which a game is decided because its time is up
CODE = "import sys; sys.path[:] = {path}; from roboschool.cli.check import tell; tell(sys.argv[1])"
PATIENCE = 30.0  # for the trial [s]
WITHOUT = {  # what becomes of a match whose game does not say so itself
    "reason": "nothing says why an episode was over",
    "result": "a match is won by whoever was paid most",
    "score": "a match shows what was paid instead",
}
CLOSE = 0.005  # between the stance of a card and where the robot stands [m]


def check_file(file: Path) -> int:
    """Check a file and print what was found; return 0 if all is well, else 1.

    Raises:
        InvalidInput: the file is wrong.
    """
    try:
        found = _load(file)
    except InvalidInput:
        raise
    except Exception as error:  # of a task or game of somebody's own
        raise InvalidInput(f"{file}: {told(error)}") from error
    scene = _scene_of(found) if isinstance(found, Robot) else found
    if isinstance(found, Robot):
        _describe(found)
    else:
        named = files.scenes().get(scene.name) == file.resolve()
        click.echo(f"{scene.id if named else scene.name}: {scene.summary}")
        if not named:
            click.echo("  no id: it is loaded by its path; `scenes` in a folder of ROBOSCHOOL_PATH would give it one")
        for agent in scene.agents:
            click.echo(f"  {agent.name:16} {agent.robot.name}")
        for agent in scene.agents:
            if agent.policy:
                load_policy(agent.policy, f"{file}: agent {agent.name!r}")
    problems, notes = _try(file)
    if file.suffix == ".toml" and not files.NAME.fullmatch(file.stem):
        problems.append("not found by its name, which is not lower case with digits and underscores, like 'my_robot'")
    for note in notes:
        click.echo(f"  note: {note}")
    for problem in problems:
        click.echo(f"{file}: {problem}", err=True)
    if not problems:
        click.echo(f"{file}: all is well; {_steps(scene)} steps of random torques went by")
    return 1 if problems else 0


def _load(file: Path) -> Robot | Scene:
    if file.suffix == ".urdf":
        return load_robot(file)
    if file.suffix != ".toml":
        raise InvalidInput(f"{file}: neither a .urdf nor a .toml")
    is_scene = bool({"summary", "agent", "lanes"} & set(files.parse_toml(file)))
    return load_scene(file.resolve()) if is_scene else load_robot(file.resolve())


def _scene_of(robot: Robot) -> Scene:
    """Return a scene with the robot alone."""
    return Scene("check", "One robot, to be tried out.", (Agent("robot_0", Run(robot), noise=0.0),))


def _steps(scene: Scene) -> int:
    """Return for how many steps a scene is tried out."""
    return STEPS if scene.game is None else min(scene.steps, LONGEST)


def _describe(robot: Robot) -> None:
    held = (
        "bolted to the world" if robot.fixed and not robot.planar else "held in its plane" if robot.planar else "free"
    )
    click.echo(f"{robot.name}: {robot.mass:.3f} kg, {len(robot.model.links)} links, trunk {robot.trunk!r}, {held}")
    click.echo(f"  {'joint':20}{'limits':>20}{'rest':>9}{'torque':>9}")
    for joint, torque, rest in zip(robot.joints, robot.torque, robot.pose, strict=True):
        click.echo(f"  {joint.name:20}{joint.range:>20}{joint.shown(rest):>9.1f}{torque:>9.4g}")


def _try(file: Path) -> tuple[list[str], list[str]]:
    """Return what goes wrong when the file is simulated, and notes; even a crash of Bullet is only a finding."""
    path = [folder for folder in sys.path if isinstance(folder, str)]
    command = [sys.executable, "-c", CODE.format(path=path), str(file)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return [f"random torques take more than {PATIENCE:g} s"], []
    if done.returncode < 0:
        return [f"Bullet crashed (signal {-done.returncode})"], []
    if done.returncode:
        return [(done.stderr.strip().splitlines() or ["it failed"])[-1]], []
    problems, notes = json.loads(done.stdout.splitlines()[-1])  # a task or game may print, too
    return problems, notes


def tell(file: str) -> None:
    """Try out a file, and print what was found: the other end of `_try`."""
    try:
        findings = trial(_load(Path(file)))
    except (Exception, SystemExit) as error:  # of a task or game of somebody's own
        findings = [told(error)], []
    click.echo("\n" + json.dumps(findings))


def trial(found: Robot | Scene) -> tuple[list[str], list[str]]:
    """Return what goes wrong when a robot or a scene is simulated with random torques, and notes."""
    problems: list[str] = []
    notes: list[str] = []
    if isinstance(found, Robot):
        simulation = Simulation(_scene_of(found))
        simulation.reset({0: 0})
        height = float(simulation.groups[0].now.position[0, 0, 2])
        if found.stance and abs(height - found.stance) > CLOSE:
            problems.append(
                f"stance: {found.stance} m, but in its rest pose the trunk is {height:.4f} m above the ground"
            )
        fallen = simulation.groups[0].task.over(simulation.groups[0].now)
        if fallen.any():
            problems.append("upright: the robot counts as fallen in its rest pose")
    else:
        simulation = Simulation(dataclasses.replace(found, steps=_steps(found)))
        simulation.reset({0: 0})
        problems, notes = _said(simulation)
    for one, other in simulation.worlds[0].overlaps():
        problems.append(f"{one} and {other} begin inside each other: give them other spots")
    rng = np.random.default_rng(0)
    problems += _play(simulation, STEPS if isinstance(found, Robot) else simulation.limit, rng)
    if simulation.game is not None and not simulation.broken:
        simulation.limit = SHORT
        simulation.reset({0: 1})
        problems += _play(simulation, SHORT, rng)
        simulation.marks()
    simulation.close()
    return list(dict.fromkeys(problems)), notes


def _play(simulation: Simulation, steps: int, rng: np.random.Generator) -> list[str]:
    """Return what goes wrong in some steps of random torques; a game that is over begins again."""
    faults: dict[str, str] = {}  # the first of each
    for step in range(steps):
        simulation.step([rng.uniform(-1, 1, (*g.live.shape, len(g.torque))) for g in simulation.groups])
        if simulation.broken:
            faults["the physics"] = f"blew up after {step + 1} steps of random torques"
            break
        faults = _faults(simulation) | faults
        late = simulation.steps[0] >= simulation.limit
        if simulation.game is not None and (late or not any(group.live.any() for group in simulation.groups)):
            simulation.reset({0: None})
    return [f"{what} {fault}" for what, fault in faults.items()]


def _faults(simulation: Simulation) -> dict[str, str]:
    """Return what tasks and game have said of a step that nobody can use."""
    faults = {}
    for group in simulation.groups:
        task, entries = f"task {type(group.task).__name__}", group.task.entries()
        for term, value in group.terms.items():
            if not np.isfinite(value).all():
                faults[f"{task}: reward(): the term {term!r}"] = f"is {value[~np.isfinite(value)][0]}"
        for _, _, number in np.argwhere(~np.isfinite(group.observation)):
            name = f" ({entries[number]})" if number < len(entries) else ""
            faults[f"{task}: observe(): number {number}{name}"] = "is not finite"
    game = simulation.game
    if game is None:
        return faults
    where = f"game {type(game).__name__}: judge():"
    for group, place in simulation.seats:
        points = group.now.points[0, place]
        if not np.isfinite(points):
            faults[f"{where} the points"] = f"are {points}"
    memory = dict(zip(game.memory, simulation.now.memory[0].tolist(), strict=True))
    for tally in simulation.now.tally[0].tolist():
        numbers = dict(zip(game.tally, tally, strict=True))
        result, score = numbers.get("result", 0.0), numbers.get("score", 0.0)
        if not -1.0 <= result <= 1.0:
            faults[f"{where} `result`"] = f"is {result:g}, not within -1 and 1"
        if not np.isfinite(score):
            faults[f"{where} `score`"] = f"is {score}"
    reason = memory.get("reason", 0.0)
    if reason not in range(max(1, len(game.reasons))):
        faults[f"{where} `reason`"] = f"is {reason:g}, and `reasons` has {len(game.reasons)} words, from 0 on"
    over = bool(simulation.decided[0] or simulation.steps[0] >= simulation.limit)
    if over and "reason" in memory and reason == UNDECIDED:
        faults[f"{where} `reason`"] = f"is still {UNDECIDED} when the episode is over"
    return faults


def _said(simulation: Simulation) -> tuple[list[str], list[str]]:
    """Return what tasks and game say of themselves that is not so, and what they do not say."""
    problems: list[str] = []
    notes: list[str] = []
    for group in simulation.groups:
        name, sees = f"task {type(group.task).__name__}", group.observation.shape[-1]
        entries, pays = group.task.entries(), group.task.pays
        if entries and len(entries) != sees:
            problems.append(f"{name}: entries() returns {len(entries)} names for {sees} numbers")
        unexplained = [term for term in group.terms if pays and term not in pays]
        unpaid = [term for term in pays if term not in group.terms]
        problems += [f"{name}: reward() returns {term!r}, which `pays` does not explain" for term in unexplained]
        problems += [f"{name}: `pays` explains {term!r}, which reward() does not return" for term in unpaid]
        missing = [what for what, given in (("entries()", entries), ("`pays`", pays)) if not given]
        if missing:
            notes.append(f"{name}: no {' and no '.join(missing)}, so nothing tells people what it sees or is paid")
    game = simulation.game
    if game is not None:
        for word, effect in WITHOUT.items():
            where = "memory" if word == "reason" else "tally"
            if word not in getattr(game, where):
                notes.append(f"game {type(game).__name__}: no {word!r} in `{where}`: {effect}")
    return problems, notes
