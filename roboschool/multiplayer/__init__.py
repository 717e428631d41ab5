"""Agents in other threads, processes and machines that act in one world. It imports `envs`."""
