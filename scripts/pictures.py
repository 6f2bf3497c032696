"""Draws the README's pictures from the shipped models: `.venv/bin/python -m scripts.pictures`."""

import io

import matplotlib.pyplot as plt
import pandas as pd
from scripts.local_server import ROOT, run, running_server
from sklearn.datasets import load_iris

import synthserve
from synthserve._output.destinations import write_whole
from synthserve._sinks.grids import save_picture

OUTPUT = ROOT / "docs" / "images"
SEED = 7
COLOURS = {"setosa": "#4477aa", "versicolor": "#ee6677", "virginica": "#228833"}


def main() -> None:
    """Writes digits.png, flowers.png and iris.png."""
    with running_server() as address, synthserve.Client(address) as client:
        grid = client.images("mnist-dcgan-ema", count=64, seed=SEED).grid(columns=8)
        save_picture(grid.resize((448, 448)), OUTPUT / "digits.png")
        save_picture(client.images("flowers-wgan-gp-ema", count=49, seed=SEED).grid(columns=7), OUTPUT / "flowers.png")
        draw_iris(client.rows("iris-vae", count=1_000, seed=SEED).to_pandas())


def draw_iris(generated: pd.DataFrame) -> None:
    """Scatters generated rows (dots) and real ones (rings)."""
    bunch = load_iris()
    real = pd.DataFrame(bunch.data, columns=["sepal_length", "sepal_width", "petal_length", "petal_width"])
    real["species"] = bunch.target_names[bunch.target]
    figure, axes = plt.subplots(figsize=(4.48, 4.48), dpi=100)
    for species, colour in COLOURS.items():
        dots, rings = generated[generated.species == species], real[real.species == species]
        axes.scatter(dots.petal_length, dots.sepal_length, s=6, color=colour, alpha=0.35, label=species)
        axes.scatter(
            rings.petal_length, rings.sepal_length, s=22, facecolors="none", edgecolors="black", linewidths=0.6
        )
    axes.set(xlabel="petal length, cm", ylabel="sepal length, cm", title="iris-vae: generated (dots), real (rings)")
    axes.legend(frameon=False, fontsize="small")
    figure.tight_layout()
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    write_whole(OUTPUT / "iris.png", picture.getvalue())


if __name__ == "__main__":
    run(main)
