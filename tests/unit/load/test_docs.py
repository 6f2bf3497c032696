import re
import tomllib
from pathlib import Path

from tests.load.open_loop.profiles import Criteria, Load, Profile

PAGE = (Path(__file__).parents[3] / "docs" / "load.md").read_text()


def test_the_profile_of_the_page_is_right_and_has_the_defaults() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    profile = Profile.model_validate(tomllib.loads(block))
    assert profile.load == Load()
    assert profile.knee == Criteria()
    names = set(re.findall(r"^#? ?(\w+) =", block, re.MULTILINE))
    assert set(Load.model_fields) | set(Criteria.model_fields) <= names
