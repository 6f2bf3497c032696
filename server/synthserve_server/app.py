"""Wires the server, and controls its life cycle: start, ready, drain, stop."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog
from google.protobuf.descriptor import ServiceDescriptor
from grpc import aio
from grpc_health.v1 import health, health_pb2_grpc

from synthserve_core.compute import devices
from synthserve_core.packages.reading import PackageLimits
from synthserve_core.system import signals
from synthserve_core.system.cores import available_cores
from synthserve_server.calls.admission import Gate
from synthserve_server.calls.authentication import Authentication
from synthserve_server.calls.lifecycle import Lifecycle
from synthserve_server.calls.pipeline import Pipeline
from synthserve_server.calls.telemetry import CallTelemetry
from synthserve_server.connections import channel_options
from synthserve_server.limits.admission import Admission
from synthserve_server.limits.settings import quotas, rates, without_caller
from synthserve_server.models.catalogue import Catalogue, ReadyPackage
from synthserve_server.models.control import Mode
from synthserve_server.models.polling import poll
from synthserve_server.models.repository import Repository
from synthserve_server.rpcs import Rpc, registry
from synthserve_server.scheduling.encoding_processes import EncodingProcesses
from synthserve_server.scheduling.jobs import batch_of, perform
from synthserve_server.scheduling.scheduler import Load, Scheduler
from synthserve_server.security import tokens
from synthserve_server.security.callers import Callers
from synthserve_server.security.principals import ANYBODY, Administrators
from synthserve_server.security.tls.credentials import server_credentials
from synthserve_server.security.tokens import TokenFile
from synthserve_server.services import models, reflection
from synthserve_server.services.generation import service as generation
from synthserve_server.services.health import ModelHealth
from synthserve_server.services.oip import service as oip
from synthserve_server.settings.addresses import Address
from synthserve_server.settings.settings import Settings
from synthserve_server.system import listening
from synthserve_server.system.listening import ListenError
from synthserve_server.telemetry.gauges import Gauges, ModelState
from synthserve_server.telemetry.setup import Telemetry

__all__ = ["ListenError", "Ready", "Server", "run"]

_log = structlog.get_logger()

_ENDING_SECONDS = 3.0
"""How long calls that the server ends have to send their status."""


@dataclass(frozen=True)
class Ready:
    """The state of a server that has started to serve."""

    host: str
    port: int
    catalogue: Catalogue


@dataclass(frozen=True)
class ServerLoad:
    """The load of a server.

    Attributes:
        calls: How many calls to the services of this package are running.
        streams: How many of them compute.
        draining: Whether it refuses new calls.
        scheduler: The load of its workers.
    """

    calls: int
    streams: int
    draining: bool
    scheduler: Load

    @property
    def busy(self) -> bool:
        """Whether a call is running, or a worker computes."""
        return bool(self.calls or self.scheduler.busy)


class Server:
    """A gRPC server with all its parts."""

    def __init__(self, settings: Settings) -> None:
        """Wires the parts; `start` starts them.

        Raises:
            ProviderError: The device in the settings does not work.
            CredentialsError: A certificate, key or token file cannot be used.
        """
        chosen, why = devices.choose(settings.device)
        _log.info("device chosen", device=str(chosen), why=why, workers=settings.workers)
        self._settings = settings
        self._callers = _callers(settings)
        for name, meant in without_caller(settings, _names(settings)):
            _log.warning("limits for an unknown caller", name=name, did_you_mean=meant)
        self._credentials = (
            server_credentials(settings.tls_certificate, settings.tls_key, settings.tls_client_ca)
            if settings.tls_certificate and settings.tls_key
            else None
        )
        self._repository = Repository(
            settings.model_repository,
            chosen,
            limits=PackageLimits(settings.max_manifest_bytes, settings.max_graph_bytes, settings.warm_up_seconds),
            mode=settings.model_control_mode,
            wanted=settings.models_at_start,
        )
        self._reload = asyncio.Event()
        self._followers: list[asyncio.Task[None]] = []
        self._scheduler = Scheduler(settings.workers, perform, batch_of)
        processes = _encoding_processes(settings, chosen)
        self._encoding = EncodingProcesses(processes) if processes else None
        self._lifecycle = Lifecycle()
        self._admission = Admission(settings.max_streams, quotas(settings), rates=rates(settings))
        self._health = ModelHealth()
        gauges = Gauges(self._states, self._has, lambda: self._scheduler.load().waiting, settings.workers)
        self._telemetry = Telemetry(settings.otlp_endpoint, settings.metrics_address, gauges, str(chosen))
        admins = Administrators(frozenset(settings.admin_certificate), settings.local_admin)
        pipeline = Pipeline(
            CallTelemetry(self._telemetry.recorders),
            Authentication(admins, self._callers.find if self._callers else None),
            self._lifecycle,
            Gate(self._admission),
            open_services=(health.SERVICE_NAME,),
        )
        rpcs = registry(*self._declared())
        pipeline.serve(rpcs)
        largest = max(rpc.largest_request for rpc in rpcs.values())
        self._grpc = aio.server(interceptors=[pipeline], options=channel_options(settings, largest))

    def load(self) -> ServerLoad:
        """The current load."""
        calls = self._lifecycle
        return ServerLoad(calls.active, self._admission.streams, calls.draining, self._scheduler.load())

    def _declared(self) -> tuple[list[ServiceDescriptor], list[Rpc]]:
        """The services of this package, and their methods."""
        own = generation.GenerationService(self._repository, self._scheduler, self._admission, self._encoding)
        services = [generation.DESCRIPTOR, models.DESCRIPTOR]
        rpcs = [*own.rpcs(), *models.ModelService(self._repository).rpcs()]
        if self._settings.oip:
            inference = oip.InferenceService(self._repository, self._scheduler, self._health, self._admission)
            services.append(oip.DESCRIPTOR)
            rpcs += inference.rpcs()
        self._services = [service.full_name for service in services]
        return services, rpcs

    async def start(self) -> Ready:
        """Listens, loads the models and serves.

        Raises:
            ListenError: An address is in use, or not one of this machine.
        """
        address = self._settings.address
        try:
            bound = self._listen(await asyncio.to_thread(listening.places, address))
            await asyncio.to_thread(self._telemetry.expose_metrics)
        except ListenError:
            self._scheduler.close()
            raise
        if self._callers:
            await self._callers.start()
        await asyncio.to_thread(self._repository.load)
        catalogue = self._repository.catalogue
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._grpc)
        services = [*self._services, health.SERVICE_NAME]
        if self._settings.reflection:
            services += reflection.SERVICES
            self._grpc.add_generic_rpc_handlers(tuple(reflection.handlers(services)))
        await self._health.serve(services)
        await self._follow_repository()
        await self._grpc.start()
        _log.info(
            "serving",
            host=address.written_host,
            port=bound,
            models=len(catalogue.served()),
            failed=_failures(catalogue),
        )
        return Ready(address.written_host, bound, catalogue)

    def _listen(self, places: Iterable[Address]) -> int:
        """Makes gRPC listen at all places; returns their common port."""
        port = 0
        for place in places:
            try:
                if credentials := self._credentials:
                    port = self._grpc.add_secure_port(str(place), credentials)
                else:
                    port = self._grpc.add_insecure_port(str(place))
            except RuntimeError as error:
                raise ListenError(f"cannot listen on {place}: {error}") from None
        return port

    def reload(self) -> None:
        """Checks the repository for changes, unless the mode is `none`."""
        self._reload.set()

    def give_up_loading(self) -> None:
        """Makes `start` return soon."""
        self._repository.give_up()

    async def stop(self, grace_seconds: float, delay_seconds: float = 0.0) -> None:
        """Reports NOT_SERVING, refuses new calls, lets the running ones finish, and stops.

        Args:
            grace_seconds: How long running calls may continue before the server ends them.
            delay_seconds: How long new calls are still accepted, until clients and load balancers see NOT_SERVING.
        """
        for task in self._followers:
            task.cancel()
        await self._health.enter_graceful_shutdown()
        await asyncio.sleep(delay_seconds)
        self._lifecycle.drain()
        _log.info("draining", calls=self._lifecycle.active, grace_seconds=grace_seconds)
        if not await self._lifecycle.idle(grace_seconds):
            _log.warning("grace period over, ending calls", calls=self._lifecycle.active)
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
        """Keeps the models' health up to date, and checks the repository for changes as the mode says."""
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
    """Finds callers by their tokens; None if no token is required.

    Raises:
        CredentialsError: The file of tokens or of keys cannot be used.
    """
    file = TokenFile(settings.token_file) if settings.token_file else None
    if not (settings.jwks and settings.jwt_issuer and settings.jwt_audience):
        return Callers(file, None) if file else None
    # Imported only if needed: it takes a tenth of a second.
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


