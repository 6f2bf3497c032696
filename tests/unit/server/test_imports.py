"""The environment of `make test` holds more than a server may need."""

import json
import subprocess
import sys

LOOK = """
import json, sys
import synthserve_server.app, synthserve_server.cli
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def test_the_server_imports_none_of_the_large_libraries() -> None:
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)
    imported = set(json.loads(done.stdout))
    assert {"grpc", "onnxruntime"} <= imported
    assert not imported & {"tensorflow", "keras", "torch", "pandas", "sklearn", "matplotlib", "synthserve_training"}
