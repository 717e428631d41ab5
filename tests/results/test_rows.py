"""Rows: what is added can be verified, what is forged is caught, and what cannot be is refused."""

import contextlib
import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from roboschool import InvalidInput, NetworkPolicy, paths
from roboschool.cli.main import main
from roboschool.policies.network import read_network
from roboschool.results import provenance, row_file, verification
from roboschool.results.entry import Credit, Training, file_name, make_row, read_training, score_of
from roboschool.results.episodes import play_episodes
from roboschool.results.records import read_records
from roboschool.results.row_file import read_row, write_row
from roboschool.results.verification import FAILED, RE_EVALUATED, REPLAYED, verify

SCENE = "inverted_pendulum"
CREDIT = Credit(who="A. Person", options={"seconds": 0.5})
TOLD = (  # what no episode can show, but a training: changing it takes the verification away
    *("title", "algorithm", "who", "licence", "date", "command", "recipe", "commit", "versions", "system"),
    *("scene_hash", "processor", "note", "runs[0].seed", "runs[0].steps", "runs[0].seconds", "runs[0].curve"),
)


def command(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(main, list(arguments))
    assert done.exit_code == code, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit), "a traceback"
    return done.output


def another(folder: Path) -> Training:
    """A policy that differs a little from the shipped one."""
    first = read_training(SCENE)
    tensors = read_network(first.policy).tensors
    folder.mkdir()
    NetworkPolicy({**tensors, "mean": tensors["mean"] + np.float32(0.01)}).save(folder / "policy.safetensors")
    return Training(folder / "policy.safetensors", first.card, ((10, 1.5), (20, 2.5)))


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A row of two runs."""
    folder = tmp_path_factory.mktemp("results") / "results"
    row = make_row([another(folder.parent / "run"), read_training(SCENE)], CREDIT, folder, episodes=2)
    write_row(folder / file_name(row), row)
    return folder / file_name(row)


def leaves(value: Any, at: str = "") -> Iterator[tuple[str, Any, Any, Any]]:
    """Go through the values of a row: its name, what holds it, its key there, and the value."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        name = f"{at}[{key}]" if isinstance(key, int) else f"{at}.{key}".lstrip(".")
        if isinstance(item, dict | list) and item:
            yield from leaves(item, name)
        else:
            yield name, value, key, item


def forged(value: Any) -> Any:
    """Return another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return ("1" if value[:1] != "1" else "2") + value[1:]
    return {"gravity": 1.5} if isinstance(value, dict) else [[1, 2.0]]


def test_a_row_is_replayed(stored: Path) -> None:
    found = verify(stored)
    assert found.sha256 == hashlib.sha256(stored.read_bytes()).hexdigest()
    assert (found.status, found.faults, found.episodes) == (REPLAYED, (), 4)


def test_a_file_that_is_read_is_written_as_it_was(stored: Path) -> None:
    assert row_file.format_row(read_row(stored)) == stored.read_text()


def test_every_forged_field_is_caught(stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[str, Any] = {}

    def play_once(policy: NetworkPolicy, *what: Any) -> Any:
        key = repr((policy.file, *what[:-1]))
        known[key] = known.get(key) or play_episodes(policy, *what)
        return known[key]

    monkeypatch.setattr(verification, "play_episodes", play_once)
    shutil.copytree(stored.parent / "policies", tmp_path / "policies")
    target, untold = tmp_path / stored.name, []
    for number, (name, *_) in enumerate(leaves(json.loads(stored.read_text()))):
        raw = json.loads(stored.read_text())
        _, holder, key, value = list(leaves(raw))[number]
        if name.startswith("runs[1]") or (
            name.startswith(("recipe.settings", "versions")) and key not in ("lr", "numpy")
        ):
            continue  # as the others
        holder[key] = forged(value)
        target.write_text(json.dumps(raw))
        with contextlib.suppress(InvalidInput):
            if verify(target).status != FAILED:
                untold.append(name)
    assert all(name.startswith(TOLD) for name in untold), untold
    assert len(untold) > 10


def test_a_row_without_its_worst_episode_is_caught(stored: Path, tmp_path: Path) -> None:
    raw = json.loads(stored.read_text())
    for run in raw["runs"]:
        del run["episodes"][0]
    (tmp_path / stored.name).write_text(json.dumps(raw))
    with pytest.raises(InvalidInput, match="seeds are not 20000, 20001 and so on"):
        verify(tmp_path / stored.name)


def test_a_policy_that_is_swapped_or_missing_is_caught(stored: Path, tmp_path: Path) -> None:
    shutil.copy(stored, tmp_path)
    found = verify(tmp_path / stored.name)
    assert found.status == FAILED
    assert "no such file, and no shipped policy has this hash" in found.faults[0]
    digest = read_row(stored).runs[0].policy
    (tmp_path / "policies").mkdir()
    shutil.copy(paths.policies()["ant"], tmp_path / "policies" / f"{digest}.safetensors")
    found = verify(tmp_path / stored.name)
    assert found.status == FAILED
    assert "its content has the hash" in found.faults[0]


def test_elsewhere_a_row_is_evaluated_again(stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another processor rounds differently: no bit is the same, and the score is."""
    raw = json.loads(stored.read_text())
    for run in raw["runs"]:
        for episode in run["episodes"]:
            episode["end"] = episode["end"][::-1]
    shutil.copytree(stored.parent / "policies", tmp_path / "policies")
    target = tmp_path / stored.name
    target.write_text(json.dumps(raw))
    assert verify(target).status == FAILED
    here = provenance.describe("")
    monkeypatch.setattr(provenance, "describe", lambda scene: {**here, "processor": "another"})
    found = verify(target)
    assert found.status == RE_EVALUATED
    assert "different are processor" in found.notes[0]
    lower = json.loads(target.read_text())
    for episode in lower["runs"][0]["episodes"]:
        episode["total"] -= 5.0
    returns = [[each["total"] for each in run["episodes"]] for run in lower["runs"]]
    target.write_text(json.dumps(lower | {"score": asdict(score_of(returns))}))
    assert "with a standard error of" in verify(target).faults[0]
    raw["runs"][0]["episodes"][0]["end"] = json.loads(stored.read_text())["runs"][0]["episodes"][0]["end"]
    target.write_text(json.dumps(raw))
    assert verify(target).status == FAILED, "where one episode has the same bits, all must"
    assert verify(stored).notes == ("the row is from elsewhere: processor",)


