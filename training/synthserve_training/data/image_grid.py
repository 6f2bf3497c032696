"""Images side by side."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def grid(images: NDArray[np.uint8], columns: int) -> Image.Image:
    """Puts images [n, height, width, channels] side by side, row by row."""
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    sheet = np.zeros((rows * columns, height, width, channels), np.uint8)
    sheet[:count] = images
    sheet = sheet.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    return Image.fromarray(sheet.reshape(rows * height, columns * width, channels).squeeze())
