"""Tells the calls who has the role of an administrator."""

from typing import Any

from grpc import aio

from synthserve_server.security.principals import Administrators, administrators


class Administration(aio.ServerInterceptor):
    """Sets `principals.administrators` for each call: what a call may do is known where its caller is."""

    def __init__(self, admins: Administrators) -> None:
        """Notes who they are."""
        self._admins = admins

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:  # noqa: ANN401 - grpc's types are loose.
        """Sets them, and leaves the handler as it is."""
        administrators.set(self._admins)
        return await continuation(handler_call_details)
