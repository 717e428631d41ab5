"""Checks of robots, scenes, tasks and sensors, ours and users'. It imports `envs`."""

from roboschool.testing.suite import check_robot, check_scene, check_sensor, check_task

__all__ = ["check_robot", "check_scene", "check_sensor", "check_task"]
