"""What a connection may do, and for how long: the channel arguments of the server."""

from synthserve_server.settings.settings import Settings

LARGEST_RESPONSE = 64 << 20
"""Bytes of a response, as many as the Python client accepts. Only a single sample can be larger than 3 MiB."""

LARGEST_METADATA = 16 << 10
"""Bytes of the metadata of a request: room for a long signed token."""

SPARE_CALLS = 1000
"""How many calls a connection may have open beside as many streams as the server takes."""

WAITING_CALLS = 10_000
"""How many calls gRPC keeps until the event loop looks at them; at twice as many it ends the others."""

IDLE_SECONDS = 30 * 60
KEEPALIVE_SECONDS = 60
KEEPALIVE_TIMEOUT_SECONDS = 20
SHORTEST_PING_SECONDS = 20
PING_STRIKES = 2
HANDSHAKE_SECONDS = 20


def channel_options(settings: Settings, largest_request: int) -> list[tuple[str, int]]:
    """The channel arguments that go with the settings.

    Args:
        settings: The settings.
        largest_request: Bytes of a request, of the method that takes the largest ones.
    """
    options = [
        # Otherwise a second server on the same port starts without a word and gets half of the calls.
        ("grpc.so_reuseport", 0),
        # gRPC keeps a request in memory before anybody has looked at it.
        ("grpc.max_receive_message_length", largest_request),
        # Ends a stream whose sample no client takes with a status, instead of on the client's side with a riddle.
        ("grpc.max_send_message_length", LARGEST_RESPONSE),
        # One bound, not two: between a soft and a hard one gRPC refuses at random.
        ("grpc.max_metadata_size", LARGEST_METADATA),
        ("grpc.absolute_max_metadata_size", LARGEST_METADATA),
        # What a client has open beyond this waits in the client, or is refused by HTTP/2 (UNAVAILABLE) without details:
        # so it leaves room for calls that are being refused with them.
        ("grpc.max_concurrent_streams", settings.max_streams + SPARE_CALLS),
        # Beyond this calls end as CANCELLED, which tells nobody to try again: above what a connection or some can send.
        ("grpc.server.max_pending_requests", WAITING_CALLS),
        ("grpc.server.max_pending_requests_hard_limit", 2 * WAITING_CALLS),
        # A connection that never finishes its TLS handshake.
        ("grpc.server_handshake_timeout_ms", HANDSHAKE_SECONDS * 1000),
        # A client that vanished without a word keeps its places for at most this long, not for two hours.
        ("grpc.keepalive_time_ms", KEEPALIVE_SECONDS * 1000),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_SECONDS * 1000),
        # Also while it stands still and is sent nothing: gRPC's own two pings without data are soon used up.
        ("grpc.http2.max_pings_without_data", 0),
        # Clients may ask as often whether the server is there, with or without calls; who asks oftener is sent away.
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", SHORTEST_PING_SECONDS * 1000),
        ("grpc.http2.max_ping_strikes", PING_STRIKES),
        # Clients that have nothing to ask come back by themselves when they have.
        ("grpc.max_connection_idle_ms", IDLE_SECONDS * 1000),
    ]
    if settings.max_connection_age_seconds is not None:
        # Clients stay where they are connected, so new servers get no work without this. gRPC adds or takes up to a
        # tenth, so that they do not all come back at once. Without a grace the longest stream would hold its
        # connection; with it, it breaks and is resumed.
        options += [
            ("grpc.max_connection_age_ms", round(settings.max_connection_age_seconds * 1000)),
            ("grpc.max_connection_age_grace_ms", round(settings.grace_seconds * 1000)),
        ]
    return options
