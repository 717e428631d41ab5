"""The faces of a simulation: Gymnasium's and PettingZoo's contracts, and nothing else."""
