"""Wiring and life cycle: start, ready, drain, stop."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from grpc import aio
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from synthserve.v1 import model_pb2_grpc
from synthserve_server.catalogue import Catalogue, ReadyPackage
from synthserve_server.config import Settings, available_cores
from synthserve_server.connections import channel_options
from synthserve_server.encoding.processes import EncodingProcesses
from synthserve_server.interceptors.admission import Gate
from synthserve_server.interceptors.authentication import Authentication
from synthserve_server.interceptors.lifecycle import Lifecycle
from synthserve_server.interceptors.pipeline import Pipeline
from synthserve_server.interceptors.telemetry import CallTelemetry
from synthserve_server.limits.admission import Admission
from synthserve_server.limits.settings import quotas, rates
from synthserve_server.model_control import Mode
from synthserve_server.packages import Limits
from synthserve_server.polling import poll
from synthserve_server.repository import Repository
from synthserve_server.runtime import devices
from synthserve_server.runtime.messages import companions, make_together
from synthserve_server.runtime.scheduler import Scheduler
from synthserve_server.security.callers import Callers
from synthserve_server.security.principals import Administrators
from synthserve_server.security.tls import server_credentials
from synthserve_server.security.tokens import TokenFile
from synthserve_server.services import generation, models
from synthserve_server.services.health import ModelHealth
from synthserve_server.services.oip import service as oip
from synthserve_server.services.reflection import describing
from synthserve_server.telemetry.gauges import Gauges, ModelState
from synthserve_server.telemetry.setup import Telemetry

_log = structlog.get_logger()

_ENDING_SECONDS = 3.0
"""How long calls that are ended have to send their status."""


class ListenError(Exception):
    """The address cannot be listened on; the message is one sentence."""


@dataclass(frozen=True)
class Ready:
    """What a server tells once it serves."""

    host: str
    port: int
    catalogue: Catalogue


class Server:
    """A gRPC server with everything that it needs."""

    def __init__(self, settings: Settings) -> None:
        """Wires the parts; `start` brings them to life.

        Raises:
            ProviderError: The device that the settings ask for does not work.
            CredentialsError: A certificate, key or token file cannot be used.
        """
        chosen, why = devices.choose(settings.device)
        _log.info("device chosen", device=str(chosen), why=why, workers=settings.workers)
        self._settings = settings
        self._callers = _callers(settings)
        self._credentials = (
            server_credentials(settings.tls_certificate, settings.tls_key, settings.tls_client_ca)
            if settings.tls_certificate and settings.tls_key
            else None
        )
        self._repository = Repository(
            settings.model_repository,
            chosen,
            limits=Limits(settings.max_manifest_bytes, settings.max_graph_bytes, settings.warm_up_seconds),
            mode=settings.model_control_mode,
            wanted=settings.models_at_start,
        )
        self._reload = asyncio.Event()
        self._followers: list[asyncio.Task[None]] = []
        self._scheduler = Scheduler(settings.workers, make_together, companions)
        processes = _encoding_processes(settings, chosen)
        self._encoding = EncodingProcesses(processes) if processes else None
        self._lifecycle = Lifecycle()
        self._admission = Admission(settings.max_streams, quotas(settings), rates=rates(settings))
        self._health = ModelHealth()
        gauges = Gauges(self._states, self._has, lambda: self._scheduler.waiting, settings.workers)
        self._telemetry = Telemetry(settings.otlp_endpoint, settings.metrics_listen, gauges, str(chosen))
        admins = Administrators(frozenset(settings.admin_certificate), settings.local_admin)
        pipeline = Pipeline(
            CallTelemetry(self._telemetry.recorders),
            Authentication(admins, self._callers.find if self._callers else None),
            self._lifecycle,
            Gate(self._admission),
        )
        self._grpc = aio.server(interceptors=[pipeline], options=channel_options(settings))

    @property
    def active_calls(self) -> int:
        """How many calls to the services of this package are under way."""
        return self._lifecycle.active

    async def start(self) -> Ready:
        """Listens, loads the models and serves.

        Raises:
            ListenError: The address is taken or not of this machine.
        """
        host, _, port = self._settings.listen.rpartition(":")
        try:
            if credentials := self._credentials:
                bound = self._grpc.add_secure_port(f"{host}:{port}", credentials)
            else:
                bound = self._grpc.add_insecure_port(f"{host}:{port}")
        except RuntimeError:
            self._scheduler.close()
            raise ListenError(
                f"cannot listen on {self._settings.listen}: the port is taken or the host is not this one"
            ) from None
        try:
            self._telemetry.expose_metrics()
        except OSError:
            self._scheduler.close()
            raise ListenError(
                f"cannot listen on {self._settings.metrics_listen}, where metrics were to be read"
            ) from None
        if self._callers:
            await self._callers.start()
        await asyncio.to_thread(self._repository.load)
        catalogue = self._repository.catalogue
        service = generation.GenerationService(self._repository, self._scheduler, self._admission, self._encoding)
        self._grpc.add_generic_rpc_handlers((service.handler(),))
        model_pb2_grpc.add_ModelServiceServicer_to_server(models.ModelService(self._repository), self._grpc)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._grpc)
        services = [generation.SERVICE, models.SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME]
        if self._settings.oip:
            inference = oip.InferenceService(self._repository, self._scheduler, self._health, self._admission)
            self._grpc.add_generic_rpc_handlers((inference.handler(),))
            services.append(oip.SERVICE)
        if self._settings.reflection:
            reflection.enable_server_reflection(services, self._grpc, describing(services))
        await self._follow_repository()
        await self._grpc.start()
        _log.info("serving", host=host, port=bound, models=len(catalogue.served()), failed=_failures(catalogue))
        return Ready(host, bound, catalogue)

    def reload(self) -> None:
        """Has the repository looked at again, unless the mode is that it never is."""
        self._reload.set()

    def give_up_loading(self) -> None:
        """Has `start` come to its end soon."""
        self._repository.give_up()

    async def stop(self, grace_seconds: float, delay_seconds: float = 0.0) -> None:
        """Says that it does not serve any more, refuses new calls, lets the running ones finish, and stops.

        Args:
            grace_seconds: How long running calls may go on; they are ended then.
            delay_seconds: How long new calls are still taken, until it has got around that there should be none.
        """
        for task in self._followers:
            task.cancel()
        await self._health.enter_graceful_shutdown()
        await asyncio.sleep(delay_seconds)
        self._lifecycle.drain()
        _log.info("draining", calls=self._lifecycle.active, grace_seconds=grace_seconds)
        if not await self._lifecycle.idle(grace_seconds):
            _log.warning("grace is over, ending calls", calls=self._lifecycle.active)
            self._lifecycle.end()
            await self._lifecycle.idle(_ENDING_SECONDS)
        await self._grpc.stop(None)
        if self._callers:
            await self._callers.close()
        await asyncio.to_thread(self._scheduler.close)
        if self._encoding:
            await asyncio.to_thread(self._encoding.close)
        await self._repository.close()
        await asyncio.to_thread(self._telemetry.close)
        _log.info("stopped")

    async def _follow_repository(self) -> None:
        """Tells of the models' health, from now on whenever it changes, and looks at the folder as the mode says."""
        changed = asyncio.Event()
        self._repository.on_change = changed.set

        async def follow() -> None:
            while True:
                await changed.wait()
                changed.clear()
                await self._health.follow(self._repository.catalogue)

        await self._health.follow(self._repository.catalogue)
        self._followers.append(asyncio.create_task(follow()))
        mode = self._settings.model_control_mode
        if mode is not Mode.NONE:
            seconds = self._settings.repository_poll_seconds if mode is Mode.POLL else None
            self._followers.append(asyncio.create_task(poll(self._repository, seconds, self._reload)))

    def _states(self) -> Iterator[ModelState]:
        """The state of every version, for the metrics."""
        for package in self._repository.catalogue.packages:
            yield ModelState(package.id, package.version, package.state)

    def _has(self, model_id: str) -> bool:
        """Whether there is such a model."""
        return model_id in self._repository.catalogue.models


