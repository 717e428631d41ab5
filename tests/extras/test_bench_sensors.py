"""What sensors cost."""

from click.testing import CliRunner

from roboschool.cli.main import main


def test_the_bench_measures_each_sensor() -> None:
    command = ["bench", "--sensors", "hopper", "--seconds", "0.001", "--rounds", "1"]
    lines = CliRunner().invoke(main, command, catch_exceptions=False).output.splitlines()
    assert lines[0].startswith("hopper: a step of 1 agents takes")
    (rays,) = [line for line in lines if " rays " in line]
    assert "64 numbers" in rays
    (camera,) = [line for line in lines if " camera " in line]
    assert f"{84 * 84 * 3} numbers" in camera
    assert not any(" others " in line for line in lines), "there are none"
