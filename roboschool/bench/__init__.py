"""Measures speed, ours and that of peers. It imports `envs`."""
