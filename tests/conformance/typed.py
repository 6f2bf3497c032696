"""The model of the vectors that has columns and conditions of every type, in format 2.

As in `models`, every value is computed by operations that IEEE 754 or integer arithmetic define exactly, so that no
kernel can round another way. `cells` computes the same with NumPy alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from tests.conformance.digests import Cells

NAME = "conformance-types"

KINDS = ("Zürich", "東京", "🌻", "a,b;c", 'say "hi"', "")
TEXTS = ("Ada", "Grace Hopper", "Émilie", "李", "two\nlines")
TEXT_BYTES = 16
NOISE = 8
WORDS = 1 << 24
DAY = 86_400_000_000
SEEN_FROM = 1_500_000_000_000_000
LOCAL_FROM = -719_162 * DAY
LOCAL_DAYS = 3_000_000

RANGES = {"amount": "COLUMN_TYPE_DOUBLE", "age": "COLUMN_TYPE_INT64", "born": "", "seen": ""}

Range = tuple[float, float]
UNSET: Range = (-np.inf, np.inf)


def _padded(texts: Sequence[str], length: int) -> NDArray[np.uint8]:
    padded = np.zeros((len(texts), length), np.uint8)
    for row, text in zip(padded, texts, strict=True):
        row[: len(text.encode())] = list(text.encode())
    return padded


def _number(name: str, drawn: str, missing: str, to: int) -> list[Any]:
    """A drawn number (double) that is kept in the range of the condition, and missing as the range or chance has it."""
    node = helper.make_node
    return [
        node("Gather", [f"range {name}", "zero"], [f"{name} low"], axis=1),
        node("Gather", [f"range {name}", "one"], [f"{name} high"], axis=1),
        node("IsNaN", [f"{name} low"], [f"{name} never"]),
        node("Where", [f"{name} never", "infinitely low", f"{name} low"], [f"{name} least"]),
        node("Where", [f"{name} never", "infinitely high", f"{name} high"], [f"{name} most"]),
        node("Max", [drawn, f"{name} least"], [f"{name} raised"]),
        node("Min", [f"{name} raised", f"{name} most"], [f"{name} kept"]),
        node("Cast", [f"{name} kept"], [f"out {name}"], to=to),
        node("IsInf", [f"{name} low"], [f"{name} open below"]),
        node("IsInf", [f"{name} high"], [f"{name} open above"]),
        node("And", [f"{name} open below", f"{name} open above"], [f"{name} unset"]),
        node("And", [f"{name} unset", missing], [f"{name} by chance"]),
        node("Or", [f"{name} never", f"{name} by chance"], [f"{name} absent"]),
        node("Not", [f"{name} absent"], [f"has {name}"]),
    ]


def _chosen(name: str, drawn: str) -> list[Any]:
    """The drawn one of the allowed values of a SET, by its place among these."""
    node = helper.make_node
    return [
        node("Cast", [f"set {name}"], [f"{name} allowed"], to=TensorProto.INT64),
        node("ReduceSum", [f"{name} allowed", "axis 1"], [f"{name} count"], keepdims=1),
        node("Mod", [drawn, f"{name} count"], [f"{name} rank"]),
        node("CumSum", [f"{name} allowed", "one"], [f"{name} ranks"]),
        node("Sub", [f"{name} ranks", "one"], [f"{name} from 0"]),
        node("Equal", [f"{name} from 0", f"{name} rank"], [f"{name} at rank"]),
        node("And", [f"{name} at rank", f"set {name}"], [f"{name} here"]),
        node("Cast", [f"{name} here"], [f"{name} number"], to=TensorProto.INT32),
        node("ArgMax", [f"{name} number"], [f"{name} place"], axis=1, keepdims=0),
    ]


def graph() -> bytes:
    """The ONNX model."""
    node = helper.make_node
    words = [f"w{i}" for i in range(NOISE)]
    nodes = [
        node("Mul", ["uniform", "words"], ["scaled"]),
        node("Cast", ["scaled"], ["whole"], to=TensorProto.INT64),
        *[node("Gather", ["whole", f"place {i}"], [word], axis=1) for i, word in enumerate(words)],
        node("Add", ["index", "thousand"], ["out key"]),
        node("Mod", ["w0", "hundred thousand"], ["cents"]),
        node("Cast", ["cents"], ["cents double"], to=TensorProto.DOUBLE),
        node("Div", ["cents double", "hundred double"], ["amount drawn"]),
        node("Mod", ["w1", "ten"], ["tenth"]),
        node("Equal", ["tenth", "zero"], ["seldom"]),
        *_number("amount", "amount drawn", "seldom", TensorProto.DOUBLE),
        node("Mod", ["w2", "hundred"], ["years"]),
        node("Cast", ["years"], ["age drawn"], to=TensorProto.DOUBLE),
        *_number("age", "age drawn", "seldom", TensorProto.INT64),
        node("Mod", ["w5", "days"], ["day"]),
        node("Sub", ["day", "earlier"], ["day from 1970"]),
        node("Cast", ["day from 1970"], ["born drawn"], to=TensorProto.DOUBLE),
        *_number("born", "born drawn", "seldom", TensorProto.INT32),
        node("Mul", ["w6", "words whole"], ["high"]),
        node("Add", ["high", "w7"], ["microseconds"]),
        node("Add", ["microseconds", "seen from"], ["moment"]),
        node("Cast", ["moment"], ["seen drawn"], to=TensorProto.DOUBLE),
        *_number("seen", "seen drawn", "seldom", TensorProto.INT64),
        node("Unsqueeze", ["w3", "axis 1"], ["w3 column"]),
        *_chosen("kind", "w3 column"),
        node("Less", ["kind place", "kinds"], ["has kind"]),
        node("Cast", ["kind place"], ["out kind"], to=TensorProto.INT32),
        node("Unsqueeze", ["w4", "axis 1"], ["w4 column"]),
        *_chosen("open", "w4 column"),
        node("Cast", ["open place"], ["out open"], to=TensorProto.BOOL),
        node("Mod", ["w4", "texts"], ["text"]),
        node("Gather", ["bytes", "text"], ["out name"], axis=0),
        node("Mod", ["w4", "seven"], ["seventh"]),
        node("Greater", ["seventh", "zero"], ["has name"]),
        node("Mod", ["w7", "local days"], ["local day"]),
        node("Mul", ["local day", "day length"], ["local midnight"]),
        node("Add", ["local midnight", "local from"], ["local start"]),
        node("Add", ["local start", "w6"], ["out local"]),
    ]
    constants = {
        "words": np.float32(WORDS),
        **{f"place {i}": np.int64(i) for i in range(NOISE)},
        "zero": np.int64(0),
        "one": np.int64(1),
        "seven": np.int64(7),
        "ten": np.int64(10),
        "hundred": np.int64(100),
        "thousand": np.int64(1000),
        "hundred thousand": np.int64(100_001),
        "hundred double": np.float64(100),
        "infinitely low": np.float64(-np.inf),
        "infinitely high": np.float64(np.inf),
        "axis 1": np.array([1], np.int64),
        "days": np.int64(40_000),
        "earlier": np.int64(10_000),
        "words whole": np.int64(WORDS),
        "seen from": np.int64(SEEN_FROM),
        "kinds": np.int64(len(KINDS)),
        "texts": np.int64(len(TEXTS)),
        "bytes": _padded(TEXTS, TEXT_BYTES),
        "local days": np.int64(LOCAL_DAYS),
        "day length": np.int64(DAY),
        "local from": np.int64(LOCAL_FROM),
    }
    inputs: list[Any] = [
        ("uniform", TensorProto.FLOAT, ["batch", NOISE]),
        ("index", TensorProto.INT64, ["batch"]),
        ("set kind", TensorProto.BOOL, [1, len(KINDS) + 1]),
        ("set open", TensorProto.BOOL, ["batch", 2]),
        *((f"range {name}", TensorProto.DOUBLE, [1, 2]) for name in RANGES),
    ]
    outputs: list[Any] = [
        ("out key", TensorProto.INT64, ["batch"]),
        ("out amount", TensorProto.DOUBLE, ["batch"]),
        ("out age", TensorProto.INT64, ["batch"]),
        ("out kind", TensorProto.INT32, ["batch"]),
        ("out open", TensorProto.BOOL, ["batch"]),
        ("out name", TensorProto.UINT8, ["batch", TEXT_BYTES]),
        ("out born", TensorProto.INT32, ["batch"]),
        ("out seen", TensorProto.INT64, ["batch"]),
        ("out local", TensorProto.INT64, ["batch"]),
        *((f"has {name}", TensorProto.BOOL, ["batch"]) for name in ("amount", "age", "kind", "name", "born", "seen")),
    ]
    made = helper.make_graph(
        nodes,
        "types",
        [helper.make_tensor_value_info(*one) for one in inputs],
        [helper.make_tensor_value_info(*one) for one in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return bytes(model.SerializeToString())


COLUMNS: list[dict[str, Any]] = [
    {"name": "key", "type": "COLUMN_TYPE_INT64"},
    {
        "name": "amount",
        "type": "COLUMN_TYPE_DOUBLE",
        "decimals": 2,
        "nullable": True,
        "unit": "EUR",
        "csv": {"decimals": 2, "decimal_separator": ","},
    },
    {"name": "age", "type": "COLUMN_TYPE_INT64", "nullable": True, "unit": "years", "csv": {"digits": 3}},
    {"name": "kind", "type": "COLUMN_TYPE_CATEGORY", "categories": list(KINDS), "nullable": True},
    {"name": "open", "type": "COLUMN_TYPE_BOOL", "csv": {"true_text": "ja", "false_text": "nein"}},
    {
        "name": "name",
        "type": "COLUMN_TYPE_STRING",
        "max_bytes": TEXT_BYTES,
        "nullable": True,
        "csv": {"missing_text": "NA"},
    },
    {"name": "born", "type": "COLUMN_TYPE_DATE", "nullable": True, "csv": {"pattern": "%d.%m.%Y"}},
    {"name": "seen", "type": "COLUMN_TYPE_TIMESTAMP", "utc": True, "nullable": True},
    {"name": "local", "type": "COLUMN_TYPE_TIMESTAMP"},
]

MANIFEST: dict[str, Any] = {
    "table": {"columns": COLUMNS, "csv_delimiter": ";"},
    "conditions": [
        {"column": "kind", "kind": "CONDITION_KIND_SET", "nullable": True},
        {"column": "open", "kind": "CONDITION_KIND_SET"},
        {
            "column": "amount",
            "kind": "CONDITION_KIND_RANGE",
            "nullable": True,
            "low": "0",
            "high": "1000",
            "unit": "EUR",
        },
        {"column": "age", "kind": "CONDITION_KIND_RANGE", "nullable": True, "low": "0", "high": "99", "unit": "years"},
        {"column": "born", "kind": "CONDITION_KIND_RANGE", "nullable": True, "low": "1942-08-16", "high": "2052-02-18"},
        {"column": "seen", "kind": "CONDITION_KIND_RANGE", "nullable": True},
    ],
    "methods": [
        {
            "method": "METHOD_GENERATE",
            "batch_size": 4096,
            "inputs": [
                {"name": "uniform", "noise": {"distribution": "NOISE_DISTRIBUTION_UNIFORM", "shape": [NOISE]}},
                {"name": "index", "index": {}},
                {"name": "set kind", "condition": {"column": "kind", "shared": True}},
                {"name": "set open", "condition": {"column": "open"}},
                *({"name": f"range {name}", "condition": {"column": name, "shared": True}} for name in RANGES),
            ],
            "outputs": [
                *({"name": f"out {column['name']}", "column": column["name"]} for column in COLUMNS),
                *(
                    {"name": f"has {column['name']}", "validity": column["name"]}
                    for column in COLUMNS
                    if column.get("nullable")
                ),
            ],
        }
    ],
}


def uniform_words(seed: int, start: int, count: int, width: int = NOISE) -> NDArray[np.int64]:
    """The whole numbers behind the UNIFORM noise, `[count, width]`, from NumPy's own generator."""
    before, skipped = divmod(start * width, 4)
    counter = np.array([before % 2**64, before >> 64, 0, 1], np.uint64)
    philox = np.random.Philox(key=np.array([seed, 0], np.uint64), counter=counter)
    words = philox.random_raw(skipped + count * width)[skipped:]
    found: NDArray[np.int64] = (words >> np.uint64(40)).astype(np.int64).reshape(count, width)
    return found


