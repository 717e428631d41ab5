"""The sides of a scene, and the outcome of a match."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from roboschool.errors import InvalidInput
from roboschool.scenes.scene import Scene

WORDS = {1.0: "won", 0.0: "drew", -1.0: "lost"}

Side = tuple[str, ...]  # names of agents that win or lose together


@dataclass(frozen=True)
class Outcome:
    """The outcome of a match for an agent."""

    result: float  # 1 won, 0 drawn, -1 lost; evenly spaced between 1 and -1 where there are places
    reason: str  # one word
    score: float  # of the game; the return if the game has no score


def sides_of(scene: Scene) -> tuple[Side, ...]:
    """Return the sides of a scene: agents of one team are a side, and so is each agent without a team.

    Raises:
        InvalidInput: there is only one side.
    """
    sides: dict[tuple[str, str], list[str]] = {}
    for agent in scene.agents:
        sides.setdefault((agent.team, "" if agent.team else agent.name), []).append(agent.name)
    if len(sides) < 2:
        raise InvalidInput(f"scene {scene.name!r}: a match needs 2 sides or more, and it has {len(sides)}")
    return tuple(map(tuple, sides.values()))


def deal(scene: Scene, entrants: int) -> tuple[tuple[Side, ...], ...]:
    """Return the sides of each of a number of entrants, assigned in turn.

    Raises:
        InvalidInput: the number of sides is not divisible by it.
    """
    sides = sides_of(scene)
    if entrants < 2 or len(sides) % entrants:
        fit = [str(count) for count in range(2, len(sides) + 1) if len(sides) % count == 0]
        teams = {agent.name: agent.team for agent in scene.agents}
        named = ", ".join(side[0] if len(side) == 1 else teams[side[0]] for side in sides)
        raise InvalidInput(
            f"scene {scene.name!r}: it has {len(sides)} sides, for {' or '.join(fit)} policies, not {entrants}: {named}"
        )
    return tuple(sides[first::entrants] for first in range(entrants))


def name_results(results: Sequence[float]) -> list[str]:
    """Return results of a match in words: won, drew or lost, or places if there are more than two different results."""
    if len(set(results)) > 2:
        return [f"place {1 + sum(other > own for other in results)}" for own in results]
    return [WORDS.get(result, f"{result:+.2f}") for result in results]


def decide(
    scene: Scene, infos: Mapping[str, Mapping[str, Any]], returns: Mapping[str, float], steps: int
) -> dict[str, Outcome]:
    """Return the outcome of a match for each agent.

    A game reports it in its infos: `result`, `score`, and `reason`, an index into the words `game.reasons`. Without
    these, the side with the greatest return has won. If the simulation diverged it is a draw.

    Args:
        scene: that was played.
        infos: of each agent at the last step.
        returns: of each agent.
        steps: number of steps of the match.
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
