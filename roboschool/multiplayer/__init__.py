"""One world shared by agents in other threads, processes and machines. It imports `envs`."""
