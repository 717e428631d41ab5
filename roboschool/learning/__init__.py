"""The training recipe: PPO, runs that can be continued, and their files. It imports `evaluation` and `envs`."""
