import json

from synthserve.v1.manifest_pb2 import Manifest
from synthserve_training.export.manifest import to_json


def test_manifest_is_the_same_text_each_time() -> None:
    names = [f"package-{number:02}" for number in range(50)]
    manifest = Manifest(model="m", provenance={"packages": dict.fromkeys(reversed(names), "1")})
    assert list(json.loads(to_json(manifest))["provenance"]["packages"]) == names
    assert json.loads(to_json(Manifest(model="m"))) == {"model": "m"}
