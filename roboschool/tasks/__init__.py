"""Tasks: what an agent sees and what it is paid, as pure functions of arrays. One file per task, found by its name."""
