"""Small robots written by tests."""

from pathlib import Path

from roboschool.robots.robot import Robot, load_robot

BOX = "<geometry><box size='0.4 0.2 0.1'/></geometry>"
ROUND = "ixx='0.01' ixy='0' ixz='0' iyy='0.01' iyz='0' izz='0.01'"


def link(name: str, inertia: str = ROUND, origin: str = "") -> str:
    inertial = f"<inertial>{origin}<mass value='1'/><inertia {inertia}/></inertial>"
    return f"<link name='{name}'>{inertial}<visual>{BOX}</visual><collision>{BOX}</collision></link>"


def joint(
    name: str, parent: str, child: str, kind: str = "revolute", limits: str = "-1 1", xyz: str = "0 0 0.3"
) -> str:
    low, high = limits.split()
    limit = "" if kind == "continuous" else f"<limit lower='{low}' upper='{high}' effort='5' velocity='10'/>"
    ends = f"<parent link='{parent}'/><child link='{child}'/><origin xyz='{xyz}'/><axis xyz='0 1 0'/>"
    return f"<joint name='{name}' type='{kind}'>{ends}{limit}</joint>"


def make(tmp_path: Path, *parts: str, card: str = "") -> Robot:
    path = tmp_path / "odd.urdf"
    path.write_text("<robot name='odd'>\n" + "\n".join(parts) + "\n</robot>")
    if not card:
        return load_robot(path)
    (tmp_path / "odd.toml").write_text("model = 'odd.urdf'\n" + card)
    return load_robot(tmp_path / "odd.toml")
