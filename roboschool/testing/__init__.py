"""What judges our robots, scenes, tasks and sensors, and anybody's. It imports `envs`."""

from roboschool.testing.suite import check_robot, check_scene, check_sensor, check_task

__all__ = ["check_robot", "check_scene", "check_sensor", "check_task"]
