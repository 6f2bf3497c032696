"""`make demo`: starts a server on a free port, generates rows and a grid of digits into demo/, and stops it."""

import time

from scripts.local_server import ROOT, run, running_server

import synthserve

OUTPUT = ROOT / "demo"
ROWS, IMAGES, SEED = 1_000, 64, 7
MANY_ROWS, MANY_IMAGES = 5_000_000, 2_000


def main() -> None:
    """Generates the files, and prints results and throughput."""
    OUTPUT.mkdir(exist_ok=True)
    with running_server() as address, synthserve.Client(address) as client:
        print(f"server on {address}\n")

        csv = OUTPUT / "iris.csv"
        client.rows("iris-vae", count=ROWS, seed=SEED).to_csv(csv)
        print(f"{ROWS:,} rows of iris-vae -> {csv.relative_to(ROOT)}")
        print("".join(f"    {line}\n" for line in csv.read_text().splitlines()[:6]))

        png = OUTPUT / "digits.png"
        client.images("mnist-dcgan-ema", count=IMAGES, seed=SEED).save_grid(png, columns=8)
        print(f"{IMAGES} images of mnist-dcgan-ema, 8 x 8 -> {png.relative_to(ROOT)}\n")

        print("throughput, client and server on this machine:")
        started = time.perf_counter()
        rows = sum(batch.num_rows for batch in client.rows("iris-vae", count=MANY_ROWS, seed=SEED).batches())
        print(f"    {rows / (time.perf_counter() - started):>11,.0f} rows/s")
        started = time.perf_counter()
        images = sum(1 for _ in client.images("mnist-dcgan-ema", count=MANY_IMAGES, seed=SEED))
        print(f"    {images / (time.perf_counter() - started):>11,.0f} images/s")
    print("server stopped")


if __name__ == "__main__":
    run(main)
