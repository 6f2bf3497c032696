"""The port that Prometheus reads the metrics from."""

import socket
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

_PATIENCE = 10.0
"""Seconds that a connection can be silent before its thread is taken away from it."""

_POLL = 0.1
"""How often the thread looks whether it is to stop, in seconds."""


class _Handler(WSGIRequestHandler):
    """Answers without a word in the log."""

    timeout = _PATIENCE

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class MetricsPort:
    """An HTTP server in threads of its own, so that a busy event loop delays no answer."""

    def __init__(self, host: str, port: int, registry: CollectorRegistry) -> None:
        """Listens and answers.

        Args:
            host: Where to listen.
            port: Where to listen; 0 takes a free one.
            registry: What to answer.

        Raises:
            OSError: The address is taken, or not of this machine.
        """
        family, *_, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]

        class Server(ThreadingWSGIServer):
            address_family = family

        self._server = make_server(str(address[0]), port, make_wsgi_app(registry), Server, handler_class=_Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._serve, name="metrics", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        self._server.serve_forever(_POLL)

    def close(self) -> None:
        """Stops answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
