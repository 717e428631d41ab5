"""What the importer does only on request: expanding xacro, splitting meshes into convex hulls."""

import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from urdfs import joint, link

from roboschool.cli.main import main
from roboschool.errors import InvalidInput
from roboschool.importing import converter, xacro
from roboschool.importing.importer import ImportOptions, import_robot
from roboschool.importing.mesh_reader import Part, Unusable

LEG = """
<xacro:macro name="leg" params="number">
  <link name="leg_${number}"><inertial><mass value="${0.5 * number}"/></inertial></link>
  <joint name="hip_${number}" type="continuous">
    <parent link="base"/><child link="leg_${number}"/><origin xyz="${cos(pi)} 0 0"/>
  </joint>
</xacro:macro>
"""
HEAD = '<robot name="odd" xmlns:xacro="http://www.ros.org/wiki/xacro">'
ROBOT = f'{HEAD}<xacro:include filename="$(find legs)/leg.xacro"/>{{}}<xacro:leg number="2"/></robot>'


def write(tmp_path: Path, text: str) -> Path:
    (tmp_path / "legs").mkdir(exist_ok=True)
    (tmp_path / "legs" / "leg.xacro").write_text(f"{HEAD}{LEG}</robot>")
    path = tmp_path / "urdf" / "odd.urdf.xacro"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_xacro_is_expanded_on_request_only(tmp_path: Path) -> None:
    path = write(tmp_path, ROBOT.format(link("base")))
    with pytest.raises(InvalidInput, match="<xacro:include>: give --xacro"):
        import_robot(path, tmp_path / "out")
    imported = import_robot(path, tmp_path / "out", ImportOptions(xacro=True))
    assert imported.draft.joints["hip_2"].frame[0, 3] == -1.0
    assert imported.draft.links["leg_2"].mass == 1.0
    assert imported.name == "odd"
    command = ["new", "robot", str(path), "--xacro", "--kind", "arm", "--dry-run", "--json"]
    assert '"name": "odd"' in CliRunner().invoke(main, command).output


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("${'x' * 2 ** 36}", "when evaluating expression"),
        ("${open('/etc/passwd').read()}", "xacro: .*open"),
        ("<xacro:include filename='$(find nowhere)/x'/>", "package 'nowhere' is not there"),
        ("<xacro:macro name='m'><xacro:m/></xacro:macro><xacro:m/>", "xacro: "),
    ],
)
def test_what_xacro_refuses_is_one_clear_error(part: str, words: str, tmp_path: Path) -> None:
    path = write(tmp_path, ROBOT.format(part))
    with pytest.raises(InvalidInput, match=words):
        import_robot(path, tmp_path / "out", ImportOptions(xacro=True))


def test_xacro_is_stopped_when_it_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xacro, "TIMEOUT", 0.01)
    with pytest.raises(InvalidInput, match=r"more than 0\.01 s"):
        import_robot(write(tmp_path, ROBOT), tmp_path / "out", ImportOptions(xacro=True))


def corner(height: float) -> tuple[np.ndarray, np.ndarray]:
    """An L of three cubes, of which the convex hull is a sixth larger."""
    rng = [(0, 0), (1, 0), (0, 1)]
    points, faces = [], []
    for x, z in rng:
        box = np.array([[a + x, b, c + z] for a in (0, 1) for b in (0, height) for c in (0, 1)])
        quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
        faces += [[i + 8 * len(points) for i in f] for a, b, c, d in quads for f in ((a, b, c), (a, c, d))]
        points.append(box)
    return np.concatenate(points), np.array(faces)


def test_meshes_are_split_into_hulls_on_request(tmp_path: Path) -> None:
    pytest.importorskip("vhacdx")
    points, faces = corner(1.0)
    lines = [f"v {x} {y} {z}\n" for x, y, z in points] + [f"f {a + 1} {b + 1} {c + 1}\n" for a, b, c in faces]
    (tmp_path / "l.obj").write_text("".join(lines))
    shape = "<collision><geometry><mesh filename='l.obj'/></geometry></collision>"
    path = tmp_path / "odd.urdf"
    arm = link("arm").replace("</link>", f"{shape}</link>")
    path.write_text(f"<robot name='odd'>{link('base')}{arm}{joint('hinge', 'base', 'arm')}</robot>")
    imported = import_robot(path, tmp_path / "out", ImportOptions(decompose=True))
    solids = [shape.solid for shape in imported.draft.links["arm"].collisions if shape.solid is not None]
    assert len(solids) > 1
    assert sum(solid.volume for solid in solids) == pytest.approx(3.0, abs=0.1)  # that of one hull is 3.5
    assert "several convex hulls" in "".join(imported.report.lines())


def test_without_its_library_splitting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vhacdx", None)
    with pytest.raises(ModuleNotFoundError) as error:
        converter.decompose([Part(*corner(1.0), None)], 8)
    assert error.value.name == "vhacdx"
    assert not issubclass(ModuleNotFoundError, Unusable)
