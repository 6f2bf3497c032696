import numpy as np
import pytest
from numpy.typing import NDArray

from synthserve_training.components import part
from synthserve_training.train.startup import start_keras

start_keras()

from synthserve_training.models import networks as kinds  # noqa: E402 - it imports Keras
from synthserve_training.models.networks import dcgan, wgan  # noqa: E402
from synthserve_training.train.augmentation import VALUES, Change, augment  # noqa: E402
from synthserve_training.types import Layout  # noqa: E402

PICTURES = np.random.default_rng(0).uniform(-1, 1, (5, 16, 24, 3)).astype(np.float32)
UNIFORM = np.random.default_rng(1).uniform(0, 1, (5, VALUES)).astype(np.float32)


def changed(uniform: NDArray[np.float32], *changes: Change) -> NDArray[np.float32]:
    return np.asarray(augment(PICTURES, uniform, changes))


def test_nothing_is_changed_that_is_not_asked_for() -> None:
    np.testing.assert_array_equal(changed(UNIFORM), PICTURES)


def test_middle_of_the_range_changes_no_colours_and_shifts_nothing() -> None:
    middle = np.full((5, VALUES), 0.5, np.float32)
    np.testing.assert_allclose(changed(middle, "colour"), PICTURES, atol=1e-6)
    np.testing.assert_allclose(changed(middle, "translation"), PICTURES, atol=1e-6)


def test_brightness_is_added_and_saturation_leaves_the_grey() -> None:
    uniform = np.full((5, VALUES), 0.5, np.float32)
    uniform[:, 0] = 1.0
    np.testing.assert_allclose(changed(uniform, "colour"), PICTURES + 0.5, atol=1e-6)
    uniform[:, :2] = 0.5, 0.0
    grey = changed(uniform, "colour")
    np.testing.assert_allclose(grey, np.broadcast_to(PICTURES.mean(axis=3, keepdims=True), PICTURES.shape), atol=1e-6)


@pytest.mark.parametrize(("share", "rows", "columns"), [(0.0, -2, -3), (1.0, 2, 3)])
def test_shift_is_an_eighth_of_the_side_at_most(share: float, rows: int, columns: int) -> None:
    expected = np.zeros_like(PICTURES)
    for row in range(16):
        for column in range(24):
            if 0 <= row - rows < 16 and 0 <= column - columns < 24:
                expected[:, row, column] = PICTURES[:, row - rows, column - columns]
    np.testing.assert_allclose(changed(np.full((5, VALUES), share, np.float32), "translation"), expected, atol=1e-6)


def test_hole_is_half_as_high_and_wide_as_the_picture_where_it_is_inside() -> None:
    middle = np.full((5, VALUES), 0.5, np.float32)
    hole = (changed(middle, "cutout") == 0).all(axis=(0, 3))
    assert hole.sum() == 8 * 12
    assert hole[4:12, 6:18].all()
    corner = (changed(np.zeros((5, VALUES), np.float32), "cutout") == 0).all(axis=(0, 3))
    assert corner[:4, :6].all()
    assert corner.sum() == 4 * 6


@pytest.mark.parametrize("kind", ["gan", "wgan_gp"])
def test_objectives_train_with_it(kind: str) -> None:
    layout = Layout((16, 16, 3))
    networks: kinds.Networks = (
        dcgan.build(dcgan.Options(latent_size=3, generator_filters=(2, 2, 2), discriminator_filters=(2, 2)), layout)
        if kind == "gan"
        else wgan.build(wgan.Options(latent_size=3, generator_filters=(2, 2), critic_filters=(2, 2)), layout)
    )
    losses = {}
    for changes in ([], ["colour", "translation", "cutout"]):
        objective = part("objectives", {"kind": kind, "augment": changes})
        players = objective.module.build(objective.options, networks).players
        assert [player.noise_size >= 3 + VALUES * bool(changes) for player in players] == [True, True]
        for player in players:
            noise = np.random.default_rng(2).standard_normal((5, player.noise_size)).astype(np.float32)
            found = player.loss(PICTURES[:, :, :16], noise, {})
            assert np.isfinite(float(found["loss"]))
            losses[player.name, bool(changes)] = float(found["loss"])
    assert losses[players[0].name, True] != losses[players[0].name, False]
