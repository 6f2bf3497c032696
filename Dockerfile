# syntax=docker/dockerfile:1
# For CPUs:         docker build -t synthserve .
# For NVIDIA GPUs:  docker build -t synthserve:cuda --target cuda .     (run with --gpus all)
# Run:              docker run --read-only --stop-timeout 40 -p 127.0.0.1:50051:50051 synthserve
# A stop gives running streams 30 seconds (--grace-seconds); docker kills after 10 unless --stop-timeout is longer.
#
# The server's settings are variables here, so that the health check knows them, too: over TLS, for example,
#   docker run -v /etc/synthserve:/tls:ro -e SYNTHSERVE_TLS_CERTIFICATE=/tls/chain.pem -e SYNTHSERVE_TLS_KEY=/tls/key.pem …
# What is given behind the image's name are flags of synthserve-server, which go before variables.
#
# The base gets security fixes under its tag; what is installed into it is locked by version and hash.
ARG BASE=python:3.11-slim-trixie

FROM ${BASE} AS build
WORKDIR /build
COPY requirements/uv.txt requirements/uv.txt
RUN pip install --no-cache-dir --require-hashes -r requirements/uv.txt
# As constraints the locks pin versions and hashes, but install only what is asked for: no build tools, no pandas. Bytecode
# is compiled here, since a read-only container could not keep what it compiles.
ENV UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1 UV_CONSTRAINT=requirements/serve.txt
COPY requirements requirements
RUN uv venv tools && uv pip install --python tools hatchling && uv venv /opt/synthserve
COPY clients/python clients/python
COPY server server
RUN uv build --quiet --wheel --no-build-isolation --python tools --out-dir wheels clients/python \
 && uv build --quiet --wheel --no-build-isolation --python tools --out-dir wheels server/core \
 && uv build --quiet --wheel --no-build-isolation --python tools --out-dir wheels server \
 && uv pip install --python /opt/synthserve wheels/*.whl

FROM build AS build-cuda
RUN uv pip install --python /opt/synthserve --require-hashes -r requirements/cuda.txt

# What both targets have but the environment. Nothing is installed into a container that runs: it needs no pip.
FROM ${BASE} AS runtime
RUN pip uninstall --yes --no-input setuptools wheel pip
LABEL org.opencontainers.image.title="synthserve" \
      org.opencontainers.image.description="Streams what generative models generate, over gRPC, from ONNX packages" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY LICENSE /LICENSE
COPY exported /models
# Inside of a container every address but loopback is one that others can reach: who publishes the port decides.
ENV PATH=/opt/synthserve/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    SYNTHSERVE_MODEL_REPOSITORY=/models SYNTHSERVE_LISTEN=0.0.0.0:50051 SYNTHSERVE_INSECURE=true \
    SYNTHSERVE_LOG_FORMAT=json SYNTHSERVE_HINTS=false
# A number, so that Kubernetes sees that it is not root; nobody has to be in /etc/passwd to serve.
USER 65532:65532
EXPOSE 50051
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=60s --interval=30s --timeout=10s CMD ["synthserve-health"]
ENTRYPOINT ["synthserve-server"]

FROM runtime AS cuda
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=build-cuda /opt/synthserve /opt/synthserve

FROM runtime AS cpu
COPY --from=build /opt/synthserve /opt/synthserve
