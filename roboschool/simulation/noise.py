"""Noise of sensors, as a function of numbers in the state: the same state is observed alike, whenever and wherever."""

import functools

import numpy as np

KEY, STEP, PLACE = (np.uint64(odd) for odd in (0x9E3779B97F4A7C15, 0xD1B54A32D192ED03, 0xABC98388FB8FAC03))
MIX = ((np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)), (np.uint64(27), np.uint64(0x94D049BB133111EB)))  # SplitMix64's
LAST = np.uint64(31)
PARTS = 4  # uniform numbers of 16 bits, of which each of the noise is the sum
MEAN = PARTS * (2**16 - 1) / 2.0
DEVIATION = (PARTS * (2**32 - 1) / 12.0) ** 0.5


@functools.cache
def _places(width: int) -> np.ndarray:
    """Return what tells the numbers of an observation apart."""
    return np.arange(1, width + 1, dtype=np.uint64) * PLACE


def sample_noise(keys: np.ndarray, steps: np.ndarray, width: int) -> np.ndarray:
    """Return numbers with mean 0 and standard deviation 1, nearly normal, and never above 3.5.

    Each is the sum of four uniform numbers, made of bits that depend on its key, step and place only.

    Args:
        keys: of an episode each, whole numbers below 2^53 (...).
        steps: likewise (...).
        width: how many numbers for each.

    Returns:
        The numbers (..., width).
    """
    bits = (keys.astype(np.uint64) * KEY + steps.astype(np.uint64) * STEP)[..., None]
    bits = bits + _places(width)
    for shift, factor in MIX:
        bits ^= bits >> shift
        bits *= factor
    bits ^= bits >> LAST
    sums: np.ndarray = bits.view(np.uint16).reshape(*bits.shape, PARTS).sum(axis=-1, dtype=float)
    sums -= MEAN
    sums /= DEVIATION
    return sums
