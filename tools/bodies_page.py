"""Held-out score against the number of training bodies: measures it, and writes it into docs/generalisation.md.

    roboschool train hopper --steps 1500000 --set 'variants={body=100}' --episodes 0 -o runs/bodies/hopper_100_0
    python tools/bodies_page.py runs/bodies/*

Each folder is a training on the bodies 0 to a number. Its policy is played in the suite `bodies`, and
what it scores is added to docs/bodies.json. Without a folder only the page and its picture are written.
"""

import io
import json
import sys
from pathlib import Path
from typing import Any

from marks import with_table

from roboschool.policies.network import read_network
from roboschool.results.generalisation import evaluate_suite
from roboschool.results.suites import load_suite

DOCS = Path(__file__).parent.parent / "docs"
PAGE, DATA, PICTURE = DOCS / "generalisation.md", DOCS / "bodies.json", DOCS / "pictures" / "bodies.png"
PARTS = ("interpolation", "extrapolation", "composition")
COLUMNS = {"train": "bodies 0 to 49", "held_out": "held out", **{part: part for part in PARTS}}
SAME = ("scene", "bodies", "seed", "steps")  # of a training that is measured again
COLOURS = ("#123a7a", "#2b8a57", "#c4512d", "#7b4fb5")


def measure(folder: Path) -> dict[str, Any]:
    """Return what a training has come to in the suite."""
    card = json.loads((folder / "policy.json").read_text())
    scene, settings = card["recipe"]["scene"], card["recipe"]["settings"]
    found = evaluate_suite(read_network(folder / "policy.safetensors"), scene, {}, load_suite("bodies"))
    scores = {"train": found.train, "held_out": found.held_out, **found.parts}
    return {
        "scene": scene,
        "bodies": settings["variants"]["body"],
        "seed": card["seed"],
        "steps": card["steps"],
        **{name: [round(number, 1) for number in (each.value, each.low, each.high)] for name, each in scores.items()},
    }


def known() -> list[dict[str, Any]]:
    """Return all that was measured, in the order of the table."""
    listing: list[dict[str, Any]] = json.loads(DATA.read_text()) if DATA.exists() else []
    return sorted(listing, key=lambda each: (each["scene"], each["steps"], each["bodies"], each["seed"]))


def table() -> str:
    """Return the table."""
    rows = [f"| scene | steps | training bodies | {' | '.join(COLUMNS.values())} |", "|---" * (3 + len(COLUMNS)) + "|"]
    for each in known():
        cells = [f"{each[key][0]:.0f}, {each[key][1]:.0f} to {each[key][2]:.0f}" for key in COLUMNS]
        rows.append(f"| `{each['scene']}` | {each['steps'] / 1e6:.1f} M | {each['bodies']} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def page() -> str:
    """Return the page with its table as it should be."""
    return with_table(PAGE, "bodies", table())


def draw() -> None:
    """Write the picture: a panel for each scene and number of steps, in millions."""
    from matplotlib.figure import Figure

    panels: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for each in known():
        panels.setdefault((each["scene"], f"{each['steps'] / 1e6:.1f}"), []).append(each)
    figure = Figure(figsize=(4.6 * max(1, len(panels)), 3.4), layout="constrained")
    drawn = figure.subplots(1, max(1, len(panels)), squeeze=False)[0]
    for axes, ((scene, steps), rows) in zip(drawn, panels.items(), strict=True):
        for colour, key in zip(COLOURS, ("train", *PARTS), strict=True):
            at = [each["bodies"] for each in rows]
            value, low, high = zip(*(each[key] for each in rows), strict=True)
            axes.plot(at, value, "o-", color=colour, label=COLUMNS[key], linewidth=1.6, markersize=4)
            axes.vlines(at, low, high, color=colour, linewidth=1.0)
        axes.set_xscale("log")
        axes.set_xticks([1, 10, 100, 800], ["1", "10", "100", "800"])
        axes.set_xlabel("training bodies")
        axes.set_ylabel("return, interquartile mean")
        axes.set_ylim(bottom=0.0)
        axes.set_title(f"{scene}, {steps} M steps", loc="left", fontsize=11)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(True, color="#dddddd", linewidth=0.7)
        axes.legend(frameon=False, fontsize=8)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=120)
    PICTURE.write_bytes(picture.getvalue())


def main(folders: list[str]) -> None:
    """Measure what is new, and write the page."""
    for folder in map(Path, folders):
        found = measure(folder)
        rest = [
            each for each in known() if any(each[key] != found[key] for key in ("scene", "bodies", "seed", "steps"))
        ]
        lines = ",\n".join(json.dumps(each) for each in [*rest, found])
        DATA.write_text(f"[\n{lines}\n]\n")
        print(found)
    PAGE.write_text(page())
    draw()


if __name__ == "__main__":
    main(sys.argv[1:])
