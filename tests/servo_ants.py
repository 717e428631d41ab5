"""Two ants that touch, driven by every kind of actuator."""

from pathlib import Path

from roboschool import paths
from roboschool.robots.robot import load_robot

TWO = 'summary = "Two ants wrestle."\n' + "".join(
    f'[[agent]]\nname = "ant_{n}"\nrobot = "servo_ant.toml"\ntask = {{ name = "run" }}\nposition = [{0.6 * n}, 0.0]\n'
    for n in range(2)
)


def ants(folder: Path, is_late: bool = True) -> Path:
    """Write a scene of two ants that touch, driven by servos, dampers, motors and torques, some of them late."""
    robot = load_robot("ant")
    source = paths.robots()["ant"]
    (folder / "ant.urdf").write_text(Path(robot.model.path).read_text())
    names = [each.name for each in robot.joints]
    rows = [f'{name} = {{ kind = "position", kp = 60.0, kd = 2.0, scale = 0.6, effort = 60.0 }}' for name in names[2:4]]
    rows += [f"{names[4]} = {{ kind = 'position', kp = 60.0, kd = 2.0, scale = 0.6, effort = 60.0, speed = 9.0 }}"]
    rows += [
        f"{names[5]} = {{ kind = 'dc_motor', stall_torque = 3.0, no_load_speed = 90.0, gear = 9.0, effort = 25.0 }}"
    ]
    late = ", delay = [3.0, 40.0]" if is_late else ""
    rows += [f'{name} = {{ kind = "velocity", kd = 4.0, speed = 8.0, effort = 60.0{late} }}' for name in names[6:]]
    torque = "".join(f"{name} = 100.0\n" for name in names[:2])
    top, _, rest = source.read_text().partition("[torque]")
    pose = rest.partition("[pose]")[2]
    card = f"{top}[torque]\n{torque}[actuators]\n" + "\n".join(rows) + f"\n[pose]{pose}"
    (folder / "servo_ant.toml").write_text(card)
    path = folder / "servo_ants.toml"
    path.write_text(TWO)
    return path
