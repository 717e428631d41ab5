"""The interfaces of Gymnasium, PettingZoo and Stable-Baselines3 to a simulation. It imports `workers` and below."""
