"""The contracts that tasks, games and sensors are written to: pure numpy. It imports `robots`."""
