"""The environment of `make test` holds more than a server may need."""

import json
import subprocess
import sys
from pathlib import Path

LOOK = """
import json, sys
import synthserve_server.app, synthserve_server.commands.serve
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


START = """
import asyncio, json, sys
from pathlib import Path
from synthserve_server import app
from synthserve_server.settings import settings as config

async def start():
    server = app.Server(config.load({"model_repository": Path(sys.argv[1]), "listen": "127.0.0.1:0"}))
    await server.start()
    await server.stop(0)

asyncio.run(start())
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def test_telemetry_that_is_off_is_not_imported(tmp_path: Path) -> None:
    command = [sys.executable, "-c", START, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    imported = set(json.loads(done.stdout.splitlines()[-1]))
    assert "grpc" in imported
    assert not imported & {"prometheus_client", "opentelemetry"}


def test_the_server_imports_none_of_the_large_libraries() -> None:
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)
    imported = set(json.loads(done.stdout))
    assert {"grpc", "onnxruntime"} <= imported
    assert not imported & {"tensorflow", "keras", "torch", "pandas", "sklearn", "matplotlib", "synthserve_training"}


def test_an_encoding_process_imports_no_more_than_it_needs() -> None:
    # Polars would also handle SIGINT, which these processes ignore.
    look = "import json, sys, synthserve_server.services.generation.image_encoder; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    imported = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert "numpy" in imported
    assert not imported & {"polars", "pyarrow", "onnxruntime", "grpc", "pydantic", "structlog"}
