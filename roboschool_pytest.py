"""A pytest plugin: `pytest --roboschool FOLDER` runs the conformance suite on every robot and scene of a folder.

It is no part of the package, so that pytest imports nothing of Roboschool unless it is asked to.
"""

from typing import Any

import pytest

FIXTURES = {"roboschool_robot": "robot", "roboschool_scene": "scene"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    group = parser.getgroup("roboschool")
    group.addoption(
        "--roboschool",
        metavar="FOLDER",
        help="Check every robot and scene in FOLDER: loads, stands, same bits twice, limits held, FOLDER/check.toml.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Collect the files of the folder, if there is one."""
    folder = config.getoption("--roboschool")
    if folder is not None:
        from roboschool.testing.collection import FolderPlugin

        config.pluginmanager.register(FolderPlugin(config, folder), "roboschool-folder")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes a fixture of ours once for each file."""
    plugin: Any = metafunc.config.pluginmanager.get_plugin("roboschool-folder")
    for fixture, kind in FIXTURES.items():
        if fixture in metafunc.fixturenames and plugin is not None:
            files = plugin.files_of(kind)
            metafunc.parametrize(fixture, files.values(), ids=files, indirect=True)


def _path(request: pytest.FixtureRequest) -> Any:
    if not hasattr(request, "param"):
        pytest.fail(f"{request.fixturename}: give `--roboschool FOLDER` to pytest", pytrace=False)
    return request.param


@pytest.fixture
def roboschool_robot(request: pytest.FixtureRequest) -> Any:
    """Each `Robot` of the folder given by `--roboschool`, in turn."""
    path = _path(request)
    from roboschool import load_robot

    return load_robot(path)


@pytest.fixture
def roboschool_scene(request: pytest.FixtureRequest) -> Any:
    """Each `Scene` of the folder given by `--roboschool`, in turn."""
    path = _path(request)
    from roboschool import load_scene

    return load_scene(path)
