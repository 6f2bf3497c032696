"""Files of text that were opened in an editor: recipes, files of a run, manifests."""

import codecs
from pathlib import Path

import pytest

from synthserve_training import recipe as recipes
from synthserve_training.errors import ExportError, RecipeError, RunError
from synthserve_training.export.manifest import measured_manifest
from synthserve_training.train.machine import Machine
from synthserve_training.train.run_folder import RunFolder


def test_recipe_is_read_as_editors_write_it(tmp_path: Path) -> None:
    text = recipes.read("iris-vae")
    for name, data in (
        ("mark", codecs.BOM_UTF8 + text.encode()),
        ("crlf", text.replace("\n", "\r\n").encode()),
        ("cr", text.replace("\n", "\r").encode()),
    ):
        path = tmp_path / f"{name}.TOML"
        path.write_bytes(data)
        assert recipes.read(str(path)) == text
        assert recipes.parse(recipes.read(str(path))).model == "iris-vae"
    (tmp_path / "wide.toml").write_bytes(text.encode("utf-16"))
    with pytest.raises(RecipeError, match=r"wide\.toml is UTF-16 or UTF-32 text, not UTF-8: save it as UTF-8"):
        recipes.read(str(tmp_path / "wide.toml"))


def test_files_of_a_run_may_have_been_opened_in_an_editor(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.create(recipes.read("iris-vae"), 3, Machine("tensorflow"), overwrite=False)
    rows = [{"epoch": "1", "loss": "0.5", "seconds": "1.0"}]
    run.write_losses(rows)
    for name in ("recipe.toml", "run.json", "losses.csv"):
        path = tmp_path / name
        path.write_bytes(codecs.BOM_UTF8 + path.read_bytes().replace(b"\n", b"\r\n"))
    assert run.recipe() == recipes.read("iris-vae")
    assert run.facts().seed == 3
    assert run.losses() == rows
    (tmp_path / "run.json").write_bytes("{}".encode("utf-16"))
    with pytest.raises(RunError, match=r"run\.json is UTF-16"):
        run.facts()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("epoch;loss;seconds\n1;0.5;1.0\n", "line 2"),  # a spreadsheet's idea of CSV
        ("epoch,loss,seconds\n1,0.5,1.0\n2,0.5\n", "line 3"),
        ("epoch,loss,seconds\none,0.5,1.0\n", "line 2"),
        ("epoch,loss,seconds\n1,0.5,1.0,7\n", "line 2"),
    ],
)
def test_damaged_log_is_an_error_that_names_the_line(content: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "losses.csv").write_text(content)
    with pytest.raises(RunError, match=rf"losses\.csv is damaged in {problem}: .*: mend it, or delete it"):
        RunFolder(tmp_path).losses()


def test_damaged_manifest_is_an_error(tmp_path: Path) -> None:
    for data in (b"{", "{}".encode("utf-16")):
        (tmp_path / "manifest.json").write_bytes(data)
        with pytest.raises(ExportError, match=r"manifest\.json is no manifest any more"):
            measured_manifest(tmp_path, "0" * 64)
