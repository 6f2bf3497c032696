"""What an encoding process runs: what it is sent on its standard input it does, one thing after another.

It ends with that input, which the server closes, or leaves behind however it ends. Between server and process there are
pickles: `(work, arguments, named arguments)` one way, `(True, result)` or `(False, exception)` the other.
"""

import contextlib
import os
import pickle
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from synthserve_core.system import signals


def main() -> None:
    """Does what it is sent."""
    # What supervisors send goes to every process of the service: the server drains, and needs this one until the end.
    signals.ignore(*signals.SENT_TO_ALL)
    orders, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what anything prints must not get between the answers
    # The server is gone, at whatever moment: there is nobody to tell.
    with contextlib.suppress(EOFError, OSError, pickle.UnpicklingError), answers:
        while True:
            answers.write(_answer(*pickle.load(orders)))  # noqa: S301 - the server's own
            answers.flush()


def _answer(work: Callable[..., Any], arguments: Sequence[Any], named: Mapping[str, Any]) -> bytes:
    try:
        return pickle.dumps((True, work(*arguments, **named)), pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        return _failure(error)


def _failure(error: Exception) -> bytes:
    error.add_note(f"In an encoding process:\n{traceback.format_exc()}")
    try:
        answer = pickle.dumps((False, error), pickle.HIGHEST_PROTOCOL)
        pickle.loads(answer)  # noqa: S301 - some exceptions can be written and not be read
    except Exception:
        return pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")), pickle.HIGHEST_PROTOCOL)
    return answer


if __name__ == "__main__":
    main()
