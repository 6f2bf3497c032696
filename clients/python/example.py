"""Writes rows of a table to iris.csv and pictures of digits to digits/.

python example.py [TARGET]
"""

import os
import sys
from pathlib import Path

import synthserve


def main(target: str) -> None:
    """Tells what the server has, and takes something of it."""
    with synthserve.Client(target) as client:
        for model in client.models():
            print(f"{model.name}: {model.card.summary}")

        rows = client.rows("iris-vae", count=1_000, seed=7).to_csv("iris.csv")
        print(f"iris.csv: {rows} rows")

        folder = Path("digits")
        folder.mkdir(exist_ok=True)
        for image in client.images("mnist-dcgan", count=16, seed=7):
            (folder / f"{image.index:04}.png").write_bytes(image.bytes)
        print(f"{folder}/: 16 images")


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else "localhost:50051")
        print(end="", flush=True)
    except synthserve.SynthserveError as error:
        sys.exit(f"example.py: {error}")
    except OSError as error:
        # Python flushes once more at exit, and would report an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(141 if isinstance(error, BrokenPipeError) else f"example.py: {error}")
