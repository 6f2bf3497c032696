# syntax=docker/dockerfile:1
# Build for CPUs:  docker build -t synthserve .
# For NVIDIA GPUs: docker build -t synthserve:cuda --build-arg ACCELERATOR=cuda .   (run with --gpus all)
# Run:             docker run --stop-timeout 40 -p 127.0.0.1:50051:50051 synthserve
# For other machines, mount a certificate, and add --tls-certificate FILE --tls-key FILE; the health check below speaks plain
# text only, so turn it off then (--no-healthcheck) and let the orchestrator's own probe grpc.health.v1 over TLS.
# A stop gives running streams 30 seconds (--grace-seconds); docker kills after 10 unless --stop-timeout is longer.
ARG PYTHON=3.11
FROM python:${PYTHON}-slim AS build
ARG ACCELERATOR=cpu
WORKDIR /build
COPY requirements requirements
RUN pip install --no-cache-dir --require-hashes -r requirements/uv.txt
# As constraints the locks pin versions and hashes, but install only what is asked for: no build tools, no pandas.
ENV UV_NO_CACHE=1 UV_CONSTRAINT=requirements/serve.txt
RUN uv venv tools && uv pip install --python tools hatchling && uv venv /opt/synthserve
COPY clients/python clients/python
COPY server server
RUN (cd clients/python && /build/tools/bin/hatchling build -t wheel -d /build/wheels) \
 && (cd server && /build/tools/bin/hatchling build -t wheel -d /build/wheels) \
 && uv pip install --python /opt/synthserve wheels/*.whl \
 && if [ "$ACCELERATOR" = cuda ]; then \
      uv pip install --python /opt/synthserve --require-hashes -r requirements/cuda.txt; fi

FROM python:${PYTHON}-slim
RUN useradd --uid 1000 --create-home synthserve
COPY --from=build /opt/synthserve /opt/synthserve
COPY LICENSE /LICENSE
COPY exported /models
# Inside of a container every address but loopback is one that others can reach: who publishes the port decides.
ENV PATH=/opt/synthserve/bin:$PATH PYTHONUNBUFFERED=1 SYNTHSERVE_INSECURE=true
USER 1000
EXPOSE 50051
HEALTHCHECK --start-period=60s --timeout=10s CMD ["python", "-c", "import grpc; from grpc_health.v1 import health_pb2 as health, health_pb2_grpc as stubs; channel = grpc.insecure_channel('127.0.0.1:50051'); answer = stubs.HealthStub(channel).Check(health.HealthCheckRequest(), timeout=5); raise SystemExit(answer.status != health.HealthCheckResponse.SERVING)"]
ENTRYPOINT ["synthserve-server", "--model-repository", "/models", "--listen", "0.0.0.0:50051"]
CMD ["--log-format", "json", "--no-hints"]
