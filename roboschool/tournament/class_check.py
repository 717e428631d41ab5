"""Checks the classes of entrants before anything is played: each is imported and created in its own process."""

from collections.abc import Sequence

from roboschool.errors import InvalidInput
from roboschool.policies.resolve import is_class
from roboschool.scenes.scene import Scene
from roboschool.tournament.containment import Interference, find_containment
from roboschool.tournament.entrants import Assignment, Entrant
from roboschool.tournament.players import START, Forfeit, Process
from roboschool.workers.orphans import adopted_orphans

OURS = "roboschool."  # classes of the package that a scene names need no check


def check_classes(
    scene: Scene, entrants: Sequence[Entrant], teams: Sequence[Sequence[str]] | None = None, start: float = START
) -> None:
    """Check that the classes of some entrants can be imported, made and reset; their code runs in child processes.

    Args:
        scene: what is played.
        entrants: policies under names.
        teams: names of the agents that each will play; if None, all agents.
        start: time limit for each class [s].

    Raises:
        InvalidInput: a class cannot be used, or takes too long.
    """
    agents = [agent.name for agent in scene.agents]
    known = {agent.policy for agent in scene.agents if agent.policy.startswith(OURS)}
    assignments: dict[str, Assignment] = {}
    for entrant, team in zip(entrants, teams or [agents] * len(entrants), strict=True):
        assignments |= {each.policy: each for each in entrant.assign(scene, team)}
    with adopted_orphans():
        for policy, assignment in assignments.items():
            if is_class(policy) and policy not in known:
                _check_class(assignment, start)


def _check_class(assignment: Assignment, start: float) -> None:
    player = Process([assignment], start=start, quiet=True, containment=find_containment())
    try:
        player.begin(0)
        player.answer()
    except (Forfeit, Interference) as error:
        detail = error.detail if isinstance(error, Forfeit) else str(error)
        name = f"policy {assignment.policy!r}"
        raise InvalidInput(detail if name in detail else f"{name}: {detail}") from None
    finally:
        player.kill()
