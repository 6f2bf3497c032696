"""Parts that do not fit together are told of before anything is trained."""

import re
from pathlib import Path

import numpy as np
import pytest

from synthserve.v1.schema_pb2 import TableSchema
from synthserve_training import recipe as recipes
from synthserve_training.components import component
from synthserve_training.datasets import Images
from synthserve_training.errors import RecipeError
from synthserve_training.experiment import assemble, build
from synthserve_training.finished import finish
from synthserve_training.preprocessing import image, table

FLAGS = re.MULTILINE | re.DOTALL


def changed(recipe: str, **sections: str) -> str:
    """The text of a shipped recipe, with other sections in the place of its own."""
    text = recipes.read(recipe)
    for name, section in sections.items():
        # Up to the next section that is not a part of this one.
        text = re.sub(rf"^\[{name}\].*?(?=^\[(?!\[?{name}\b))", f"[{name}]\n{section}\n\n", text, flags=FLAGS)
    return text


@pytest.mark.parametrize(
    ("part", "section", "problem"),
    [
        ("networks", "kind = 'dcgan'", "networks dcgan: .* the data are a table: use kind = 'dense_vae'"),
        ("networks", "kind = 'wgan'", "networks wgan: .* the data are a table: use kind = 'dense_vae'"),
        ("preprocessing", "kind = 'image'", "preprocessing image: the dataset is a table: use kind = 'table'"),
        ("sampler", "kind = 'mixture'\ncondition = 'kind'", "'kind' is not a column of categories; those are: species"),
    ],
)
def test_part_that_is_not_for_the_table_says_so(part: str, section: str, problem: str) -> None:
    with pytest.raises(RecipeError, match=problem):
        assemble(changed("iris-vae", **{part: section}), seed=0)


def test_part_that_is_not_for_images_says_so(data_dir: Path) -> None:
    columns = "kind = 'table'\n[[preprocessing.columns]]\nname = 'digit'\ntype = 'int64'"
    for part, section, problem in (
        ("preprocessing", columns, "preprocessing table: the dataset is one of images: use kind = 'image'"),
        ("networks", "kind = 'dense_vae'", "networks dense_vae: .* the data are images: use kind = 'dcgan' or 'wgan'"),
        ("sampler", "kind = 'mixture'", "needs an encoder, .* use kind = 'prior'"),
    ):
        with pytest.raises(RecipeError, match=problem):
            assemble(changed("mnist-dcgan", **{part: section}), seed=0, data_dir=data_dir)


def test_images_are_for_networks_of_images_and_no_table() -> None:
    pictures = Images(np.zeros((20, 8, 8, 1), np.uint8), np.zeros(20, np.int64))
    with pytest.raises(RecipeError, match="use kind = 'dcgan' or 'wgan'"):
        build(recipes.read("iris-vae"), image.fit(image.Options(), pictures), seed=0)
    _, options = component("preprocessing", recipes.parse(recipes.read("iris-vae")).preprocessing)
    with pytest.raises(RecipeError, match="use kind = 'image'"):
        table.fit(options, pictures)


@pytest.mark.parametrize(("kind", "least"), [("mixture", 5), ("interpolation", 2)])
def test_class_too_small_for_the_sampler_is_named_before_training(data_dir: Path, kind: str, least: int) -> None:
    # At this site one child has the second diagnosis.
    text = (
        recipes.read("adhd-vae").replace("NYU", "KKI").replace('kind = "mixture"\ncomponents = 1', f"kind = '{kind}'")
    )
    problem = (
        f"needs {least} rows of each diagnosis, and 'ADHD hyperactive-impulsive' has 1: .*min_category_rows = {least}"
    )
    with pytest.raises(RecipeError, match=problem):
        assemble(text.replace("min_category_rows = 10", "min_category_rows = 1"), seed=0, data_dir=data_dir)
    assemble(text.replace("min_category_rows = 10", f"min_category_rows = {least}"), seed=0, data_dir=data_dir)


def test_diagnoses_of_one_label_are_one_category(data_dir: Path) -> None:
    text = re.sub(r'^(\d) = "ADHD .*"', r'\1 = "ADHD"', recipes.read("adhd-vae"), flags=re.MULTILINE)
    parts, merged = (assemble(t, seed=0, data_dir=data_dir) for t in (recipes.read("adhd-vae"), text))
    schema = merged.preprocessed.decoder.schema
    assert isinstance(schema, TableSchema)
    assert list(schema.columns[5].categories) == ["typically developing", "ADHD"]
    before, after = (np.bincount(e.preprocessed.classes["diagnosis"]).tolist() for e in (parts, merged))
    # The two children whose diagnosis was too rare of its own are among them.
    assert (after[0], after[1]) == (before[0], sum(before[1:]) + 2)


def test_part_of_the_data_with_a_small_class_makes_a_model_without_it() -> None:
    text = recipes.read("iris-vae").replace("observation_noise = true", "observation_noise = true\ncalibration = true")
    whole = assemble(text, seed=0)
    _, options = component("preprocessing", whole.recipe.preprocessing)
    rows = whole.preprocessed.data
    part = table.fit(table.of_cleaned(options), rows[: len(rows) - 46])  # of the last species 4 flowers
    model = finish(build(text, part, seed=0))
    noise = np.random.default_rng(0).standard_normal((500, model.noise_size), np.float32)
    drawn = model(noise, {"species": np.full(500, -1)})
    assert set(np.asarray(drawn["species"]).tolist()) == {0, 1}
    assert all(np.isfinite(np.asarray(values)).all() for values in drawn.values())
