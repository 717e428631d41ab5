"""Seats for other programs: a server hosts a world, and each seat is a Gymnasium env in a process of its own."""
