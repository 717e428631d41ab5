"""Measures the speed of this package and of its peers. It imports `envs`, `multiplayer` and `tournament`."""
