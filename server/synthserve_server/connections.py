"""The limits of a connection: the channel arguments of the server."""

from synthserve_server.settings.settings import Settings

LARGEST_RESPONSE = 64 << 20
"""The most bytes of a response, which the Python client accepts. Only a single sample can exceed 3 MiB."""

LARGEST_METADATA = 16 << 10
"""The most bytes of the metadata of a request: room for a long signed token."""

SPARE_CALLS = 1000
"""How many open calls a connection may have in addition to the most streams that the server admits."""

WAITING_CALLS = 10_000
"""How many calls gRPC queues for the event loop; at twice as many it ends further ones."""

IDLE_SECONDS = 30 * 60
KEEPALIVE_SECONDS = 60
KEEPALIVE_TIMEOUT_SECONDS = 20
SHORTEST_PING_SECONDS = 20
PING_STRIKES = 2
HANDSHAKE_SECONDS = 20


def channel_options(settings: Settings, largest_request: int) -> list[tuple[str, int]]:
    """The channel arguments for the settings.

    Args:
        settings: The settings.
        largest_request: The most bytes of a request to any method.
    """
    options = [
        # Otherwise a second server on the same port would start without an error and get half of the calls.
        ("grpc.so_reuseport", 0),
        # gRPC holds a request in memory before the server can check it.
        ("grpc.max_receive_message_length", largest_request),
        # Ends a stream whose sample is too large for clients with a clear status here, not an obscure one there.
        ("grpc.max_send_message_length", LARGEST_RESPONSE),
        # Both bounds are equal: between a soft and a hard one gRPC refuses at random.
        ("grpc.max_metadata_size", LARGEST_METADATA),
        ("grpc.absolute_max_metadata_size", LARGEST_METADATA),
        # Calls beyond this wait in the client, or HTTP/2 refuses them (UNAVAILABLE) without details. The spare calls
        # leave room for the server to refuse calls with details.
        ("grpc.max_concurrent_streams", settings.max_streams + SPARE_CALLS),
        # Calls beyond this end as CANCELLED, which clients do not retry: more than a few connections can send.
        ("grpc.server.max_pending_requests", WAITING_CALLS),
        ("grpc.server.max_pending_requests_hard_limit", 2 * WAITING_CALLS),
        # Ends connections that never finish the TLS handshake.
        ("grpc.server_handshake_timeout_ms", HANDSHAKE_SECONDS * 1000),
        # A client that vanished keeps its streams for at most this long, not for two hours.
        ("grpc.keepalive_time_ms", KEEPALIVE_SECONDS * 1000),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_SECONDS * 1000),
        # Pings continue while no data flows: gRPC's default of two pings without data is soon used up.
        ("grpc.http2.max_pings_without_data", 0),
        # Clients may ping this often, with or without calls; more frequent pings end the connection.
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", SHORTEST_PING_SECONDS * 1000),
        ("grpc.http2.max_ping_strikes", PING_STRIKES),
        # Idle clients reconnect by themselves for their next call.
        ("grpc.max_connection_idle_ms", IDLE_SECONDS * 1000),
    ]
    if settings.max_connection_age_seconds is not None:
        # Clients keep their connections, so new servers get no work without this. gRPC varies the age by up to a tenth,
        # so that clients do not all reconnect at once. Without a grace period the longest stream would hold its
        # connection; with one, the stream breaks and the client resumes it.
        options += [
            ("grpc.max_connection_age_ms", round(settings.max_connection_age_seconds * 1000)),
            ("grpc.max_connection_age_grace_ms", round(settings.grace_seconds * 1000)),
        ]
    return options
