"""What a command says when its training is interrupted."""

from collections.abc import Iterator
from contextlib import contextmanager

from synthserve_training import console
from synthserve_training.train.run_folder import RunFolder


@contextmanager
def saying_what_is_kept(folder: RunFolder, *, overwrite: bool) -> Iterator[None]:
    """Says where a training that is interrupted is kept, and how it goes on.

    Args:
        folder: Of the run.
        overwrite: Whether the command deletes an earlier run.
    """
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        if folder.checkpoint.is_file():
            same = "the same command without --overwrite" if overwrite else "the same command"
            console.note(f"interrupted: {folder.path} keeps what was trained, and {same} goes on from there")
        raise
