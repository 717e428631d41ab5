"""Imports the robots of the packages that `make robots` installs, tries each out, and writes docs/robots.md.

Each robot is imported in a process of its own, with limits of time and memory; as many at once as there are cores.
`--only WORD` tries those again that have a word, or a regular expression, in their path, `--resume` those that an
interrupted run has left; `--one URDF` tries one and prints JSON.
"""

import argparse
import functools
import hashlib
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "robots.md"
RESULTS = ROOT / "build" / "robots.json"
LABELS = ROOT / "tools" / "robots.toml"
TIMEOUT = 900.0  # of a robot, with all trials, by the clock [s]
MEMORY = 1024  # of the importer [MiB]
STEPS = 1000  # of random actions
HALF = 0.5  # of the effort of a motor, or of the way from rest
MOVES = re.compile(r"type\s*=\s*[\"'](revolute|continuous|prismatic)[\"']")


def find_robots() -> list[Path]:
    """Return the URDFs with a joint that moves, in the folder of this Python, each text once."""
    found: dict[str, Path] = {}
    for folder, _, names in os.walk(sys.prefix):
        for name in names:
            path = Path(folder) / name
            if path.suffix == ".urdf" and MOVES.search(path.read_text(errors="replace")):
                key = hashlib.sha256(path.read_bytes()).hexdigest()
                found[key] = min(found.get(key, path), path)
    return sorted(found.values())


