"""What an import has changed: every change with its kind and its place, the worst first."""

from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import Any

from roboschool.errors import one_line

LOSS, CHANGE, NOTE = "loss", "change", "note"  # how bad: something is gone or guessed, a number differs, harmless
ORDER = (LOSS, CHANGE, NOTE)
SHOWN = 3  # places of one kind of change that a summary names
MOST_CHANGES = 20_000


@dataclass(frozen=True)
class Change:
    """One change."""

    severity: str  # LOSS, CHANGE or NOTE
    kind: str  # what was done, the same words for all changes of the kind
    where: str  # "link 'foot'"
    detail: str = ""  # what is different now


@dataclass
class Report:
    """The fidelity report of a robot. Masses in [kg]."""

    changes: list[Change] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)  # such as the stated and the computed mass

    def add(self, severity: str, kind: str, where: str, detail: str = "") -> None:
        """Note a change; texts may come from a file, and are cut and escaped."""
        if len(self.changes) < MOST_CHANGES:
            self.changes.append(Change(severity, kind, one_line(where, 200), one_line(detail, 400)))
        else:
            self.figures["changes that are not listed"] = self.figures.get("changes that are not listed", 0.0) + 1.0

    def lines(self, every: bool = False) -> list[str]:
        """Return the report for people, the worst first.

        Args:
            every: whether each change has a line; otherwise each kind has one, with its first places.
        """
        groups: dict[tuple[int, str], list[Change]] = defaultdict(list)
        for change in self.changes:
            groups[ORDER.index(change.severity), change.kind].append(change)
        lines = []
        for (level, kind), changes in sorted(groups.items(), key=lambda item: item[0][0]):
            shown = changes if every else changes[:SHOWN]
            if every or len(changes) == 1:
                lines += [f"{ORDER[level]}: {kind}: {_place(change)}" for change in shown]
            else:
                more = f", and {len(changes) - SHOWN} more" if len(changes) > SHOWN else ""
                lines.append(f"{ORDER[level]}: {kind}: {len(changes)} times: {'; '.join(map(_place, shown))}{more}")
        lines += [f"{name}: {value:.6g}" for name, value in self.figures.items()]
        return lines

    def as_data(self) -> dict[str, Any]:
        """Return the report as plain data, for JSON."""
        ranked = sorted(self.changes, key=lambda change: ORDER.index(change.severity))
        return {"figures": self.figures, "changes": [asdict(change) for change in ranked]}


def _place(change: Change) -> str:
    return f"{change.where}: {change.detail}" if change.detail else change.where
