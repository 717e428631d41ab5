"""The ids of scenes: what a quick look into a file finds is what a full reading finds."""

import gymnasium
import pytest

import roboschool
from roboschool import paths
from roboschool.errors import InvalidInput
from roboschool.registration import IdKeys, read_id_keys, register_scenes
from roboschool.scenes.scene_file import read_scene

ROW = "[[agent]]\nname = 'ant_0'\nrobot = 'ant'\ntask = { name = 'run' }\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The scenes of a user."""
    monkeypatch.setenv(paths.VARIABLE, str(tmp_path))
    (tmp_path / "scenes").mkdir()
    before = dict(gymnasium.registry)
    yield tmp_path / "scenes"
    gymnasium.registry.clear()
    gymnasium.registry.update(before)


@pytest.mark.parametrize("name", sorted(paths.scenes()))
def test_the_keys_of_an_id_are_those_of_the_file(name):
    path = paths.scenes()[name]
    keys, file = read_id_keys(path), read_scene(path)
    assert {key: getattr(keys, key) for key in IdKeys.__struct_fields__} == {
        key: getattr(file, key) for key in IdKeys.__struct_fields__
    }
    spec = gymnasium.spec(f"roboschool/{paths.class_name(name)}-v{file.version}")
    assert (spec.max_episode_steps, spec.reward_threshold) == (file.steps, file.threshold)


@pytest.mark.parametrize(
    "head",
    [
        "summary = 'Mine.'\nversion=0x3 # seconds = 4\nseconds = 1_0.0\n",
        "summary = '''\nversion = 9\n[not a table]\n'''\n  \"threshold\" = +5.0\nversion = 2\n",
        "summary = 'version = 9'\npartitions = [\n  '4x2', # version = 8\n  '8x1',\n]\nversion = 2\n",
        "summary = 'Mine.'\ncamera = { eye = [1, 2, 3], target = [0, 0, 0] }\nthreshold = 7.0\n",
    ],
    ids=["numbers", "long_string", "lines", "tables"],
)
def test_any_way_to_write_them_is_read(folder, head):
    path = folder / "mine.toml"
    path.write_text(head + ROW)
    keys, file = read_id_keys(path), read_scene(path)
    for key in IdKeys.__struct_fields__:
        assert getattr(keys, key) == getattr(file, key)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("summary = 3\n" + ROW, "broken.toml: summary: Expected `str`"),
        ("version = 'x'\nsummary = 'Mine.'\n" + ROW, "broken.toml: version: Expected `int`"),
        ("version = 0\nsummary = 'Mine.'\n" + ROW, "broken.toml: version: 0 is not within"),
        ("seconds = nan\nsummary = 'Mine.'\n" + ROW, "broken.toml: .*seconds"),
        ("summary = ", "broken.toml: Invalid value"),
        ("\0", "broken.toml: "),
    ],
    ids=["wrong_type", "version_of_letters", "version_0", "nan", "cut_off", "binary"],
)
def test_a_broken_file_has_an_id_that_says_what_is_wrong(folder, text, message):
    (folder / "broken.toml").write_text(text)
    register_scenes()
    with pytest.raises(InvalidInput, match=message):
        gymnasium.make("roboschool/Broken-v1")


def test_a_later_folder_replaces_a_scene(folder, tmp_path):
    (tmp_path / "scenes" / "hopper.toml").write_text("version = 1\nthreshold = 1.0\nsummary = 'Mine.'\n" + ROW)
    roboschool.add_path(str(tmp_path))
    assert gymnasium.spec("roboschool/Hopper-v1").reward_threshold == 1.0
    assert gymnasium.spec("RoboschoolHopper-v1").reward_threshold == 1.0
