"""Starts Keras without the pages of notes that TensorFlow prints before its own log level applies."""

import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from synthserve_training.errors import BackendError
from synthserve_training.problems import did_you_mean

_BACKENDS = ("tensorflow", "jax")


def start_keras(backend: str | None = None) -> str:
    """Imports Keras and the library that it computes with, and lets that find its devices.

    What is printed meanwhile is shown only when it fails. `TF_CPP_MIN_LOG_LEVEL` (default here: 3, fatal errors only)
    governs what TensorFlow prints later.

    Args:
        backend: The library; by default the one that the user wants (`KERAS_BACKEND`, or Keras' own settings).

    Returns:
        The library.

    Raises:
        BackendError: The library is not installed, Keras does not know it, or nothing trains with it here.
    """
    if backend:
        os.environ["KERAS_BACKEND"] = backend
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = os.environ.get("TF_CPP_MIN_LOG_LEVEL") or "3"
    try:
        with _standard_error_held_back():
            import keras

            keras.ops.zeros(())
            # Keras looks for TensorFlow later with any backend, and an installed TensorFlow would print its notes then.
            if importlib.util.find_spec("tensorflow"):
                importlib.import_module("tensorflow")
    except (ImportError, ValueError, RuntimeError) as error:
        wanted = os.environ.get("KERAS_BACKEND")
        meant = did_you_mean(wanted, _BACKENDS) if wanted and wanted not in _BACKENDS else ""
        said = f"KERAS_BACKEND is {wanted}" if wanted else "keras.json says the backend"
        reason = str(error).rstrip(".").partition("\n")[0]
        raise BackendError(
            f"Keras does not start: {reason}. {said}; {' and '.join(_BACKENDS)} train here{meant}"
        ) from error
    name: str = keras.backend.backend()
    if name not in _BACKENDS:
        raise BackendError(f"KERAS_BACKEND={name} does not train here: {' and '.join(_BACKENDS)} do")
    # Which its settings file can change for all programs of a user; networks here are written for these.
    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")
    return name


@contextmanager
def _standard_error_held_back() -> Iterator[None]:
    # C++ prints the notes, so the file descriptor itself is redirected.
    if sys.stderr:
        sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        try:
            yield
        except BaseException:
            held_back.seek(0)
            with suppress(OSError), open(terminal, "wb", closefd=False) as shown:  # standard error can be closed
                shown.write(held_back.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
