"""Differentiable augmentation: real and generated pictures are changed at random before a critic sees them.

Zhao et al. 2020, "Differentiable Augmentation for Data-Efficient GAN Training" (arXiv:2006.10738). The critic cannot
learn few pictures by heart, and the generator does not learn the changes, as its gradient passes through them. All
changes are drawn from uniform numbers that are given, so that a training can be repeated.
"""

from collections.abc import Sequence
from typing import Literal

from keras import ops

from synthserve_training.types import Tensor

Change = Literal["colour", "translation", "cutout"]
"""Brightness, saturation and contrast; a shift by an eighth of the side at most; a grey square of half the side."""

VALUES = 7
"""Uniform numbers that the changes of one picture need."""

_SHIFT = 1 / 8
_HOLE = 1 / 2


def augment(pictures: Tensor, uniform: Tensor, changes: Sequence[Change]) -> Tensor:
    """Changes pictures, each in its own way.

    Args:
        pictures: float32 [n, height, width, channels], in [-1, 1]; 0 is where a change leaves nothing.
        uniform: [n, `VALUES`], in [0, 1].
        changes: Which.

    Returns:
        float32 of the shape of the pictures; colours can leave [-1, 1].
    """
    if "colour" in changes:
        pictures = _coloured(pictures, uniform[:, 0:3])
    if "translation" in changes:
        pictures = _shifted(pictures, uniform[:, 3:5])
    if "cutout" in changes:
        pictures = _cut(pictures, uniform[:, 5:7])
    return pictures


def _coloured(pictures: Tensor, uniform: Tensor) -> Tensor:
    brightness, saturation, contrast = (uniform[:, index, None, None, None] for index in range(3))
    pictures = pictures + brightness - 0.5
    grey = ops.mean(pictures, axis=3, keepdims=True)
    pictures = grey + (pictures - grey) * 2.0 * saturation
    mean = ops.mean(pictures, axis=(1, 2, 3), keepdims=True)
    return mean + (pictures - mean) * (contrast + 0.5)


def _shifted(pictures: Tensor, uniform: Tensor) -> Tensor:
    _, height, width, _ = pictures.shape
    rows, columns = _moves(uniform[:, 0], height), _moves(uniform[:, 1], width)
    return ops.einsum("nij,njkc,nlk->nilc", rows, pictures, columns)


def _moves(uniform: Tensor, side: int) -> Tensor:
    """For each picture the matrix [side, side] that moves its lines by some pixels."""
    most = round(side * _SHIFT)
    by = _below(uniform, 2 * most + 1) - most
    lines = ops.arange(side, dtype="float32")
    from_line = lines[None, :, None] - by[:, None, None]
    return ops.cast(ops.equal(from_line, lines[None, None, :]), "float32")


def _cut(pictures: Tensor, uniform: Tensor) -> Tensor:
    _, height, width, _ = pictures.shape
    hole = _inside(uniform[:, 0], height)[:, :, None] * _inside(uniform[:, 1], width)[:, None, :]
    return pictures * (1.0 - hole[..., None])


def _inside(uniform: Tensor, side: int) -> Tensor:
    """For each picture which of its lines are in the hole, [n, side]; the hole's middle can be at the border."""
    middle = _below(uniform, side + 1)
    lines = ops.arange(side, dtype="float32") + 0.5
    return ops.cast(ops.less(ops.abs(lines[None] - middle[:, None]), side * _HOLE / 2), "float32")


def _below(uniform: Tensor, count: int) -> Tensor:
    """Whole numbers from 0 to below a count, as floats."""
    return ops.minimum(ops.floor(uniform * count), count - 1.0)
