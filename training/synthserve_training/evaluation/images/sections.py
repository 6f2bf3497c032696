"""Describes what was measured of pictures."""

import numpy as np
from numpy.typing import NDArray

from synthserve_training.evaluation.figures import Measurement, Metric, Plot, Section, Table, described
from synthserve_training.evaluation.images import pages
from synthserve_training.evaluation.images.comparison import Distances
from synthserve_training.evaluation.images.distances.kernel import SUBSETS, size_of_subsets
from synthserve_training.evaluation.images.distances.manifold import DENSITY_NEIGHBOUR, PRECISION_NEIGHBOUR
from synthserve_training.evaluation.images.memorisation import Memorisation
from synthserve_training.evaluation.images.real import RealImages

COLUMNS = 8
"""Pictures side by side."""

DISTANCES = (
    Metric(
        "fid",
        "lower",
        "Fréchet distance of {generated:,} generated from {training:,} training pictures by Inception's features. "
        "Reference: {reference}.",
        headline=True,
    ),
    Metric(
        "fid_half",
        "lower",
        "The same distance of {generated_half:,} generated pictures from a random half of the training pictures "
        "({base:,}), as the reference.",
    ),
    Metric(
        "kid",
        "lower",
        "Kernel distance, polynomial of degree 3, unbiased; mean and spread over {subsets} subsets of {subset_size:,} "
        "of {features:,} features. Reference as for FID.",
        headline=True,
    ),
)

FIDELITY = (
    Metric(
        "precision",
        "closer",
        "Share of generated pictures inside a ball around a real one that reaches to its {narrow} nearest others.",
    ),
    Metric("recall", "closer", "Share of real pictures inside such a ball around a generated one."),
    Metric(
        "density",
        "closer",
        "In how many balls a generated picture is, divided by the number for a real one; balls around real pictures "
        "reach to their {wide} nearest others.",
    ),
    Metric("coverage", "closer", "Share of such balls around real pictures with a generated picture inside."),
)

MEMORISATION = (
    Metric(
        "nearest_training_distance",
        "closer",
        "Median root mean squared difference from the nearest training picture, in levels of 0 to 255. Reference: "
        "{reference}.",
    ),
    Metric(
        "copied_share",
        "lower",
        "Share of samples that are nearer to a training picture than 99 % of the reference ({reference}).",
    ),
)

_SAMPLES_SUMMARY = "The first samples for the seed of this report, and as many real pictures chosen at random."

_DISTANCE_SUMMARY = (
    "How far the distribution of generated pictures is from that of real ones, by the features of a network that was "
    "trained on photographs. The distance grows both when pictures look different and when they vary less."
)

_FIDELITY_SUMMARY = (
    "By {features:,} of Inception's features on each side. Low precision or density: pictures that are not like real "
    "ones. Low recall or coverage: kinds of real pictures that are missing."
)

_MEMORISATION_SUMMARY = (
    "The nearest training picture of each of {samples:,} samples, by pixels. A model that copies gives samples that "
    "are much nearer than real pictures are to each other. Smooth pictures are somewhat nearer to all others, so look "
    "at the pictures below, too."
)


def samples(generated: NDArray[np.uint8], real: NDArray[np.uint8]) -> Section:
    """Shows generated and real pictures [n, height, width, channels]."""
    return Section(
        "Samples",
        _SAMPLES_SUMMARY,
        plots=(
            Plot("samples", "Generated pictures", pages.sheet(generated, COLUMNS)),
            Plot("real", "Real pictures", pages.sheet(real, COLUMNS)),
        ),
    )


def distances(found: Distances, real: RealImages, digest: str) -> Section:
    """Describes how far the pictures are from real ones by the Inception network.

    Args:
        found: By its features.
        real: The real pictures.
        digest: SHA-256 of its graph.
    """
    measured = {
        "fid": Measurement(found.frechet, found.frechet_floor),
        "kid": Measurement(found.kernel[0], found.kernel_floor[0], found.kernel[1]),
    }
    if not real.held_out:
        measured["fid_half"] = Measurement(found.frechet_same_size, found.frechet_floor)
    generated, training, other, base = found.counts
    return Section(
        "Distance from real pictures",
        _DISTANCE_SUMMARY,
        described(
            DISTANCES,
            measured,
            generated=generated,
            training=training,
            generated_half=min(generated, other),
            base=base,
            reference=_reference(found, real),
            subsets=SUBSETS,
            subset_size=size_of_subsets(found.features),
            features=found.features,
        ),
        tables=(_protocol(found, digest),),
    )


def fidelity(found: Distances) -> Section:
    """Describes quality and variety, apart from each other."""
    value, floor = found.manifold, found.manifold_floor
    measured = {
        "precision": Measurement(value.precision, floor.precision),
        "recall": Measurement(value.recall, floor.recall),
        "density": Measurement(value.density, floor.density),
        "coverage": Measurement(value.coverage, floor.coverage),
    }
    return Section(
        "Fidelity and variety",
        _FIDELITY_SUMMARY.format(features=found.features),
        described(FIDELITY, measured, narrow=PRECISION_NEIGHBOUR, wide=DENSITY_NEIGHBOUR),
    )


def memorisation(found: Memorisation, training: NDArray[np.uint8]) -> Section:
    """Describes how near samples are to training pictures [n, height, width, channels]."""
    reference = "held-out real pictures" if found.held_out else "training pictures and their nearest others"
    closest = np.argsort(found.samples.distance, kind="stable")[: 4 * COLUMNS]
    nearest = training[found.samples.index[closest]]
    return Section(
        "Memorisation",
        _MEMORISATION_SUMMARY.format(samples=len(found.generated)),
        described(MEMORISATION, found.measured(), reference=reference),
        plots=(
            Plot(
                "nearest",
                f"The {len(closest)} samples that are nearest to a training picture; below each row of samples the "
                "training pictures",
                pages.pairs(found.generated[closest], nearest, COLUMNS),
            ),
        ),
    )


def _reference(found: Distances, real: RealImages) -> str:
    _, _, other, base = found.counts
    if real.held_out:
        return f"held-out real pictures ({other:,}) against the training pictures"
    return (
        f"one random half of the real pictures ({other:,}) against the other ({base:,}), which is larger than a "
        "distance of more pictures would be"
    )


def _protocol(found: Distances, digest: str) -> Table:
    generated, training, other, base = found.counts
    return Table(
        "Protocol",
        ("what", "value"),
        (
            ("network", "Inception of 2015-12-05, layer pool_3, 2,048 features, as ONNX in onnxruntime"),
            ("SHA-256 of its graph", digest),
            ("pictures", "grey as RGB; bilinear to 299x299, half-pixel centres, no antialiasing; (x - 128) / 128"),
            ("generated pictures", generated),
            ("real pictures", training),
            ("Fréchet distance of real from real", round(found.frechet_floor, 4)),
            ("pictures in that", f"{other:,} from {base:,}"),
        ),
        "Distances can be compared where all of this is the same.",
    )
