"""Words for what was measured of pictures."""

import numpy as np
from numpy.typing import NDArray

from synthserve_training.evaluation.figures import Better, Figure, Plot, Section, Table
from synthserve_training.evaluation.images import pages
from synthserve_training.evaluation.images.comparison import Distances
from synthserve_training.evaluation.images.kernel_distance import SUBSETS, size_of_subsets
from synthserve_training.evaluation.images.manifold import DENSITY_NEIGHBOUR, PRECISION_NEIGHBOUR
from synthserve_training.evaluation.images.nearest import Nearest
from synthserve_training.evaluation.images.real import RealImages

COLUMNS = 8


def samples(generated: NDArray[np.uint8], real: NDArray[np.uint8]) -> Section:
    """Shows generated and real pictures [n, height, width, channels], none picked by hand."""
    return Section(
        "Samples",
        "The first samples that the seed of this report gives, and as many real pictures picked at random.",
        plots=(
            Plot("samples", "Generated pictures", pages.sheet(generated, COLUMNS)),
            Plot("real", "Real pictures", pages.sheet(real, COLUMNS)),
        ),
    )


def distances(found: Distances, real: RealImages, digest: str) -> Section:
    """Tells how far the pictures are from real ones by the Inception network."""
    count, of, floor_count, floor_of = found.counts
    floor = (
        f"held-out real pictures ({floor_count:,}) against the training pictures"
        if real.held_out
        else f"one random half of the real pictures ({floor_count:,}) against the other ({floor_of:,}); the smaller "
        "number makes it larger than it would be for all"
    )
    figures = [
        _figure(
            "fid",
            found.frechet,
            found.frechet_floor,
            "lower",
            f"Fréchet distance of {count:,} generated from {of:,} training pictures by Inception's features. "
            f"Reference: {floor}.",
            headline=True,
        )
    ]
    if not real.held_out:
        figures.append(
            _figure(
                "fid_half",
                found.frechet_same_size,
                found.frechet_floor,
                "lower",
                f"The same of {min(count, floor_count):,} generated from a random half of the training pictures "
                f"({floor_of:,}), as the reference.",
            )
        )
    figures.append(
        _figure(
            "kid",
            found.kernel[0],
            found.kernel_floor[0],
            "lower",
            f"Kernel distance, polynomial of degree 3, unbiased; mean and spread over {SUBSETS} subsets of "
            f"{size_of_subsets(found.features):,} of {found.features:,} features. Reference as for FID.",
            spread=found.kernel[1],
            headline=True,
        )
    )
    protocol = Table(
        "Protocol",
        ("what", "value"),
        (
            ("network", "Inception of 2015-12-05, layer pool_3, 2,048 features, as ONNX in onnxruntime"),
            ("SHA-256 of its graph", digest),
            (
                "pictures",
                "grey as RGB; bilinear to 299x299, half-pixel centres, no antialiasing; (x - 128) / 128",
            ),
            ("generated pictures", count),
            ("real pictures", of),
            ("Fréchet distance of real from real", round(found.frechet_floor, 4)),
            ("pictures in that", f"{floor_count:,} from {floor_of:,}"),
        ),
        "Distances can be compared where all of this is the same.",
    )
    return Section(
        "Distance from real pictures",
        "How far the distribution of generated pictures is from that of real ones, by the features of a network that "
        "knows photographs. It sees both what pictures look like and how they vary.",
        tuple(figures),
        tables=(protocol,),
    )


def fidelity(found: Distances) -> Section:
    """Tells quality and variety apart."""
    value, floor = found.manifold, found.manifold_floor
    narrow, wide = (f"the distance to its {k}th nearest other one" for k in (PRECISION_NEIGHBOUR, DENSITY_NEIGHBOUR))
    narrow = narrow.replace("3th", "3rd")

    def figure(metric: str, description: str) -> Figure:
        return _figure(metric, getattr(value, metric), getattr(floor, metric), "closer", description)

    return Section(
        "Fidelity and variety",
        f"By {found.features:,} of Inception's features on each side. Low precision or density: pictures that are not "
        "like real ones. Low recall or coverage: kinds of real pictures that are missing.",
        (
            figure("precision", f"Share of generated pictures inside a ball around a real one as wide as {narrow}."),
            figure("recall", "Share of real pictures inside such a ball around a generated one."),
            figure("density", f"Balls as wide as {wide}: how many a generated picture is in, by those a real one is."),
            figure("coverage", "Share of such balls around real pictures with a generated one inside."),
        ),
    )


