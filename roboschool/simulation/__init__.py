"""Copies of a scene advanced together: one path from an action to an observation. It imports `physics`, `policies`."""
