"""Copies of a scene advanced together: the one path from an action to an observation. It imports `physics`."""