def memorisation(
    generated: NDArray[np.uint8], training: NDArray[np.uint8], found: Nearest, others: Nearest, held_out: bool
) -> Section:
    """Tells how near samples are to training pictures.

    Args:
        generated: The samples, [n, height, width, channels].
        training: All training pictures.
        found: Of the samples.
        others: Of real pictures.
        held_out: Whether these are no training pictures themselves.
    """
    whose = "held-out real pictures" if held_out else "training pictures and their nearest others"
    threshold = np.quantile(others.distance, 0.01)
    closest = np.argsort(found.distance, kind="stable")[: 4 * COLUMNS]
    return Section(
        "Memorisation",
        f"The nearest training picture of each of {len(generated):,} samples, by pixels. A model that copies gives "
        "samples that are much nearer than real pictures are to each other. Smooth pictures are somewhat nearer to "
        "everything, so look at the page, too.",
        (
            _figure(
                "nearest_training_distance",
                float(np.median(found.distance)),
                float(np.median(others.distance)),
                "closer",
                f"Median root mean squared difference from the nearest training picture, in levels of 0 to 255. "
                f"Reference: {whose}.",
            ),
            _figure(
                "copied_share",
                float((found.distance < threshold).mean()),
                0.01,
                "lower",
                f"Share of samples nearer to a training picture than 99 % of the reference are ({whose}).",
            ),
        ),
        plots=(
            Plot(
                "nearest",
                f"The {len(closest)} samples that are nearest to a training picture, each row above its nearest ones",
                pages.pairs(generated[closest], training[found.index[closest]], COLUMNS),
            ),
        ),
    )


def digits(
    found: Distances,
    probabilities: tuple[NDArray[np.float64], NDArray[np.float64]],
    shares: NDArray[np.float64],
    accuracy: float,
    digest: str,
) -> Section:
    """Tells which digits are drawn, and how well they are read.

    Args:
        found: By the features of the network that reads digits.
        probabilities: Of the classes, of generated and of held-out digits, [n, 10] each.
        shares: Of the classes in the training data, [10].
        accuracy: Of the network, on held-out digits.
        digest: SHA-256 of its graph.
    """
    drawn, held_out = (np.bincount(p.argmax(axis=1), minlength=len(shares)) / len(p) for p in probabilities)
    sure, held_out_sure = (float((p.max(axis=1) > 0.9).mean()) for p in probabilities)
    rows = [(str(digit), float(a), float(b)) for digit, (a, b) in enumerate(zip(drawn, shares, strict=True))]
    return Section(
        "Digits",
        f"By a LeNet-5 that reads {accuracy:.2%} of the held-out real digits rightly (SHA-256 of its graph {digest}).",
        (
            _figure(
                "class_histogram_tv",
                float(np.abs(drawn - shares).sum() / 2),
                float(np.abs(held_out - shares).sum() / 2),
                "lower",
                "Total variation of the digits that are drawn from those of the training data.",
            ),
            _figure(
                "readable_share", sure, held_out_sure, "closer", "Share that is read with a probability above 0.9."
            ),
            _figure(
                "frechet_lenet",
                found.frechet,
                found.frechet_floor,
                "lower",
                "Fréchet distance by the 84 features of the LeNet-5, which is on another scale than FID.",
            ),
        ),
        plots=(Plot("classes", "Digits generated and in the training data", pages.class_shares(drawn, shares)),),
        tables=(Table("Digits", ("digit", "generated", "training data"), tuple(rows)),),
    )


def _figure(
    metric: str,
    value: float,
    reference: float,
    better: Better,
    description: str,
    *,
    spread: float | None = None,
    headline: bool = False,
) -> Figure:
    return Figure(metric, value, reference, spread, better, description, headline)
