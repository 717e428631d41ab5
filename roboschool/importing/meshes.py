"""Has the meshes of a draft converted, all in one child process, and puts the results in their places."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.importing.converter import TIMEOUT
from roboschool.importing.draft import Draft, DraftLink, Shape, Solid
from roboschool.importing.report import CHANGE, LOSS, NOTE, Report
from roboschool.importing.resolve import Resolver
from roboschool.importing.sphere import BALL
from roboschool.robots.urdf_schema import FARTHEST, SMALLEST

MOST_MESHES = 1000  # of a robot
LARGE = 50.0  # a part of a robot is hardly larger [m]
FOLDER = "meshes"
PLAIN = (1.0, 1.0, 1.0)


def convert_meshes(draft: Draft, resolver: Resolver, folder: Path, report: Report, pieces: int = 1) -> None:
    """Convert each mesh of a draft into files in `folder/meshes`; its shapes name them, as seen from `folder`.

    What collides becomes a convex hull, or as many as `pieces`.

    Raises:
        InvalidInput: a mesh lies outside the robot's folders, or is made to do harm, or they take too long.
    """
    _use_visuals_if_nothing_collides(draft, report)
    jobs: dict[tuple[str, tuple[float, ...]], dict[str, Any]] = {}
    for link in draft.links.values():
        seen = bool(link.visuals)
        _plan(link, "visual", link.visuals, jobs, resolver, report)
        _plan(link, "hull", link.collisions, jobs, resolver, report)
        if seen and not link.visuals:  # then what collides is seen
            link.visuals = [Shape(s.kind, s.size, s.frame, s.file) for s in link.collisions]
            _plan(link, "visual", link.visuals, jobs, resolver, report)
    for job in jobs.values():
        for purpose, ending in (("visual", ""), ("hull", "_hull")):
            job[purpose] = f"{folder / FOLDER / job['name']}{ending}" if job[purpose] else ""
        job["pieces"] = pieces
    if len(jobs) > MOST_MESHES:
        raise InvalidInput(f"{len(jobs)} meshes, more than {MOST_MESHES}")
    if jobs:
        (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    results = dict(zip(jobs, _run(list(jobs.values())), strict=True)) if jobs else {}
    for (name, scale), result in results.items():
        _report(name, scale, result, report)
    for link in draft.links.values():
        link.visuals = [new for shape in link.visuals for new in _replaced(shape, results, "visual", folder)]
        link.collisions = [new for shape in link.collisions for new in _replaced(shape, results, "hull", folder)]
        _drop_tiny(link, report)


def _use_visuals_if_nothing_collides(draft: Draft, report: Report) -> None:
    links = draft.links.values()
    if any(link.collisions for link in links):
        return
    for link in links:
        link.collisions = [Shape(s.kind, s.size, s.frame, s.file) for s in link.visuals]
    count = sum(bool(link.collisions) for link in links)
    detail = f"what is seen of {count} links collides" if count else "nothing is seen of it, either"
    report.add(LOSS, "the file has no collision shapes", "robot", detail)


def _plan(
    link: DraftLink,
    purpose: str,
    shapes: list[Shape],
    jobs: dict[Any, dict[str, Any]],
    resolver: Resolver,
    report: Report,
) -> None:
    """Add a job for each mesh among shapes of a link; take away those whose meshes are not there.

    Raises:
        InvalidInput: a mesh lies outside the robot's folders.
    """
    for shape in [shape for shape in shapes if shape.kind == "mesh"]:
        file = Path(BALL) if shape.file == BALL else resolver.find(shape.file)
        if file is None:
            shapes.remove(shape)
            detail = f"{shape.file}{resolver.hint(shape.file)}"
            report.add(LOSS, "a mesh that is not there was left out", f"link {link.name!r} {purpose}", detail)
            continue
        shape.file = str(file)
        jobs.setdefault((shape.file, shape.size), _job(shape, len(jobs)))[purpose] = "wanted"


def _job(shape: Shape, number: int) -> dict[str, Any]:
    """Return a job; the name of a file is made of its letters and digits alone."""
    stem = re.sub(r"[^a-z0-9]+", "_", Path(shape.file).stem.lower()).strip("_")[:40] or "mesh"
    return {
        "file": shape.file,
        "scale": shape.size,
        "name": f"{stem}_{number}",
        "visual": "",
        "hull": "",
    }


def _run(jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the results of jobs.

    Raises:
        InvalidInput: a job is refused, or the process ends or takes too long; the message names the mesh.
    """
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [sys.executable, "-m", "roboschool.importing.converter"]
    path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, **threads, "PYTHONPATH": path}
    late, said = False, ""
    try:
        done = subprocess.run(
            command, input=json.dumps(jobs).encode(), capture_output=True, timeout=TIMEOUT, env=environment, check=False
        )
        output, said = done.stdout, done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
    except subprocess.TimeoutExpired as error:
        late, output = True, error.stdout or b""
    answers = [json.loads(line) for line in output.splitlines() if line.endswith(b"}")]
    results = [answer for answer in answers if "started" not in answer]
    for job, result in zip(jobs, results, strict=False):
        if "refused" in result:
            raise InvalidInput(f"{job['file']}: {result['refused']}")
    if len(results) < len(jobs):
        fault = f"all meshes together take more than {TIMEOUT:g} s" if late else said or "takes too much time or memory"
        raise InvalidInput(f"{jobs[len(results)]['file']}: {fault}")
    return results


