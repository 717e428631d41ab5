"""Colours of a .gif, which has 256."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

SAMPLED = 8  # frames whose colours it has
BAYER = np.array(((0, 8, 2, 10), (12, 4, 14, 6), (3, 11, 1, 9), (15, 7, 13, 5)))
DITHER = (BAYER - 7.5) * 0.6  # added before colours are rounded, so that there are no bands


def with_one_palette(frames: Sequence[Image.Image]) -> list[Image.Image]:
    """Return frames in the colours of a sample of them, dithered alike: what stands does not flicker."""
    width, height = frames[0].size
    sample = np.concatenate([np.asarray(frame)[::2, ::2] for frame in frames[:: max(1, len(frames) // SAMPLED)]])
    palette = Image.fromarray(sample).quantize(256, Image.Quantize.MEDIANCUT)
    pattern = np.tile(DITHER, (-(-height // 4), -(-width // 4)))[:height, :width, None]
    dithered = (np.clip(np.asarray(frame) + pattern, 0, 255).astype(np.uint8) for frame in frames)
    return [Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE) for frame in dithered]