def _encoding_processes(settings: Settings, chosen: devices.Devices) -> int:
    if settings.encoding_processes is not None:
        return settings.encoding_processes
    return 0 if chosen == devices.CPU else available_cores()


def _callers(settings: Settings) -> Callers | None:
    """Those who may call with a token; None where no token is wanted.

    Raises:
        CredentialsError: The file of tokens or of keys cannot be used.
    """
    file = TokenFile(settings.token_file) if settings.token_file else None
    if not (settings.jwks and settings.jwt_issuer and settings.jwt_audience):
        return Callers(file, None) if file else None
    # Imported here: it takes a tenth of a second.
    from synthserve_server.security.key_sources import KeyEndpoint, KeyFile
    from synthserve_server.security.signed_tokens import SignedTokens

    keys = (
        KeyFile(settings.jwks)
        if isinstance(settings.jwks, Path)
        else KeyEndpoint(settings.jwks, settings.jwks_refresh_seconds)
    )
    signed = SignedTokens(
        keys, settings.jwt_issuer, settings.jwt_audience, settings.jwt_name_claim, settings.jwt_roles_claim
    )
    return Callers(file, signed)


async def run(settings: Settings, on_ready: Callable[[Ready], None]) -> bool:
    """Serves until SIGTERM or SIGINT, then drains; a SIGINT that comes while it drains ends that at once.

    A second SIGTERM does not: supervisors send it to a process and again to its group. SIGHUP has the models looked at
    again, where `--model-control-mode` lets them change. Once this is over, the process ignores these signals.

    Args:
        settings: The settings.
        on_ready: Called once the server serves.

    Returns:
        Whether the draining came to its end.

    Raises:
        ListenError: The address is taken or not of this machine.
        ProviderError: The device that the settings ask for does not work.
    """
    stopping, hurrying = asyncio.Event(), asyncio.Event()

    def interrupt() -> None:
        (hurrying if stopping.is_set() else stopping).set()

    server = Server(settings)
    actions = {signal.SIGTERM: stopping.set, signal.SIGINT: interrupt}
    if settings.model_control_mode is not Mode.NONE and hasattr(signal, "SIGHUP"):
        actions[signal.SIGHUP] = server.reload
    with _signals(actions):
        loading = asyncio.ensure_future(_give_up_loading(server, stopping))
        try:
            ready = await server.start()
            if not stopping.is_set():
                on_ready(ready)
            del ready  # it would keep every session that it lists
            await stopping.wait()
        except BaseException:
            await server.stop(0)
            raise
        finally:
            loading.cancel()
        return await _drain(server, settings, hurrying)