def cells(
    seed: int,
    start: int,
    count: int,
    ranges: Mapping[str, Range] | None = None,
    kinds: Sequence[int] | None = None,
    opens: Sequence[int] | None = None,
) -> list[Cells]:
    """The rows `[start, start + count)` under conditions.

    Args:
        seed: The seed.
        start: The index of the first row.
        count: How many rows.
        ranges: By column, in the units of the graph; NaN twice: missing.
        kinds: The codes that are allowed, the missing one being `len(KINDS)`; None: all.
        opens: Of False and True the indices that are allowed; None: both.
    """
    w = uniform_words(seed, start, count).T
    ranges = ranges or {}
    seldom = w[1] % 10 == 0

    def number(name: str, drawn: NDArray[Any], kind: type) -> Cells:
        low, high = ranges.get(name, UNSET)
        if np.isnan(low):
            return Cells(np.zeros(count, kind), np.zeros(count, np.bool_))
        valid = ~seldom if (low, high) == UNSET else np.ones(count, np.bool_)
        return Cells(np.minimum(np.maximum(drawn.astype(np.float64), low), high).astype(kind), valid)

    allowed = np.array(range(len(KINDS) + 1) if kinds is None else sorted(kinds))
    kind = allowed[w[3] % len(allowed)]
    has_kind = kind < len(KINDS)
    either = np.array([0, 1] if opens is None else sorted(opens))
    indices = (np.arange(count, dtype=np.uint64) + np.uint64(start)).astype(np.int64)
    return [
        Cells(indices + 1000),
        number("amount", w[0] % 100_001 / 100, np.float64),
        number("age", w[2] % 100, np.int64),
        Cells([KINDS[code] if code < len(KINDS) else "" for code in kind], has_kind),
        Cells(either[w[4] % len(either)].astype(np.bool_)),
        Cells([TEXTS[code] for code in w[4] % len(TEXTS)], w[4] % 7 > 0),
        number("born", w[5] % 40_000 - 10_000, np.int32),
        number("seen", w[6] * WORDS + w[7] + SEEN_FROM, np.int64),
        Cells(w[7] % LOCAL_DAYS * DAY + LOCAL_FROM + w[6]),
    ]
