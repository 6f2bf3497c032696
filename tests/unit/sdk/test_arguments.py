"""Arguments that a client cannot use are refused by name, before anything is sent."""

from __future__ import annotations

import copy
import math
import pickle
import sys
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import synthserve
from synthserve._checks import LONGEST_SECONDS, seconds
from synthserve._transport.headers import metadata_pairs

CLIENTS = [synthserve.Client, synthserve.AsyncClient]


@pytest.mark.parametrize("value", [None, math.inf, 10**400, np.inf, Decimal("Infinity")])
def test_no_limit_of_time(value: object) -> None:
    assert seconds("timeout", value) is None


@pytest.mark.parametrize(
    ("value", "limit"),
    [
        (5, 5.0),
        (0.25, 0.25),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3.0),
        (Decimal("1.5"), 1.5),
        (Fraction(1, 4), 0.25),
        (0, 0.0),
        (-1, -1.0),
        (-math.inf, -LONGEST_SECONDS),
        (-(10**400), -LONGEST_SECONDS),
        (1e10, LONGEST_SECONDS),
        (sys.maxsize, LONGEST_SECONDS),
        (1e308, LONGEST_SECONDS),
    ],
)
def test_limits_of_time_stay_within_what_grpc_can_count(value: object, limit: float) -> None:
    assert seconds("timeout", value) == limit


@pytest.mark.parametrize("value", ["5", math.nan, [5], b"5", 1j, object(), Decimal("NaN"), np.array([1.0, 2.0])])
@pytest.mark.parametrize("client", CLIENTS)
def test_what_is_no_limit_of_time_is_refused_by_name(client: type[synthserve.Client], value: Any) -> None:
    made = client("localhost:1")
    for stream in (made.rows, made.images):
        with pytest.raises(synthserve.InvalidRequest, match=r"^timeout: must be a number of seconds, not"):
            stream("m", timeout=value)


@pytest.mark.parametrize("value", ["5", math.nan])
async def test_calls_refuse_it_too(value: Any) -> None:
    with pytest.raises(synthserve.InvalidRequest, match=r"^timeout: must be a number of seconds, not"):
        synthserve.Client("localhost:1").models(timeout=value)
    with pytest.raises(synthserve.InvalidRequest, match=r"^timeout: must be a number of seconds, not"):
        await synthserve.AsyncClient("localhost:1").models(timeout=value)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"start_attempts": 0}, "start_attempts: must be at least 1"),
        ({"start_attempts": 1.5}, "start_attempts: must be an integer"),
        ({"resume_attempts": "3"}, "resume_attempts: must be an integer"),
        ({"initial_backoff": math.nan}, "initial_backoff: must be a finite number"),
        ({"initial_backoff": "1"}, "initial_backoff: must be a finite number"),
        ({"max_backoff": math.inf}, "max_backoff: must be a finite number"),
        ({"max_backoff": 1e10}, "max_backoff: 0 <= initial_backoff <= max_backoff <= 1e+09 must hold"),
        ({"multiplier": math.nan}, "multiplier: must be a finite number"),
        ({"multiplier": 1e300}, "multiplier: must be from 1 to 1000"),
    ],
)
def test_waits_that_cannot_be_counted_are_refused_by_name(values: dict[str, Any], why: str) -> None:
    with pytest.raises(synthserve.InvalidRequest) as caught:
        synthserve.RetryPolicy(**values)
    assert str(caught.value).startswith(why)


def test_waits_are_as_long_as_python_can_wait_at_most() -> None:
    error = synthserve.Unavailable("later", retry_delay=1e15)
    assert synthserve.RetryPolicy().delay(1, error, started=True) == LONGEST_SECONDS
    over = synthserve.ResourceExhausted("later", retry_delay=1e15)
    assert synthserve.RetryPolicy().delay(1, over, started=True) == LONGEST_SECONDS
    steep = synthserve.RetryPolicy(resume_attempts=10**6, multiplier=1000, max_backoff=3.0)
    assert steep.delay(10**5, synthserve.Unavailable("no"), started=True) <= 3.0


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        ({"X-Team": "a"}, "metadata['X-Team']: keys must be in lower case ASCII: write 'x-team'"),
        ({"x team": "a"}, "metadata['x team']: keys must be in lower case ASCII: use letters"),
        ({"": "a"}, "metadata['']: keys must be"),
        ({"grpc-timeout": "1S"}, "metadata['grpc-timeout']: keys that begin with 'grpc-' belong to gRPC"),
        ({"x-a": "secret\n"}, "metadata['x-a']: must be one line of ASCII text"),
        ({"x-a": "sécret"}, "metadata['x-a']: must be one line of ASCII text"),
        ({"x-a": 5}, "metadata['x-a']: must be one line of ASCII text"),
        ({"x-a-bin": "text"}, "metadata['x-a-bin']: must be bytes, as its key ends in '-bin', not str"),
        ({7: "a"}, "metadata: keys must be strings, not 7"),
        (["x-a"], "metadata: must be a mapping, or pairs"),
        (7, "metadata: must be a mapping, or pairs"),
    ],
)
@pytest.mark.parametrize("client", CLIENTS)
def test_metadata_that_grpc_would_not_send_are_refused_by_name(
    client: type[synthserve.Client], metadata: Any, why: str
) -> None:
    with pytest.raises(synthserve.InvalidRequest) as caught:
        client("localhost:1", metadata=metadata)
    assert str(caught.value).startswith(why)
    assert "secret" not in str(caught.value)
    assert "sécret" not in str(caught.value)


def test_metadata_that_grpc_sends_are_taken_as_they_are() -> None:
    given: dict[str, str | bytes] = {"x-team": "a b", "x_y.z-1": "", "x-bin": b"\0\xff"}
    assert metadata_pairs(given) == metadata_pairs(list(given.items())) == tuple(given.items())


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"credentials": "ca.pem"}, "credentials: must come from synthserve.tls_credentials()"),
        ({"retry": 3}, "retry: must be a RetryPolicy, not 3"),
        ({"options": [("grpc.max_receive_message_length", 2**40)]}, "options['grpc.max_receive_message_length']: "),
        ({"options": [("grpc.max_receive_message_length",)]}, "options: must be pairs"),
        ({"options": [(1, 1)]}, "options: names of channel arguments must be strings"),
        ({"target": "https://example.org:443"}, "target: must be HOST:PORT, with TLS credentials, not"),
        ({"target": "http://example.org:80/"}, "target: must be HOST:PORT, not 'http://example.org:80/': write"),
        ({"target": None}, "target: must be a string"),
    ],
)
@pytest.mark.parametrize("client", CLIENTS)
def test_other_arguments_are_refused_by_name(
    client: type[synthserve.Client], arguments: dict[str, Any], why: str
) -> None:
    with pytest.raises(synthserve.InvalidRequest) as caught:
        client(**{"target": "localhost:1", **arguments})
    assert str(caught.value).startswith(why)


@pytest.mark.parametrize("client", CLIENTS)
def test_what_holds_a_connection_says_so_when_it_is_copied(client: type[synthserve.Client]) -> None:
    made = client("localhost:1")
    for thing in (made, made.rows("m"), made.images("m")):
        for use in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match=f"a {type(thing).__name__} holds a connection and cannot be pickled"):
                use(thing)
