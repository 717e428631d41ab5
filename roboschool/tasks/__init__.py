"""Tasks: what an agent observes and is rewarded for, as pure functions of arrays. One file each, found by its name."""
