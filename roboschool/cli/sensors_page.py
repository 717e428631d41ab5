"""The page about sensors that a scene can put on an agent, as Markdown, made of the declarations: docs/sensors.md."""

import dataclasses
import importlib
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

import click

from roboschool.cli.card_page import describe_bounds, parts_of
from roboschool.mdp.delayed import Delayed
from roboschool.scenes.agent_sensors import SENSORS, parameters_of
from roboschool.schema import Bounds

INTRO = """# Sensors

`roboschool list --sensors` makes this page from the declarations in [sensors/](../roboschool/sensors/), and a test
notices when it is stale.

What an agent observes is what its task says, then what its robot wears, then what its scene adds, in the order of the
files:

```toml
[[agent]]
name  = "dog_0"
robot = "dog"
task  = { name = "velocity" }

[[agent.sensor]]
name  = "rays"
count = 64
what  = "class"

[[agent.sensor]]
name    = "contact"
links   = ["front_left_shank", "trunk"]
delay   = [0, 2]   # steps; drawn for each episode
history = 3
```

- What a robot wears in every scene is in tables `[[sensor]]` of [its card](card.md#sensors), with the same keys.
- Any robot with any task can have them, several of one kind too. `name` may be your class, "package.module:Class".
- All numbers are one vector, a `Box`; images of a `camera` are [beside it](#images). `docs/environments.md` and the
  spaces are made of the same declarations.
- What sensors remember, and what rays have hit, is a part of the state: a saved state goes on bit for bit.
- An unknown sensor, key, link or prop is an error that names file, agent, sensor, key and the nearest right name.
- Only agents with the same robot, task and sensors are computed at once.

![A dog with rays before another dog](pictures/sensors.png)

With `--hud` pictures show what an agent senses, here that of [seeing_dog.toml](../examples/seeing_dog.toml): rays that
hit the ground in yellow, props in orange, agents in red; in blue the force on each link, as long as the robot is high
if it is its weight; in green where a command leads in a second; and below the level of the tile.
"""
HEAD = "| key | meaning | unit | default | bounds |\n|---|---|---|---|---|"  # of a table of parameters
WAYS = """
## Bias, delay and history

Every sensor but `camera` has these keys, too. The bias is added first, then comes the delay, then the history; before
an episode all was as it is at its start. Noise is a matter of [`randomize`](randomization.md), by the name of the
sensor; it is added last, anew in every step.
"""
NOTES = """
## Images

```toml
[[agent.sensor]]
name     = "camera"
link     = "trunk"
size     = [84, 84]
depth    = true
position = [0.35, 0.0, 0.05]   # ahead of the trunk, and above its middle
pitch    = 15.0
```

An agent with a camera observes a dict, and its space is a Gymnasium `Dict`:

```python
env = roboschool.AgentEnv("seeing_dog.toml")
observation, info = env.reset(seed=0)
observation["vector"]  # float32 (n,): all other sensors, as without a camera
observation["camera"]  # uint8 (84, 84, 3)
observation["depth"]  # float32 (84, 84) [m]
```

- `AgentEnv`, `ParallelEnv`, `VectorEnv` and `SB3VecEnv` have images; arrays of rows lead with (row,). One call draws
  all of their worlds, also those of workers. Where a new episode begins at once, the last images of the one before are
  in `info["final_obs"]`. `JointEnv`, a `Lobby`, the server and the trainer refuse them.
- An agent has one camera. The ray caster draws it ([pictures.md](pictures.md)), in float32: the same state gives the
  same bytes, on any number of threads, and drawing changes nothing in the world.
- Policies in files act by the vector alone, so a match can have agents with cameras.
- 84 x 84 pixels of colours and depths take 0.5 ms for a dog on level ground and 1.3 ms on a terrain, on one core.

## For training only

Tables `[[agent.privileged]]` are written alike. What these sensors observe is no part of the observation: it is
`info["privileged"]`, float32 (n,), and of a vector env an array (row, n), for a critic or a teacher. There is no noise
on it. The sensor `randomized` belongs there: what [`[randomize]`](randomization.md) has drawn for the episode.

## A sensor of your own

Write a frozen dataclass that is a `Sensor` ([sensor.py](../roboschool/mdp/sensor.py)); with numbers of its own in the
state it is a `RememberingSensor` ([remembering.py](../roboschool/mdp/remembering.py)). `fit` returns it as it is on a
robot and checks what the robot must have. Its parameters are the fields with a `Meaning`, or all if none has one.

## What they cost

Forces of contacts are added up in C while the world is stepped. Rays meet the collision shapes that URDFs declare, of
all agents and props at once, in numpy: 64 rays of each of 8 dogs take about 1 ms. In a world with a mesh among its
collision shapes Bullet casts them, which takes more than ten times as long. What Bullet finds is up to 1 mm nearer. A
ray that begins inside a body leaves it without a hit. `roboschool bench --sensors SCENE` measures what each
sensor adds to a step."""


def print_sensors_page() -> None:
    """Print the page."""
    click.echo(INTRO)
    click.echo("## Which there are\n\n| name | what it observes |\n|---|---|")
    kinds = {name: _class_of(place) for name, place in sorted(SENSORS.items())}
    for name, kind in kinds.items():
        click.echo(f"| `{name}` | {_sentence(kind)} |")
    for name, kind in kinds.items():
        if rows := list(_rows(kind)):
            click.echo(
                f"\n### `{name}`\n\n{_rest(kind)}| key | meaning | unit | default | bounds |\n|---|---|---|---|---|"
            )
            for row in rows:
                click.echo("| " + " | ".join(row) + " |")
    click.echo(f"{WAYS}\n{HEAD}")
    for row in _rows(Delayed):
        click.echo("| " + " | ".join(row) + " |")
    click.echo(NOTES)


def _class_of(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def _sentence(kind: Any) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0]


def _rest(kind: Any) -> str:
    """Return what a docstring says after its first line, as a paragraph."""
    lines = (kind.__doc__ or "").strip().splitlines()[1:]
    text = " ".join(line.strip() for line in lines if line.strip())
    return f"{text}\n\n" if text else ""


def _rows(kind: Any) -> Iterator[tuple[str, ...]]:
    """Yield a row of cells for each parameter."""
    defaults = {field.name: field.default for field in dataclasses.fields(kind)}
    for name, (meaning, hint) in parameters_of(kind).items():
        rules = [rule for part in parts_of(hint) for rule in getattr(part, "__metadata__", ())]
        bounds = next((rule for rule in rules if isinstance(rule, Bounds)), None)
        yield (
            f"`{name}`",
            meaning.text,
            meaning.unit,
            _default(defaults[name]) + " (or a range)" * _is_range(hint),
            "" if bounds is None else describe_bounds(bounds),
        )


def _is_range(hint: Any) -> bool:
    """Return whether a range may be given for a number."""
    arms = get_args(get_args(hint)[0] if get_origin(hint) is Annotated else hint)
    pairs = [get_args(part) for arm in arms for part in parts_of(arm) if get_origin(part) is tuple]
    return any(len(pair) == 2 and pair[0] is pair[1] for pair in pairs)


def _default(value: Any) -> str:
    if value in (None, "", ()):
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(list(value) if isinstance(value, tuple) else value)