def try_one(path: str) -> dict:
    """Return what becomes of one robot."""
    from roboschool.errors import InvalidInput
    from roboschool.importing.project import new_robot

    row: dict = {"path": path}
    with tempfile.TemporaryDirectory() as folder:
        try:
            made = new_robot(path, Path(folder))
        except InvalidInput as error:
            return {**row, "error": str(error).removeprefix(f"{path}: "), "seconds": processor_time()}
        row["seconds"] = processor_time()
        usage = (resource.getrusage(who).ru_maxrss // 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        report, inferred = made.imported.report, made.inferred
        row |= {
            "name": made.imported.name,
            "megabytes": max(usage),
            "kind": inferred.anatomy.kind,
            "sure": inferred.anatomy.sure,
            "fixed": inferred.card.fixed,
            "motors": len(inferred.card.driven),
            "stands": inferred.trial.is_standing,
            "stated": report.figures["mass stated in the file [kg]"],
            "computed": report.figures["mass computed [kg]"],
            "mass": made.imported.draft.mass(),
            "unsure": list(inferred.unsure),
            "changes": len(report.changes),
            "losses": sorted({change.kind for change in report.changes if change.severity == "loss"}),
        }
        row |= try_random(Path(folder) / "assets" / made.imported.name / f"{made.imported.name}.toml")
    return row


def processor_time() -> float:
    """Return how long this process and those that it has started have computed [s]."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def try_random(card: Path) -> dict:
    """Take random actions twice, and compare."""
    import numpy as np

    from roboschool.importing.trial import make_scene
    from roboschool.mdp.actuator import Drive
    from roboschool.mdp.effects import Placement
    from roboschool.physics.checkpoint import Start
    from roboschool.physics.worlds import World
    from roboschool.robots.robot import load_robot

    robot = load_robot(card)
    world, drive = World(make_scene(robot)), Drive(robot)
    hashes, sound = [], True
    for _ in range(2):
        world.reset(Start((Placement((0.0, 0.0), 0.0, robot.pose),)))
        depths = [depth for *_, depth in world.overlaps()]
        rng, digest = np.random.default_rng(0), hashlib.sha256()
        for _ in range(STEPS):
            action = rng.uniform(-HALF, HALF, (1, 1, len(robot.joints)))
            world.step([drive.command(action)[0, 0].tolist()])
            values, now_sound = world.read(0)
            numbers = np.concatenate([np.asarray(value, dtype=float).ravel() for value in values.values()])
            digest.update(numbers.tobytes())
            sound = sound and now_sound and bool(np.isfinite(numbers).all())
            if not sound:
                break
        hashes.append(digest.hexdigest())
    return {"random": sound, "same": hashes[0] == hashes[1], "depth": max(depths, default=0.0)}


def run(path: Path) -> dict:
    """Try a robot in a process of its own."""
    command = [sys.executable, str(Path(__file__)), "--one", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return {"path": str(path), "error": f"more than {TIMEOUT:g} s", "crash": True, "seconds": TIMEOUT}
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        said = done.stderr.decode(errors="replace").strip().splitlines()
        fault = said[-1] if said else f"exit code {done.returncode}"
        return {"path": str(path), "error": fault, "crash": True, "seconds": 0.0}


def short(path: str) -> str:
    """Return a path as seen from the folder of packages."""
    for mark in ("site-packages/", "cmeel.prefix/share/", "share/"):
        path = path.rpartition(mark)[2]
    return path


def find_label(row: dict) -> list[str]:
    """Return the kinds that a person says a robot is; none if nobody does."""
    name = short(row["path"])
    fitting = [start for start in read_labels() if name.startswith(start)]
    return read_labels()[max(fitting, key=len)].split("|") if fitting else []


@functools.cache
def read_labels() -> dict[str, str]:
    """Return the kinds that a person gave, by the beginning of a path."""
    from roboschool.readers import parse_toml

    return parse_toml(LABELS)


def judge(rows: list[dict]) -> list[tuple[str, str]]:
    """Return the figures that the issue asks for."""
    passed = [row for row in rows if "error" not in row]
    labelled = [(row, find_label(row)) for row in passed if find_label(row)]
    right = [row for row, label in labelled if row["kind"] in label]
    legged = [row for row in passed if row["kind"] == "legged" and not row["fixed"]]
    mobile = [row for row, label in labelled if set(label) <= {"legged", "wheeled", "flyer"}]
    seconds = sorted(row["seconds"] for row in rows)
    middle, late = statistics.median(seconds), seconds[int(0.95 * len(seconds))]

    def share(part: int, whole: int) -> str:
        return f"{part} of {whole} ({100.0 * part / max(1, whole):.1f} %)"

    return [
        ("come through", share(len(passed), len(rows))),
        ("crash, or take too long", str(sum("crash" in row for row in rows))),
        ("seconds of a core, median and 95th percentile", f"{middle:.1f}, {late:.1f}"),
        ("MiB, the most", str(max((row["megabytes"] for row in passed), default=0))),
        ("stated masses kept within 1 %", share(sum(_kept(row) for row in passed), len(passed))),
        ("kinds as labelled", share(len(right), len(labelled))),
        ("legged ones that stand 5 s", share(sum(row["stands"] for row in legged), len(legged))),
        ("begin in the ground", str(sum(row["depth"] > 0.0 for row in passed))),
        ("mobile ones that are bolted", str(sum(row["fixed"] for row in mobile))),
        (f"{STEPS} random steps are finite", share(sum(row["random"] for row in passed), len(passed))),
        ("the same bits twice", share(sum(row["same"] for row in passed), len(passed))),
    ]


def _kept(row: dict) -> bool:
    return abs(row["mass"] - row["computed"] - row["stated"]) <= 0.01 * max(row["stated"], 1e-9)


def write_page(rows: list[dict]) -> None:
    """Write docs/robots.md."""
    lines = [
        "# Robots of other people",
        "",
        "Written by `make robots`: it installs packages with URDFs, and imports each that has a joint to drive as",
        "`roboschool new robot` does. *Stands*: it keeps its inferred pose for 5 s, or 2 s if it is fixed. *Random*:",
        f"{STEPS} steps of random actions within -{HALF} and {HALF} stay finite, with the same bits twice. A `?` marks",
        "a kind that the importer is unsure of, `!` one that differs from the label in `tools/robots.toml`; the rules",
        "were written with these robots in view. The last column has what was lost; all changes are in each report.",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in judge(rows)),
        "",
        "| robot | kind | base | motors | mass [kg] | stands | random | s | lost |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in sorted(rows, key=lambda row: short(row["path"])):
        name = short(row["path"])
        if "error" in row:
            error = row["error"].replace("|", "/").replace(sys.prefix, "")[:160]
            lines.append(f"| {name} | **not imported** | | | | | | {row['seconds']:.0f} | {error} |")
            continue
        mark = "" if row["sure"] else " ?"
        mark += " !" if find_label(row) and row["kind"] not in find_label(row) else ""
        mass = f"{row['stated']:.2f}" + (f" + {row['computed']:.2f}" if row["computed"] > 5e-3 else "")
        random = ("yes" if row["same"] else "not the same bits") if row["random"] else "**no**"
        cells = [
            name,
            row["kind"] + mark,
            "fixed" if row["fixed"] else "free",
            str(row["motors"]),
            mass,
            "yes" if row["stands"] else "**no**",
            random,
            f"{row['seconds']:.0f}",
            "; ".join(loss for loss in row["losses"] if loss != "an answer is unsure"),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    PAGE.write_text("\n".join(lines) + "\n")


def main() -> None:
    """Try all robots."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one")
    parser.add_argument("--only", default="")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--page", action="store_true", help="write the page from build/robots.json again")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(try_one(arguments.one)))
        return
    is_new = not (arguments.only or arguments.page or arguments.resume)
    rows = {row["path"]: row for row in ([] if is_new else json.loads(RESULTS.read_text()))}
    paths = [] if arguments.page else [path for path in find_robots() if re.search(arguments.only, str(path))]
    if arguments.resume:
        paths = [path for path in paths if str(path) not in rows]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for row in pool.map(run, paths):
            rows[row["path"]] = row
            print(short(row["path"]), row.get("error") or {key: row[key] for key in list(row)[1:12]}, flush=True)
            RESULTS.parent.mkdir(exist_ok=True)
            RESULTS.write_text(json.dumps(list(rows.values()), indent=1))
    for name, value in judge(list(rows.values())):
        print(f"{name}: {value}")
    write_page(list(rows.values()))


if __name__ == "__main__":
    main()
