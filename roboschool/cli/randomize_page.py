"""The page about what a scene can randomize, as Markdown, made of the declarations: docs/randomization.md."""

import dataclasses
from collections.abc import Iterator
from typing import Any, get_args, get_origin, get_type_hints

import click

from roboschool.cli.card_page import describe_bounds, parts_of
from roboschool.scenes.randomize import Randomize
from roboschool.schema import Bounds, Meaning

INTRO = """# Randomization

`roboschool list --randomize` makes this page from the declarations in
[randomize.py](../roboschool/scenes/randomize.py), and a test notices when it is stale.

A robot that is trained in one simulation knows that simulation only. A scene says what differs from episode to episode:

```toml
[randomize]
friction       = [0.5, 1.25]                     # a range is drawn from at the start of each episode
mass           = { trunk = [0.8, 1.2] }
motor_strength = [0.9, 1.1]
push           = { every = [5.0, 10.0], impulse = [[-8.0, 8.0], [-8.0, 8.0], 0.0] }
```

The same in Python, for any scene: `gym.make("roboschool/DogVelocity-v1", randomize={"friction": (0.5, 1.25)})`.

- Every number may be a range `[low, high]`. It is drawn uniformly, from the generator of the world: the same seed gives
  the same bits, whatever the episodes before have drawn. A list of three is a vector, of numbers or ranges.
- What is drawn is in every info, as `info["randomized"]["mass/trunk"]`; in a vector env as arrays. It is a part of
  saved states.
- `friction`, `restitution`, `gravity` and `wind` are drawn once for a world, everything else for each of its robots.
- Where robots differ, a link, joint or sensor by name is that of the robots that have it.
- Keys that are not given change nothing and cost nothing.

## Other ranges while training runs

What a scene randomizes can be drawn from other ranges in a living env, for a curriculum. Keys that are not named are
drawn as the scene says.

| for | call | from when on |
|---|---|---|
| one env | `env.reset(options={"randomize": {"mass": {"trunk": (0.5, 2.0)}}})` | this episode |
| one env | `env.unwrapped.randomize = {"friction": (0.2, 2.0)}` | the next episode |
| a vector env | `envs.reset(options=[{"randomize": ...}, {}, ...])`, one mapping for each copy | this episode |
| a vector env | `envs.set_attr("randomize", {"friction": (0.2, 2.0)})` | the next episode of each copy |
| some copies | `envs.set_attr("randomize", [{"friction": 0.2}, None, ...])` | likewise |
| Stable-Baselines3 | `envs.set_attr("randomize", {"friction": 0.2}, indices=[0])` | likewise |

A key that the scene does not randomize is refused, for the size of what is drawn is fixed; so are a longer delay, and
another place for the payload. To leave a key for later, give it a range without width, like `mass = 1.0`.

## An episode that begins where you say

Options of a reset, which hold for one episode. In a scene with several agents each is by agent, as in
`{"pose": {"ant_1": (2.0, 0.0, 0.0)}}`; so it is for a single one, if you like.

| option | what it says |
|---|---|
| `pose` | `(x, y, yaw)` [m, rad]: there the robot touches the ground |
| `pose` | `(x, y, z, roll, pitch, yaw)`: there its trunk is |
| `joints` | positions of joints by name [rad, or m] |
| `velocity` | of the trunk, in the world: three numbers [m/s], or six with the angular velocity [rad/s] |
| `state` | what `get_state` returned: it goes on from there, with a new clock and the generator of the reset |

They win over what the scene and the task draw. A robot that begins in the ground or in another body is refused, and so
is a joint beyond its limits.

## Keys

Names of links, joints and sensors are those of the robot and its task. An unknown key or name is an error that names
the nearest right one. A sensor's name is that of its class, `joint_states` for `JointStates`.

| key | meaning | unit | type | bounds |
|---|---|---|---|---|"""
NOTES = """
- `mass`: masses by Bullet's `changeDynamics`. Inertia is scaled with the mass.
- `payload`: a point. Its mass is drawn, its place is fixed. It moves the centre of mass towards itself.
- `joint_damping`: Bullet holds its torque during a substep, so that much of it makes a light link tremble: the damping
  times the substep should be below the inertia that the joint turns.
- `joint_friction`: Coulomb friction. Bullet's motor brakes the joint with at most this torque.
- `motor_strength`: of an actuator with feedback, all of its torque: gains and limits alike.
- `restitution`: Bullet multiplies the numbers of two bodies; each robot and the ground get the root.
- `push`: a force at the centre of mass of the link, for as long as it lasts. An impulse is this force times its time.
- `noise`: added to the observation after scaling, before it is clipped; nearly normal, at most 3.5 deviations. A
  restored state is observed with the same noise."""


def print_randomize_page() -> None:
    """Print the page."""
    click.echo(INTRO)
    for row in _rows(Randomize, ""):
        click.echo("| " + " | ".join(row) + " |")
    click.echo(NOTES)


def _rows(record: Any, prefix: str) -> Iterator[tuple[str, ...]]:
    """Yield a row of cells for each key, those of a table after it."""
    hints = get_type_hints(record, include_extras=True)
    for field in dataclasses.fields(record):
        parts = list(parts_of(hints[field.name]))
        rules = [rule for part in parts for rule in getattr(part, "__metadata__", ())]
        meaning = next(rule for rule in rules if isinstance(rule, Meaning))
        bounds = next((rule for rule in rules if isinstance(rule, Bounds)), None)
        table = next((part for part in parts if isinstance(part, type) and dataclasses.is_dataclass(part)), None)
        yield (
            f"`{prefix}{field.name}`",
            meaning.text,
            meaning.unit,
            "table" if table else _type(parts),
            "" if bounds is None or table else describe_bounds(bounds),
        )
        if table:
            yield from _rows(table, f"{prefix}{field.name}.")


def _type(parts: list[Any]) -> str:
    """Return the type of a key in words, from its annotation and all in it."""
    by_name = dict in [get_origin(part) for part in parts]
    if str in parts and not by_name:
        return "text"
    sizes = [len(get_args(part)) for part in parts if get_origin(part) is tuple]
    if 3 in sizes:
        return f"three, each a {'number or range' if 2 in sizes else 'number'}"
    if sizes.count(2) > 1 and not by_name:
        return "two, each a number or range"
    return f"number or range{'; or a table of them by name' if by_name else ''}"
