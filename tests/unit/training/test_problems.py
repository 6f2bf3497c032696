"""What somebody may have meant."""

from pathlib import Path

import pytest

from synthserve_training import recipe as recipes
from synthserve_training.components import part
from synthserve_training.errors import ExportError, RecipeError
from synthserve_training.export import versions

IRIS = recipes.read("iris-vae")


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        (
            "batch_size = 32",
            "batchsize = 32",
            "training.batchsize: Extra inputs are not permitted: did you mean batch_size?",
        ),
        ("epochs = 300", "epochs = 300\nsample-every = 2", "training.sample-every: .*: did you mean sample_every?"),
        ("[sampler]", "[samplers]", "samplers: Extra inputs are not permitted: did you mean sampler?"),
        ("summary =", "sumary =", "card.sumary: .*: did you mean summary?"),
        ("[export]", "zzz = 1\n[export]", r"training.zzz: Extra inputs are not permitted$"),
        (
            "[export]",
            "[training.tracking]\nnetwork = 'digits'\nsamples = 3\nevry = 1\n[export]",
            "training.tracking.evry: .*: did you mean every?",
        ),
    ],
)
def test_misspelt_field_is_told_with_the_one_that_is_like_it(before: str, after: str, problem: str) -> None:
    assert before in IRIS
    with pytest.raises(RecipeError, match=problem.replace("?", r"\?")):
        recipes.parse(IRIS.replace(before, after))


@pytest.mark.parametrize(
    ("role", "section", "problem"),
    [
        ("networks", {"kind": "densevae"}, r"\[networks\] kind = 'densevae': use one of .*: did you mean dense_vae\?"),
        ("networks", {"kind": 3}, r"\[networks\] kind = 3: use one of dcgan, dense_vae, wgan$"),
        ("datasets", {"kind": "mnst"}, r"\[dataset\] kind = 'mnst': .*: did you mean mnist\?"),
        (
            "objectives",
            {"kind": "vae", "kl_weigth": 1},
            r"\[objective\] kind = 'vae': kl_weigth: .*: did you mean kl_weight\?",
        ),
        (
            "preprocessing",
            {"kind": "table", "columns": [{"name": "x", "type": "double", "units": "cm"}]},
            r"columns.0.units: Extra inputs are not permitted: did you mean unit\?",
        ),
    ],
)
def test_misspelt_kind_or_option_is_told_with_the_section_as_it_stands_in_the_file(
    role: str, section: dict[str, object], problem: str
) -> None:
    with pytest.raises(RecipeError, match=problem):
        _ = part(role, section).options


def test_recipe_that_is_not_there(tmp_path: Path) -> None:
    for name, problem in {
        "iris_vae": r"there is no recipe 'iris_vae': .*: did you mean iris-vae\?",
        "IRIS-VAE": r"did you mean iris-vae\?",
        "iris-vae.toml": r"there is no file iris-vae\.toml: did you mean iris-vae\?",
        "nothing/like.toml": r"there is no file nothing/like\.toml$",
        "": r"there is no recipe '': use one of",
    }.items():
        with pytest.raises(RecipeError, match=problem):
            recipes.read(name)
    (tmp_path / "mine.txt").write_text(IRIS)
    with pytest.raises(RecipeError, match=r"mine\.txt: the name of a recipe's file ends in \.toml: rename it"):
        recipes.read(str(tmp_path / "mine.txt"))
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(IsADirectoryError):
        recipes.read(str(tmp_path / "folder.toml"))


def test_model_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "iris-vae" / "1").mkdir(parents=True)
    with pytest.raises(ExportError, match=r"holds no model iris_vae: did you mean iris-vae\?"):
        versions.newest_version(tmp_path, "iris_vae")
    with pytest.raises(
        ExportError, match=r"holds no model digits: give the folder that has it as --repository, or make"
    ):
        versions.newest_version(tmp_path, "digits")
    with pytest.raises(ExportError, match=r"absent holds no model iris-vae: give the folder"):
        versions.newest_version(tmp_path / "absent", "iris-vae")
