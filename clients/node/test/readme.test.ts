/** What README.md shows, to the letter: the repository's tests/unit/docs holds the two together. */
import assert from "node:assert/strict";
import { createWriteStream, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { after, before, describe, it, mock } from "node:test";
import { ServerCredentials, status } from "@grpc/grpc-js";
import { ErrorInfo, ResourceInfo } from "#src/gen/synthserve/client/error_details.js";
import { Client, NotFoundError, SynthserveError, between, present } from "synthserve";
import {
  ColumnType,
  RowFormat,
  type Column,
  type ColumnValues,
  type GenerateRowsRequest,
  type GenerateRowsResponse,
} from "synthserve/v1";
import { makeIdentity } from "./certificates.js";
import {
  FakeServer,
  INDEX,
  categoryColumn,
  packed,
  serviceError,
  table,
  type ImagesCall,
  type RowsCall,
} from "./fakes.js";

async function rows(target: string): Promise<void> {
  using client = new Client(target); // such as "localhost:50051"; without `using`, call client.close()

  for await (const row of client.rows("iris-vae", { count: 1000, seed: 7 }).rows()) {
    console.log(row); // { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.5, petal_width: 0.3, species: "setosa" }
  }
}

async function batches(client: Client): Promise<void> {
  const stream = client.rows("iris-vae", { count: 1000, seed: 7, where: { species: "setosa" } });
  for await (const batch of stream) {
    const petal = batch.column("petal_length");
    if (petal?.type === "double") console.log(batch.firstIndex, petal.values); // Float64Array
  }
  console.log(stream.info); // model version, seed, schema: how to get the same again
}

async function conditions(client: Client): Promise<void> {
  const stream = client.rows("people", {
    count: 1000,
    where: {
      sex: "female", // has this value
      country: ["AT", "DE", null], // has one of these values; null: or it is missing
      age: between(30, 40), // lies in this range, both ends included
      joined: between(new Date("2024-02-29T12:30:00Z"), null), // null: open at this end
      left: null, // is missing
      income: present, // is not missing
    },
  });
  await stream.next();
}

async function file(client: Client): Promise<void> {
  const file = client.encodedRows("iris-vae", { format: "csv", count: 1000, seed: 7 });
  await pipeline(file.bytes(), createWriteStream("iris.csv"));
}

async function images(client: Client): Promise<void> {
  for await (const { index, data } of client.images("mnist-dcgan", { count: 16, seed: 7 })) {
    await writeFile(`${index}.png`, data);
  }
}

async function errors(client: Client): Promise<void> {
  try {
    await client.model("nothing");
  } catch (error) {
    if (error instanceof NotFoundError) console.error(error.resource);
    else if (error instanceof SynthserveError) console.error(error.code, error.reason, error.requestId);
    else throw error;
  }
}

function secured(target: string): Client {
  return new Client(target, {
    tls: { ca: readFileSync("ca.pem"), certificate: readFileSync("me.pem"), key: readFileSync("me-key.pem") },
    token: () => readFile("token", "utf8"), // or a text; asked for each attempt
  });
}

const LENGTH: Column = { ...INDEX, name: "petal_length", type: ColumnType.DOUBLE };
const SPECIES = categoryColumn("species", ["setosa"]);

/** Answers with flowers that are all alike. */
function flowers(call: RowsCall): void {
  const { model, seed, count = 0n, format } = call.request;
  const size = Number(count);
  const columns: ColumnValues[] = [
    { values: { $case: "doubles", value: { values: Array<number>(size).fill(1.5) } }, validity: [] },
    { values: { $case: "categories", value: { codes: Array<number>(size).fill(0) } }, validity: [] },
  ];
  const response: GenerateRowsResponse = {
    info: {
      model: `${model}/versions/1`,
      seed: seed ?? 0n,
      schema: table(LENGTH, SPECIES),
      preamble: Buffer.from("petal_length,species\n"),
      partCount: 0,
    },
    firstIndex: 0n,
    rowCount: count,
    rows:
      format === RowFormat.COLUMNS
        ? { $case: "columns", value: { columns } }
        : { $case: "data", value: Buffer.from("1.5,setosa\n".repeat(size)) },
    part: undefined,
  };
  call.write(response);
  call.end();
}

function digits(call: ImagesCall): void {
  const { model, seed, count = 0n } = call.request;
  const info = {
    model: `${model}/versions/1`,
    seed: seed ?? 0n,
    schema: { height: 1, width: 1, channels: 1 },
    mediaType: "image/png",
  };
  const images = Array.from({ length: Number(count) }, (_, index) => Buffer.from(`image ${index}`));
  call.write({ info, firstIndex: 0n, images });
  call.end();
}

const NOTHING = serviceError(status.NOT_FOUND, "no such model", [
  packed("ErrorInfo", ErrorInfo, { reason: "MODEL_NOT_FOUND", metadata: new Map() }),
  packed("ResourceInfo", ResourceInfo, { resourceName: "models/nothing" }),
]);

const ANSWERS = { rows: [flowers], images: [digits], model: [() => NOTHING] };

/** What a function prints. */
async function printed(method: "log" | "error", print: () => Promise<void>): Promise<unknown[][]> {
  const { mock: spy } = mock.method(console, method, () => undefined);
  await print();
  spy.restore();
  return spy.calls.map((call) => call.arguments);
}

describe("the README", () => {
  const home = process.cwd();
  const folder = mkdtempSync(join(tmpdir(), "readme-"));
  before(() => {
    process.chdir(folder);
  });
  after(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true });
  });

  it("prints rows", async () => {
    await using server = await FakeServer.start(ANSWERS);
    const lines = await printed("log", () => rows(server.target));
    assert.equal(lines.length, 1000);
    assert.deepEqual(lines[999], [{ petal_length: 1.5, species: "setosa" }]);
  });

  it("goes through columns", async () => {
    await using server = await FakeServer.start(ANSWERS);
    using client = new Client(server.target);
    const [first, last, ...more] = await printed("log", () => batches(client));
    assert.deepEqual(first, [0n, new Float64Array(1000).fill(1.5)]);
    assert.deepEqual(
      last?.map((info) => (info as { model: string }).model),
      ["models/iris-vae/versions/1"],
    );
    assert.deepEqual(more, []);
  });

  it("sets conditions", async () => {
    await using server = await FakeServer.start(ANSWERS);
    using client = new Client(server.target);
    await conditions(client);
    assert.deepEqual((server.requests[0] as GenerateRowsRequest).conditions, [
      { column: "sex", test: { $case: "equals", value: "female" } },
      { column: "country", test: { $case: "anyOf", value: { values: ["AT", "DE"], missing: true } } },
      { column: "age", test: { $case: "between", value: { low: "30", high: "40" } } },
      { column: "joined", test: { $case: "between", value: { low: "2024-02-29T12:30:00Z", high: undefined } } },
      { column: "left", test: { $case: "missing", value: true } },
      { column: "income", test: { $case: "missing", value: false } },
    ]);
  });

  it("writes files", async () => {
    await using server = await FakeServer.start(ANSWERS);
    using client = new Client(server.target);
    await file(client);
    await images(client);
    assert.equal(readFileSync("iris.csv", "utf8").split("\n").length, 1002);
    assert.equal(readdirSync(".").filter((name) => name.endsWith(".png")).length, 16);
    assert.equal(readFileSync("15.png", "utf8"), "image 15");
  });

  it("tells errors apart", async () => {
    await using server = await FakeServer.start(ANSWERS);
    using client = new Client(server.target);
    assert.deepEqual(await printed("error", () => errors(client)), [["models/nothing"]]);
  });

  it("connects over mutual TLS, with a token", async () => {
    const [ours, theirs] = [makeIdentity(), makeIdentity()];
    const files = {
      "ca.pem": ours.certificate,
      "me.pem": theirs.certificate,
      "me-key.pem": theirs.key,
      token: "secret",
    };
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(name, content);
    }
    const pair = { cert_chain: Buffer.from(ours.certificate), private_key: Buffer.from(ours.key) };
    const credentials = ServerCredentials.createSsl(Buffer.from(theirs.certificate), [pair], true);
    await using server = await FakeServer.start(ANSWERS, { credentials });
    using client = secured(server.target.replace("127.0.0.1", "localhost"));
    await assert.rejects(client.model("nothing"), NotFoundError);
    assert.deepEqual(server.metadata[0]?.get("authorization"), ["Bearer secret"]);
  });
});