def _names(settings: Settings) -> Iterable[str]:
    """The names of all callers. Where an issuer or authority assigns names, those with limits are assumed to exist."""
    if settings.jwks or settings.tls_client_ca:
        return settings.limits
    if settings.token_file:
        return [principal.name for principal in tokens.parse(settings.token_file).values()]
    return [ANYBODY.name]


async def run(settings: Settings, on_ready: Callable[[Ready], None]) -> bool:
    """Serves until a signal stops the server, then drains.

    SIGTERM, SIGINT and SIGHUP start draining. A SIGINT while draining ends it at once; a second SIGTERM does not, as
    supervisors send it to a process and again to its group. SIGQUIT stops the server without draining. If
    `--model-control-mode` lets the models change, SIGHUP checks the repository for changes instead. After `run`
    returns, the process ignores these signals.

    Args:
        settings: The settings.
        on_ready: Called once the server serves.

    Returns:
        Whether draining completed.

    Raises:
        ListenError: An address is in use, or not one of this machine.
        ProviderError: The device in the settings does not work.
    """
    stopping, hurrying = asyncio.Event(), asyncio.Event()

    def interrupt() -> None:
        (hurrying if stopping.is_set() else stopping).set()

    def end_at_once() -> None:
        stopping.set()
        hurrying.set()

    server = Server(settings)
    actions = {"SIGTERM": stopping.set, "SIGINT": interrupt, "SIGQUIT": end_at_once}
    if settings.model_control_mode is not Mode.NONE:
        actions["SIGHUP"] = server.reload
    elif not signals.is_ignored("SIGHUP"):  # a server started by nohup outlives its terminal
        actions["SIGHUP"] = stopping.set
    with signals.handled(asyncio.get_running_loop(), actions):
        loading = asyncio.ensure_future(_give_up_loading(server, stopping))
        try:
            ready = await server.start()
            if not stopping.is_set():
                on_ready(ready)
            del ready  # it holds the catalogue, and so every session
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
    """Stops the server, at once if `hurrying` is or gets set; returns whether draining completed."""
    if hurrying.is_set():
        await server.stop(0)
        return False
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


def _failures(catalogue: Catalogue) -> int:
    every = (package for versions in catalogue.models.values() for package in versions)
    return sum(not isinstance(package, ReadyPackage) for package in every)
