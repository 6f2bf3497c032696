"""Parts that do not fit together are told of before anything is trained."""

import re
from pathlib import Path

import numpy as np
import pytest

from synthserve.v1.schema_pb2 import TableSchema
from synthserve_training import recipe as recipes
from synthserve_training.data.datasets import Images
from synthserve_training.data.preprocessing import image, table
from synthserve_training.errors import RecipeError
from synthserve_training.models.sampling import generate
from synthserve_training.recipe import Recipe
from synthserve_training.train.experiment import assemble, build

FLAGS = re.MULTILINE | re.DOTALL


def changed(recipe: str, **sections: str) -> Recipe:
    """A shipped recipe, with other sections in the place of its own."""
    text = recipes.read(recipe)
    for name, section in sections.items():
        # Up to the next section that is not a part of this one.
        text = re.sub(rf"^\[{name}\].*?(?=^\[(?!\[?{name}\b))", f"[{name}]\n{section}\n\n", text, flags=FLAGS)
    return recipes.parse(text)


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
        build(recipes.parse(recipes.read("iris-vae")), image.fit(image.Options(), pictures), seed=0)
    options = recipes.parse(recipes.read("iris-vae")).preprocessing.options
    with pytest.raises(RecipeError, match="use kind = 'image'"):
        table.fit(options, pictures)


def test_class_too_small_for_the_sampler_is_named_before_training(data_dir: Path) -> None:
    # At this site one child has the second diagnosis.
    text = recipes.read("adhd-vae").replace("NYU", "KKI")

    def of_at_least(rows: int) -> Recipe:
        return recipes.parse(text.replace("min_category_rows = 10", f"min_category_rows = {rows}"))

    problem = "needs 5 rows of each diagnosis, and 'ADHD hyperactive-impulsive' has 1: .*min_category_rows = 5"
    with pytest.raises(RecipeError, match=problem):
        assemble(of_at_least(1), seed=0, data_dir=data_dir)
    assemble(of_at_least(5), seed=0, data_dir=data_dir)


def test_diagnoses_of_one_label_are_one_category(data_dir: Path) -> None:
    text = re.sub(r'^(\d) = "ADHD .*"', r'\1 = "ADHD"', recipes.read("adhd-vae"), flags=re.MULTILINE)
    parts, merged = (assemble(recipes.parse(t), seed=0, data_dir=data_dir) for t in (recipes.read("adhd-vae"), text))
    schema = merged.preprocessed.decoder.schema
    assert isinstance(schema, TableSchema)
    assert list(schema.columns[5].categories) == ["typically developing", "ADHD"]
    before, after = (np.bincount(e.preprocessed.classes["diagnosis"]).tolist() for e in (parts, merged))
    # The two children whose diagnosis was too rare of its own are among them.
    assert (after[0], after[1]) == (before[0], sum(before[1:]) + 2)


def test_part_of_the_data_with_a_small_class_makes_a_model_without_it() -> None:
    text = recipes.read("iris-vae").replace("[training]", "[[heads]]\nkind = 'calibration'\n\n[training]")
    recipe = recipes.parse(text)
    whole = assemble(recipe, seed=0)
    rows = whole.preprocessed.data
    # Of the last species 4 flowers.
    part = table.fit(table.of_cleaned(recipe.preprocessing.options), rows[: len(rows) - 46])
    model = build(recipe, part, seed=0).generative()
    drawn = generate(model, seed=0, count=500, batch_size=500)
    assert set(drawn["species"].tolist()) == {0, 1}
    assert all(np.isfinite(values).all() for values in drawn.values())
