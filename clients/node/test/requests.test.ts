import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { resourceName } from "#src/names.js";
import { encodedRowsRequest, imagesRequest, rowsRequest } from "#src/requests.js";
import { InvalidArgumentError, VERSION, type Encoding, type ImageFormat, type Integer } from "synthserve";
import { ImageFormat as ProtoImageFormat, RowFormat } from "synthserve/v1";

describe("names of models", () => {
  const names = {
    "iris-vae": "models/iris-vae",
    "iris-vae@2": "models/iris-vae/versions/2",
    "iris-vae@002": "models/iris-vae/versions/2",
    "iris-vae@0": "models/iris-vae/versions/0",
    "models/iris-vae": "models/iris-vae",
    "models/iris-vae/versions/2": "models/iris-vae/versions/2",
    // For the server to judge.
    "models/": "models/",
    "Größe 7": "models/Größe 7",
  };
  for (const [name, resource] of Object.entries(names)) {
    it(`can be ${name}`, () => {
      assert.equal(resourceName(name), resource);
    });
  }

  for (const name of [
    "",
    "@1",
    "iris@",
    "iris@x",
    "iris@-1",
    "iris@1.0",
    "iris@1@2",
    "a/b",
    "iris@1234567890123456789",
  ]) {
    it(`cannot be ${JSON.stringify(name)}`, () => {
      assert.throws(
        () => resourceName(name),
        (error) => error instanceof InvalidArgumentError && error.fields[0]?.field === "model",
      );
    });
  }
});

describe("requests", () => {
  it("leave open what is not given", () => {
    assert.deepEqual(rowsRequest("m", {}), {
      model: "models/m",
      count: undefined,
      seed: undefined,
      offset: 0n,
      conditions: [],
      format: RowFormat.COLUMNS,
      rowsPerMessage: 0,
    });
  });

  it("take numbers and bigints, exactly", () => {
    const request = rowsRequest("m", { count: Number.MAX_SAFE_INTEGER, seed: 2n ** 63n - 1n, offset: 0 });
    assert.deepEqual([request.count, request.seed, request.offset], [2n ** 53n - 1n, 2n ** 63n - 1n, 0n]);
  });

  const wrong: [string, unknown][] = [
    ["count", 1.5],
    ["count", NaN],
    ["count", 2 ** 53],
    ["count", "10"],
    ["seed", 2n ** 63n],
    ["offset", -(2n ** 63n) - 1n],
  ];
  for (const [field, value] of wrong) {
    it(`cannot have ${String(value)} as ${field}`, () => {
      assert.throws(
        () => rowsRequest("m", { [field]: value as Integer }),
        (error) => error instanceof InvalidArgumentError && error.fields[0]?.field === field,
      );
    });
  }

  it("leave to the server what can be sent", () => {
    assert.equal(rowsRequest("m", { count: -1 }).count, -1n);
    assert.equal(imagesRequest("m", { jpegQuality: 1000 }).jpegQuality, 1000);
  });

  it("name formats", () => {
    assert.equal(encodedRowsRequest("m", { format: "arrow" }).format, RowFormat.ARROW);
    assert.equal(encodedRowsRequest("m", { format: "json_lines" }).format, RowFormat.JSON_LINES);
    assert.equal(imagesRequest("m", {}).format, ProtoImageFormat.PNG);
    assert.equal(imagesRequest("m", { format: "raw" }).format, ProtoImageFormat.RAW);
    assert.throws(() => encodedRowsRequest("m", { format: "xml" as Encoding }), /csv, json_lines, arrow/);
    assert.throws(() => imagesRequest("m", { format: "toString" as ImageFormat }), /png, jpeg, raw/);
  });

  it("have hints of 32 bits", () => {
    assert.equal(rowsRequest("m", { rowsPerMessage: 2 ** 31 - 1 }).rowsPerMessage, 2 ** 31 - 1);
    assert.throws(() => rowsRequest("m", { rowsPerMessage: 2 ** 31 }), /rows_per_message/);
    assert.throws(() => imagesRequest("m", { imagesPerMessage: 0.5 }), /images_per_message/);
  });
});

it("the version is the package's", () => {
  const file = new URL("../../package.json", import.meta.url);
  assert.equal((JSON.parse(readFileSync(file, "utf8")) as { version: string }).version, VERSION);
});
