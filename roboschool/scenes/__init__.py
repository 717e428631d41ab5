"""What a world contains: scenes and their files. It imports `mdp`, `tasks` and `games` by name."""
