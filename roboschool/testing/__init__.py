"""Checks of robots, scenes, tasks and sensors, ours and users'. It imports `envs`."""
