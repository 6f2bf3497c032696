"""The HTTP port for Prometheus."""

import socket
import threading
from collections.abc import Callable, Iterable
from wsgiref.simple_server import WSGIRequestHandler

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from synthserve_server.settings.addresses import Address
from synthserve_server.system import listening

_PATIENCE = 10.0
"""Seconds after which a silent connection is closed, so that its thread ends."""

_POLL = 0.1
"""Seconds between two checks of a server's thread whether to stop."""


class _Handler(WSGIRequestHandler):
    """Answers without logging."""

    timeout = _PATIENCE

    def log_message(self, *_: object) -> None:
        """Logs nothing."""


class MetricsPort:
    """HTTP servers in their own threads, so that a busy event loop delays no answer."""

    def __init__(self, address: Address, registry: CollectorRegistry) -> None:
        """Listens and answers.

        Args:
            address: Where to listen; port 0 chooses a free port.
            registry: The metrics.

        Raises:
            ListenError: An address is in use, or not one of this machine.
        """
        answer = make_wsgi_app(registry)
        self._servers = [_server(one, answer) for one in listening.bound(address).values()]
        self.port = self._servers[0].server_port
        self._threads = [
            threading.Thread(target=server.serve_forever, args=(_POLL,), name="metrics", daemon=True)
            for server in self._servers
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stops answering."""
        for server in self._servers:
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join()


def _server(bound: socket.socket, answer: Callable[..., Iterable[bytes]]) -> ThreadingWSGIServer:
    """A server on a bound socket."""
    server = ThreadingWSGIServer(bound.getsockname()[:2], _Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = bound
    server.server_name, server.server_port = bound.getsockname()[:2]
    server.setup_environ()
    server.set_app(answer)
    server.server_activate()
    return server
