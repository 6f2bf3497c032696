"""Links within the documentation lead somewhere."""

from pathlib import PurePosixPath

import pytest
from tests.fixtures.markdown import ROOT, anchors, links, pages

PAGES = pages()


@pytest.mark.parametrize("page", PAGES)
def test_links(page: str) -> None:
    inner = [link for link in links(page) if not link.startswith(("https://", "mailto:"))]
    assert not [link for link in inner if not leads(page, link)]


def leads(page: str, link: str) -> bool:
    """Whether a relative link is one to a file, folder or heading that is there."""
    path, _, anchor = link.partition("#")
    target = (ROOT / PurePosixPath(page).parent / path).resolve() if path else ROOT / page
    if not target.exists() or not target.is_relative_to(ROOT.resolve()):
        return False
    return not anchor or anchor in anchors(target.relative_to(ROOT).as_posix())


def test_pages_are_found() -> None:
    assert {"README.md", "docs/api.md", "clients/python/README.md"} <= set(PAGES)
