"""The program of an encoding process: it carries out tasks from its standard input, one after another.

It ends at the end of that input, which also comes when the server ends in any way. Server and process exchange pickles:
`(work, arguments, named arguments)` to the process, `(True, result)` or `(False, exception)` back.
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
    """Carries out tasks until the input ends."""
    # Supervisors signal every process of the service, but the draining server needs this one until the end.
    signals.ignore(*signals.SENT_TO_ALL)
    orders, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # printed text must not mix with the answers
    # These mean that the server is gone.
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
        pickle.loads(answer)  # noqa: S301 - some exceptions can be pickled, but not unpickled
    except Exception:
        return pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")), pickle.HIGHEST_PROTOCOL)
    return answer


if __name__ == "__main__":
    main()
