"""Pictures, videos and windows. It imports `physics` and `simulation`."""
