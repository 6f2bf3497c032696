"""The messages that workers make: samples computed and encoded, several small messages in one run of their graph."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from synthserve_server.runtime.cancellation import Cancellation, CancellationOfAll
from synthserve_server.runtime.sampler import Draw, check_codes, sample, sample_together


@dataclass(frozen=True)
class Message:
    """One message to be made.

    Attributes:
        draw: Its samples.
        encode: Makes bytes of them.
        cancellation: Set when nobody waits for it any more.
    """

    draw: Draw
    encode: Callable[[dict[str, NDArray[Any]]], bytes]
    cancellation: Cancellation

    def make(self) -> bytes:
        """Makes the message.

        Raises:
            CancelledWorkError: Nobody waits for it any more.
            GraphError: The graph failed.
        """
        return self.encode(sample(self.draw, self.cancellation))


Result = bytes | Exception


def companions(first: Message) -> Callable[[Message], bool]:
    """Tells which messages can be made in the same run of the graph as another one.

    Returns:
        A function that is asked of one message after another, and counts on it that those it agrees to are taken.
    """
    low, high = first.draw.packets
    size = high - low

    def fits(message: Message) -> bool:
        nonlocal size
        if message.draw.graph is not first.draw.graph or not message.draw.shares(size):
            return False
        low, high = message.draw.packets
        size += high - low
        return True

    return fits if first.draw.shares(0) else lambda _message: False


def make_together(messages: Sequence[Message]) -> list[Result]:
    """Makes messages; more than one only if they can share a run of their graph, see `companions`.

    Returns:
        For each the bytes, or what went wrong with it.
    """
    if len(messages) == 1:
        return [_result(messages[0].make)]
    cancellation = CancellationOfAll([message.cancellation for message in messages])
    try:
        drawn = sample_together([message.draw for message in messages], cancellation)
    except Exception as error:
        return [error] * len(messages)
    return [_result(_encoding(*pair)) for pair in zip(messages, drawn, strict=True)]


def _encoding(message: Message, arrays: dict[str, NDArray[Any]]) -> Callable[[], bytes]:
    def encode() -> bytes:
        message.cancellation.check()
        check_codes(message.draw.model, arrays)
        return message.encode(arrays)

    return encode


def _result(make: Callable[[], bytes]) -> Result:
    try:
        return make()
    except Exception as error:
        return error
