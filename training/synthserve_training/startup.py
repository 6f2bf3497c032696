"""Starts TensorFlow without the pages of notes that it prints before its own log level applies."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


def start_tensorflow() -> None:
    """Imports TensorFlow and lets it find its devices.

    What it prints meanwhile is shown only when it fails. `TF_CPP_MIN_LOG_LEVEL` (default here: 3, fatal errors only)
    governs what it prints later.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _standard_error_held_back():
        import tensorflow as tf

        tf.constant(0)


@contextmanager
def _standard_error_held_back() -> Iterator[None]:
    # The notes come from C++, so the file descriptor itself is redirected.
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        try:
            yield
        except BaseException:
            held_back.seek(0)
            os.write(terminal, held_back.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
