"""Collects the robots and scenes of a folder as tests; imported by `roboschool_pytest` if it is asked to."""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from roboschool.errors import InvalidInput, describe_error
from roboschool.registration import add_path
from roboschool.testing.aspects import CHECK, aspect_faults, find_aspects
from roboschool.testing.check import CheckReport, find_kind
from roboschool.testing.expectations import Expectation, read_expectations
from roboschool.testing.files import examine_all, find_all


class FolderPlugin:
    """The files of one folder.

    Raises:
        UsageError: there is no such folder or nothing in it, or its `check.toml` is wrong.
    """

    def __init__(self, config: pytest.Config, folder: str) -> None:
        self.folder = (config.invocation_params.dir / folder).resolve()
        try:
            if not self.folder.is_dir():
                raise InvalidInput(f"--roboschool {folder}: no such folder")
            found = [Path(file) for file in find_all([str(self.folder)])]
            self.files = {path.relative_to(self.folder).as_posix(): path for path in found}
            self.expectations = read_expectations(self.folder, self.files)
            if (self.folder / "assets").is_dir() or (self.folder / "scenes").is_dir():
                add_path(str(self.folder))
        except InvalidInput as error:
            raise pytest.UsageError(str(error)) from None
        self._collect_folder(config)

    def files_of(self, kind: str) -> dict[str, Path]:
        """Return the files of robots or of scenes, by their names; those that cannot be read are neither."""
        return {name: path for name, path in self.files.items() if _kind(path) == kind}

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """Make tests of a file."""
        name = next((name for name, path in self.files.items() if path == file_path), None)
        return None if name is None else CheckedFile.of(parent, file_path, name, self)

    def _collect_folder(self, config: pytest.Config) -> None:
        """Add the folder to what pytest collects, unless that has it, or a part of it is asked for."""
        given = [(config.invocation_params.dir / arg.partition("::")[0]).resolve() for arg in config.args]
        if not any(self.folder.is_relative_to(path) or path.is_relative_to(self.folder) for path in given):
            config.args.append(str(self.folder))


class CheckedFile(pytest.File):
    """A robot, a prop or a scene."""

    name_in_folder: str
    plugin: FolderPlugin

    @classmethod
    def of(cls, parent: pytest.Collector, path: Path, name: str, plugin: FolderPlugin) -> "CheckedFile":
        """Return the node of a file."""
        made: CheckedFile = cls.from_parent(parent, path=path)
        made.name_in_folder, made.plugin = name, plugin
        return made

    @property
    def expected(self) -> Expectation:
        """What the folder expects of it."""
        return self.plugin.expectations.get(self.name_in_folder, Expectation())

    @functools.cached_property
    def report(self) -> CheckReport:
        """What `roboschool check` finds, in another process."""
        return next(examine_all([str(self.path)]))

    def collect(self) -> Iterator[pytest.Item]:
        """Yield a test for each aspect."""
        for name in find_aspects(self.path, self.expected):
            yield AspectItem.from_parent(self, name=name)


class AspectItem(pytest.Item):
    """One aspect of a file."""

    parent: CheckedFile

    def runtest(self) -> None:
        """Fail with the problems, if there are any."""
        report = self.parent.report
        if self.name == CHECK:
            problems = list(report.problems)
        elif report.problems:
            pytest.skip("its check finds problems")
        else:
            plugin = self.parent.plugin
            problems = aspect_faults(self.name, self.parent.path, plugin.folder, self.parent.expected)
        if problems:
            pytest.fail("\n".join(problems), pytrace=False)

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """Describe an error of a user's code in one line; ours and pytest's as pytest does."""
        if isinstance(excinfo.value, InvalidInput):
            return describe_error(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return what pytest shows as the place of the test."""
        return self.path, None, f"{self.parent.name_in_folder}: {self.name}"


def _kind(path: Path) -> str:
    try:
        return find_kind(path)
    except InvalidInput:
        return ""
