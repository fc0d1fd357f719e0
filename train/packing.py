"""Weights and inputs in few bits: the numbers that the graph stores, not the graph itself."""

import numpy as np


def int8_columns(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A weight [in, out] as int8 with one scale per output column, symmetric."""
    scale = np.abs(weight).max(0) / 127.0
    scale[scale == 0] = 1.0
    return np.clip(np.rint(weight / scale), -127, 127).astype(np.int8), scale.astype(np.float32)


# Weights of 4 bits share a scale in blocks of this many along the input.
BLOCK = 32


def int4_blocks(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A weight [in, out] as MatMulNBits reads it: uint8 [out, blocks, BLOCK / 2], two values a byte around 8,
    and float scales [out, blocks]. Each block's largest value, sign and all, becomes -8."""
    padded = np.pad(weight.T, ((0, 0), (0, -weight.shape[0] % BLOCK)))
    blocks = padded.reshape(len(padded), -1, BLOCK).astype(np.float32)
    largest = np.take_along_axis(blocks, np.abs(blocks).argmax(-1)[..., None], -1)[..., 0]
    scale = largest / -8.0
    scale[scale == 0] = 1.0
    value = np.clip(np.rint(blocks / scale[..., None]), -8, 7).astype(np.int8) + 8
    value = value.astype(np.uint8)
    return value[..., 0::2] | (value[..., 1::2] << 4), scale


def uint8_input(low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """(step, zero point) of inputs between low and high in uint8; zero is exact."""
    low, high = min(low, 0.0), max(high, 0.0)
    step = (high - low) / 255 or 1.0
    return np.array(step, np.float32), np.array(round(-low / step), np.uint8)
