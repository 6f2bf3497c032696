"""Why data could not be had: which host, through which proxy, what to do."""

import socket
from pathlib import Path

import pytest

from synthserve_training.data.files import Files, RemoteFile
from synthserve_training.errors import DatasetError


@pytest.fixture
def nobody() -> str:
    """An address that nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{held.getsockname()[1]}"


def failure(tmp_path: Path, url: str) -> str:
    with pytest.raises(DatasetError) as failed:
        Files(None, tmp_path).fetch(RemoteFile("set/good.bin", "0" * 64, (url,)))
    assert not list((tmp_path / "set").iterdir())
    return str(failed.value)


def test_host_and_what_to_do_are_told(tmp_path: Path, nobody: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    said = failure(tmp_path, f"http://{nobody}/good.bin")
    assert said.startswith(
        f"could not download set/good.bin: http://{nobody}/good.bin: [Errno 111] Connection refused. "
    )
    assert said.endswith("Put the file into a folder of yours as set/good.bin and name that folder with --data-dir")


def test_proxy_is_named_without_its_password(tmp_path: Path, nobody: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://user:secret@{nobody}")
    monkeypatch.setenv("no_proxy", "")
    said = failure(tmp_path, "http://data.invalid/good.bin")
    assert f"http://data.invalid/good.bin (through the proxy {nobody} of http_proxy): " in said
    assert "secret" not in said
    monkeypatch.setenv("no_proxy", "data.invalid")
    assert "proxy" not in failure(tmp_path, "http://data.invalid/good.bin")


@pytest.mark.parametrize("proxy", ["http://[::1", "http://127.0.0.1:port"])
def test_proxy_that_is_no_address_is_an_error(proxy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setenv("no_proxy", "")
    assert "could not download" in failure(tmp_path, "http://data.invalid/good.bin")


def test_data_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data.zip").touch()
    with pytest.raises(DatasetError, match=r"the data folder .*data\.zip is a file, not a folder"):
        Files.locate(tmp_path / "data.zip")


def test_empty_variables_are_unset_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SYNTHSERVE_DATA": "", "XDG_CACHE_HOME": "", "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    assert Files.locate() == Files(None, tmp_path / ".cache/synthserve/datasets")


def test_without_a_home_it_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    with pytest.raises(DatasetError, match="set HOME or XDG_CACHE_HOME"):
        Files.locate()
