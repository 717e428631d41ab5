"""Games: rules between the agents of a scene. One file per game, found by its name."""
