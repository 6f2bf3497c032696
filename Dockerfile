# syntax=docker/dockerfile:1
# Build for CPUs:  docker build -t synthserve .
# For NVIDIA GPUs: docker build -t synthserve:cuda --build-arg ACCELERATOR=cuda .   (run with --gpus all)
ARG PYTHON=3.11
FROM python:${PYTHON}-slim AS build
ARG ACCELERATOR=cpu
WORKDIR /build
RUN python -m venv /opt/synthserve
ENV VIRTUAL_ENV=/opt/synthserve PATH=/opt/synthserve/bin:$PATH
COPY requirements requirements
RUN pip install --no-cache-dir --require-hashes -r requirements/uv.txt
RUN uv pip install --no-cache --require-hashes -r requirements/serve.txt \
 && if [ "$ACCELERATOR" = cuda ]; then uv pip install --no-cache --require-hashes -r requirements/cuda.txt; fi
COPY clients/python clients/python
COPY server server
RUN uv pip install --no-cache --no-deps --no-build-isolation ./clients/python ./server

FROM python:${PYTHON}-slim
RUN useradd --uid 1000 --create-home synthserve
COPY --from=build /opt/synthserve /opt/synthserve
COPY LICENSE /LICENSE
COPY exported /models
ENV PATH=/opt/synthserve/bin:$PATH PYTHONUNBUFFERED=1
USER 1000
EXPOSE 50051
ENTRYPOINT ["synthserve-server", "--model-repository", "/models", "--listen", "0.0.0.0:50051"]
CMD ["--log-format", "json", "--no-hints"]
