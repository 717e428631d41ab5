"""Who plays against whom in a scene, and who has won."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from roboschool.errors import InvalidInput
from roboschool.scenes.scene import Scene

WORDS = {1.0: "won", 0.0: "drew", -1.0: "lost"}

Side = tuple[str, ...]  # names of agents that win or lose together


@dataclass(frozen=True)
class Outcome:
    """How a match has ended for an agent."""

    result: float  # 1 won, 0 drawn, -1 lost, or evenly between where there are places
    reason: str  # a word
    score: float  # what the game counts, or the return if it counts nothing


def sides_of(scene: Scene) -> tuple[Side, ...]:
    """Return the sides of a scene: two agents, or two roles (`home_0`, `home_1` and `away_0`); else every agent.

    Where the game knows no teams, as a race, every agent is a side.

    Raises:
        InvalidInput: there is one agent only.
    """
    names = [agent.name for agent in scene.agents]
    if len(names) < 2:
        raise InvalidInput(f"scene {scene.name!r}: it has one agent, so there is nobody to play against")
    roles = list(dict.fromkeys(name.rpartition("_")[0] for name in names))
    alone = scene.game is not None and scene.game.ranked
    if len(names) == 2 or len(roles) != 2 or alone:
        return tuple((name,) for name in names)
    return tuple(tuple(name for name in names if name.rpartition("_")[0] == role) for role in roles)


def deal(scene: Scene, entrants: int) -> tuple[tuple[Side, ...], ...]:
    """Return the sides that each of some entrants plays: they are dealt out in turn.

    Raises:
        InvalidInput: they cannot be dealt out evenly.
    """
    sides = sides_of(scene)
    if entrants < 2 or len(sides) % entrants:
        fit = [str(count) for count in range(2, len(sides) + 1) if len(sides) % count == 0]
        named = ", ".join(side[0] if len(side) == 1 else side[0].rpartition("_")[0] for side in sides)
        raise InvalidInput(
            f"scene {scene.name!r}: it has {len(sides)} sides, for {' or '.join(fit)} policies, not {entrants}: {named}"
        )
    return tuple(sides[first::entrants] for first in range(entrants))


def name_results(results: Sequence[float]) -> list[str]:
    """Return results of a match in words: who has won, or the places where more than that is told apart."""
    if len(set(results)) > 2:
        return [f"place {1 + sum(other > own for other in results)}" for own in results]
    return [WORDS.get(result, f"{result:+.2f}") for result in results]


def decide(
    scene: Scene, infos: Mapping[str, Mapping[str, Any]], returns: Mapping[str, float], steps: int
) -> dict[str, Outcome]:
    """Return how a match has ended for each agent.

    The game says so in its infos: `result`, `score`, and `reason`, a number among the words `game.reasons`. Where it
    does not, the side with the greatest return has won. If physics blew up nobody has.

    Args:
        scene: what was played.
        infos: of each agent at the last step.
        returns: of each agent.
        steps: how many there were.
    """
    if any(info["physics_error"] for info in infos.values()):
        return {name: Outcome(0, "physics", returns[name]) for name in infos}
    if all("result" in info for info in infos.values()):
        words: Sequence[str] = getattr(scene.game, "reasons", ())
        outcomes = {}
        for name, info in infos.items():
            number = int(info.get("reason", 0))
            word = words[number] if 0 <= number < len(words) else ""
            word = word or ("time" if steps >= scene.steps else "")
            score = float(info.get("score", returns[name]))
            outcomes[name] = Outcome(float(info["result"]), word, score)
        return outcomes
    sides = sides_of(scene)
    totals = [sum(returns[name] for name in side) for side in sides]
    best = [total == max(totals) for total in totals]
    winners = 1 if sum(best) == 1 else 0
    outcomes = {}
    for side, total in zip(sides, totals, strict=True):
        result = winners if total == max(totals) else -1
        outcomes |= {name: Outcome(result, "time" if all(best) else "return", returns[name]) for name in side}
    return outcomes