def _report(file: str, scale: tuple[float, ...], result: dict[str, Any], report: Report) -> None:
    """Note what became of a mesh."""
    if "fault" in result:
        report.add(LOSS, "a mesh that cannot be converted was left out", file, result["fault"])
        return
    if len(result["hulls"]) > 1:
        report.add(NOTE, "a mesh collides as several convex hulls", file, f"{len(result['hulls'])} hulls")
    elif result["hulls"]:
        report.add(NOTE, "a mesh collides as a convex hull of at most 120 faces", file)
    if result["visuals"] and result["lost"]:
        report.add(CHANGE, "colours that cannot be read were left out", file, ", ".join(result["lost"]))
    before, after = result["faces"]
    if result["visuals"] and after < before:
        report.add(CHANGE, "a mesh was thinned out", file, f"{before} to {after} faces")
    if file == BALL:
        report.add(NOTE, "an ellipsoid became a mesh", "shapes", ", ".join(f"{radius:g}" for radius in scale))
    elif Path(file).suffix.lower() != ".stl":
        report.add(NOTE, "a mesh was converted to STL, textures to colours", file)
    if result["reach"] > LARGE:
        detail = f"{max(result['size']):.4g} m, scaled by {scale[0]:g}"
        report.add(CHANGE, "a mesh is very large; is its unit right?", file, detail)


def _replaced(shape: Shape, results: dict[Any, dict[str, Any]], purpose: str, folder: Path) -> list[Shape]:
    """Return the shapes that a shape becomes."""
    if shape.kind != "mesh":
        return [shape]
    result = results[shape.file, shape.size]
    if "fault" in result:
        return []
    if purpose == "hull":
        return [
            Shape("mesh", PLAIN, shape.frame, _relative(each["file"], folder), solid=_solid(each["solid"]))
            for each in result["hulls"]
        ]
    solid = _solid(result["solid"])
    found = result["visuals"]
    share = 1.0 / max(1, len(found))
    part = Solid(solid.volume * share, solid.centre, solid.inertia * share, solid.reach, solid.corners)
    return [
        Shape("mesh", PLAIN, shape.frame, _relative(each["file"], folder), _colour(each) or shape.colour, part)
        for each in found
    ]


def _solid(found: list[Any]) -> Solid:
    volume, centre, inertia, corners = found
    points = np.array(corners)
    return Solid(volume, np.array(centre), np.array(inertia), float(np.ptp(points, axis=0).max()), points)


def _colour(found: dict[str, Any]) -> Any:
    return tuple(found["colour"]) if found["colour"] else None


def _relative(file: str, folder: Path) -> str:
    return Path(file).relative_to(folder).as_posix()


def _drop_tiny(link: DraftLink, report: Report) -> None:
    """Drop meshes of an absurd size."""
    for shapes in (link.visuals, link.collisions):
        for shape in list(shapes):
            if shape.solid is not None and not 2 * SMALLEST < shape.solid.reach < FARTHEST / 2:
                shapes.remove(shape)
                detail = f"{shape.file}: {shape.solid.reach:.3g} m"
                report.add(LOSS, "a mesh that is too small or too large was left out", f"link {link.name!r}", detail)
