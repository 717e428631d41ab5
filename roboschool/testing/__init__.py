"""What judges our robots, scenes, tasks and sensors, and anybody's. It imports `envs`."""
