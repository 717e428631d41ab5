"""What a page shows of a match: who plays in which seat, and how it ends."""

from contextlib import suppress
from pathlib import Path

from roboschool.errors import InvalidInput
from roboschool.rendering.web.page import Recording, Seat, write_page
from roboschool.scenes.loader import load_for
from roboschool.scenes.scene import Scene
from roboschool.tournament.record import TRAJECTORY, Match, Record, read_match
from roboschool.tournament.report import Report
from roboschool.tournament.sides import name_results


def write_replays(folder: Path, report: Report) -> dict[str, str]:
    """Write a page of the first match of each pair beside it, unless it is there; return their names by match.

    A match that cannot be shown, because its physics diverged at once, has none.
    """
    firsts: dict[frozenset[int], str] = {}
    for result in report.results:
        firsts.setdefault(frozenset((result.first, result.second)), result.file)
    scene, written = load_for(report.plan.scene, report.plan.options), {}
    for file in firsts.values():
        page = (folder / file).with_suffix(".html")
        with suppress(InvalidInput):
            if not page.exists():
                write_page(page, record_match(scene, read_match(folder / file)))
            written[file] = page.name
    return written


def list_seats(scene: Scene, record: Record) -> list[Seat]:
    """Return seats, name and result of each player, in the order of the scene's agents."""
    numbers = {agent.name: number for number, agent in enumerate(scene.agents)}
    lines = sorted(record.agents, key=lambda line: numbers[line.agent])
    results = name_results([line.result for line in lines])
    seats = []
    for player in dict.fromkeys(line.player for line in lines):
        own = [(numbers[line.agent], word) for line, word in zip(lines, results, strict=True) if line.player == player]
        agents = tuple(number for number, _ in own)
        labels = dict.fromkeys(scene.agents[number].team or scene.agents[number].name for number in agents)
        words = dict.fromkeys(word for _, word in own)
        seats.append(Seat(agents, ", ".join(labels), record.players[player].name, ", ".join(words)))
    return seats


def describe_end(record: Record) -> str:
    """Return why a match ended, and after how many steps."""
    reasons = dict.fromkeys(line.reason for line in record.agents if line.reason)
    return f"{', '.join(reasons)}{', ' * bool(reasons)}{record.steps} steps"


def record_match(scene: Scene, match: Match) -> Recording:
    """Return what a page shows of a match in its scene.

    Raises:
        InvalidInput: the trajectory has no frames, or is of another scene.
    """
    seen, where = match.trajectory, f"{match.path}{': ' * bool(match.path)}{TRAJECTORY}"
    if not seen.frames:
        raise InvalidInput(f"{where}: it has no frames: the physics diverged at once")
    seen.check_fit(scene, where)
    seats, ending = list_seats(scene, match.record), describe_end(match.record)
    title = f"{scene.name}: {' - '.join(seat.name for seat in seats)}"
    return Recording(scene, title, [*seen.bodies.values()], seen.markers, seen.scores, seen.rewards, seats, ending)