def test_a_scene_file_that_was_changed_since_is_noted(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "scene_hash", lambda scene: "0" * 64)
    found = verify(stored)
    assert (found.status, found.notes) == (REPLAYED, ("the row is from elsewhere: scene_hash",))


BAD: dict[str, tuple[Any, str]] = {
    "newer": ({"version": 3, "future": 1}, "version 3 is newer than 2, which this package reads; update it"),
    "missing": ({"who": None}, "missing key 'who'"),
    "unknown": ({"whoo": "us"}, "unknown key 'whoo'; did you mean 'who'"),
    "type": ({"title": 7}, "title: Expected `str`, got `int`"),
    "lines": ({"title": "a\nb"}, "is not a line of 1 to 200 letters"),
    "path": ({"scene": "../../etc/passwd"}, "is not the id of an environment"),
    "toml": ({"scene": "mine.toml"}, "is not the id of an environment"),
    "module": ({"options": {"game": {"name": "evil:Game"}}}, "options: 'evil:Game' is not a plain name"),
    "file": ({"recipe": {"scene": "A-v1", "settings": {"start": "/x.safetensors"}}}, "recipe: '/x.safetensors'"),
    "hash": ({"scene_hash": "zz"}, "scene_hash: 'zz' is not a SHA-256, or nothing"),
    "score": ({"score": {"mean": 1.0, "iqm": 9.0, "low": 1.0, "high": 2.0}}, "iqm 9.0 is not within its interval"),
    "runs": ({"runs": []}, "0 runs, not 1 to 100"),
    "day": ({"date": "yesterday"}, "is not a day"),
    "suite": ({"suite": "bodies"}, "suite_hash: a row has it if and only if it has a suite"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_row_is_refused_in_one_line(case: str, stored: Path, tmp_path: Path) -> None:
    changes, words = BAD[case]
    raw = json.loads(stored.read_text()) | changes
    (tmp_path / "row.json").write_text(json.dumps({key: value for key, value in raw.items() if value is not None}))
    with pytest.raises(InvalidInput) as error:
        read_row(tmp_path / "row.json")
    assert words in str(error.value)
    assert str(error.value).isprintable()


def test_all_faults_of_a_row_are_told_at_once(stored: Path, tmp_path: Path) -> None:
    raw = json.loads(stored.read_text()) | {"title": 7, "date": "x", "more": 1}
    raw["runs"][1]["episodes"][1]["total"] = "much"
    (tmp_path / "row.json").write_text(json.dumps(raw))
    with pytest.raises(InvalidInput, match="4 faults") as error:
        read_row(tmp_path / "row.json")
    assert "runs[1].episodes[1].total" in str(error.value)


@pytest.mark.parametrize(
    "text", ["", "[]", "7", "{", '{"version": "2"}', "[" * 5000, '{"version": 1e999}', '"\\ud800"']
)
def test_no_json_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "row.json").write_text(text)
    with pytest.raises(InvalidInput, match=r"row\.json"):
        read_row(tmp_path / "row.json")


def test_the_commands_add_verify_and_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = command("results", "add", "reacher", "--who", "A. Person", "--episodes", "1", "--title", "<b>x</b>")
    (path,) = Path("results").glob("*.json")
    assert str(path) in said
    assert path.name.startswith("reacher-v1-ppo-")
    assert read_row(path).short
    (picture,) = Path("results/pictures").iterdir()
    assert 1000 < picture.stat().st_size < 300_000
    assert "replayed, 1 episodes" in command("results", "verify", "results", "--record")
    (found,) = read_records(Path("results")).values()
    assert found.file == path.name
    path.write_text(path.read_text().replace('"total": ', '"total": 1'))
    (found,) = json.loads(command("results", "verify", str(path), "--json", code=1))
    assert found["status"] == FAILED
    assert "no such policy" not in command("results", "add", "nothing", "--who", "x", code=1)
    assert "results/none: no such file" in command("results", "verify", "results/none", code=1).replace(
        f"{tmp_path}/", ""
    )


def test_runs_of_different_scenes_are_no_row(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="another scene, options or settings than"):
        make_row([read_training(SCENE), read_training("reacher")], Credit(who="us"), tmp_path)


def test_an_algorithm_must_be_known(tmp_path: Path) -> None:
    training = read_training(SCENE)
    bare = Training(training.policy, type(training.card)(scene="roboschool/InvertedPendulum-v1"))
    with pytest.raises(InvalidInput, match="give --algorithm"):
        make_row([bare], Credit(who="us"), tmp_path)
    with pytest.raises(InvalidInput, match="say where it acts with --scene"):
        make_row([Training(training.policy, type(training.card)())], Credit(who="us"), tmp_path)
