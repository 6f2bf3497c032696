"""The TOML file of settings."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic_settings import TomlConfigSettingsSource

from synthserve_core import text_files


class SettingsFile(TomlConfigSettingsSource):
    """Reads TOML as editors write it: with a byte order mark, and with line ends of any system."""

    def _read_file(self, file_path: Any) -> dict[str, Any]:  # noqa: ANN401 - a path, or a library's idea of one
        """Reads one file; the library calls this for files that exist.

        Raises:
            ValueError: It is not TOML in UTF-8.
            OSError: It cannot be read.
        """
        file = Path(file_path)
        try:
            return tomllib.loads(text_files.decode(file.read_bytes()))
        except text_files.TextFileError as error:
            raise ValueError(f"{file.name} {error}") from None
        except RecursionError:
            raise ValueError(f"{file.name} is nested too deeply") from None