async def _give_up_loading(server: Server, stopping: asyncio.Event) -> None:
    await stopping.wait()
    server.give_up_loading()


async def _drain(server: Server, settings: Settings, hurrying: asyncio.Event) -> bool:
    """Stops the server, at once when `hurrying` is set on the way; whether it did not come to that."""
    draining = asyncio.ensure_future(server.stop(settings.grace_seconds, settings.drain_delay_seconds))
    forcing = asyncio.ensure_future(hurrying.wait())
    await asyncio.wait((draining, forcing), return_when=asyncio.FIRST_COMPLETED)
    forcing.cancel()
    if draining.done():
        await draining
        return True
    draining.cancel()
    await asyncio.wait((draining,))
    await server.stop(0)
    return False


@contextmanager
def _signals(actions: dict[signal.Signals, Callable[[], None]]) -> Iterator[None]:
    """Has actions called in the event loop whenever their signals come. Afterwards these signals are ignored.

    A loop that closes gives them their default actions back, so that the second SIGTERM of a supervisor would kill a
    process that has done all its work.
    """
    loop = asyncio.get_running_loop()
    for number, act in actions.items():
        try:
            loop.add_signal_handler(number, act)
        except NotImplementedError:  # The loops of Windows.
            signal.signal(number, lambda *_, act=act: loop.call_soon_threadsafe(act))
    try:
        yield
    finally:
        for number in actions:
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)


def _failures(catalogue: Catalogue) -> int:
    every = (package for versions in catalogue.models.values() for package in versions)
    return sum(not isinstance(package, ReadyPackage) for package in every)
