import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { credentials, status } from "@grpc/grpc-js";
import { ErrorInfo, RetryInfo } from "#src/gen/synthserve/client/error_details.js";
import { NotFoundError, ProtocolError, UnavailableError, type Client } from "synthserve";
import { ModelServiceClient, ModelView, type GenerateRowsRequest, type Model } from "synthserve/v1";
import {
  FakeServer,
  LOST,
  MODEL,
  SEED,
  VERSION,
  all,
  connect,
  csv,
  indices,
  packed,
  rowsUpTo,
  serviceError,
  type RowsCall,
} from "./fakes.js";

async function indicesOf(client: Client, options: Parameters<Client["rows"]>[1]): Promise<unknown[]> {
  return (await all(client.rows("m", options).rows())).map((row) => row.index);
}

const upTo = (end: number) => Array.from({ length: end }, (_, index) => BigInt(index));

describe("a stream", () => {
  it("gives batches, and tells what holds for the whole", async () => {
    await using server = await FakeServer.start({ rows: [rowsUpTo(10, 4)] });
    using client = connect(server);
    const stream = client.rows("m", { count: 10 });
    assert.deepEqual([stream.info], [undefined]);
    const batches = await all(stream);
    assert.deepEqual(
      batches.map(({ firstIndex, rowCount }) => [firstIndex, rowCount]),
      [
        [0n, 4],
        [4n, 4],
        [8n, 2],
      ],
    );
    assert.deepEqual([stream.info?.model, stream.info?.seed], [VERSION, SEED]);
    assert.equal(stream.info?.schema.columns[0]?.name, "index");
  });

  it("sends nothing before it is read", async () => {
    await using server = await FakeServer.start({ rows: [rowsUpTo(1, 1)] });
    using client = connect(server);
    client.rows("m", { count: 1 });
    await using unread = client.rows("m", { count: 1 });
    await all(client.rows("m", { count: 1 }));
    assert.equal(server.requests.length, 1);
    await unread.return();
    assert.deepEqual(await unread.next(), { done: true, value: undefined });
  });

  it("can be gone through once", async () => {
    await using server = await FakeServer.start({ rows: [rowsUpTo(1, 1)] });
    using client = connect(server);
    const stream = client.rows("m", { count: 1 });
    await all(stream);
    await assert.rejects(all(stream), TypeError);
  });

  it("goes on where it broke", async () => {
    const breaking = rowsUpTo(6, 2, { error: LOST });
    await using server = await FakeServer.start({ rows: [breaking, breaking, rowsUpTo(100, 3)] });
    using client = connect(server);
    const conditions = [{ column: "a", test: { $case: "equals", value: "b" } }];
    assert.deepEqual(await indicesOf(client, { count: 20, where: { a: "b" } }), upTo(20));
    assert.deepEqual(
      (server.requests as GenerateRowsRequest[]).map(({ model, seed, offset, count, conditions: asked }) => [
        model,
        seed,
        offset,
        count,
        asked,
      ]),
      [
        ["models/m", undefined, 0n, 20n, conditions],
        [VERSION, SEED, 6n, 14n, conditions],
        [VERSION, SEED, 12n, 8n, conditions],
      ],
    );
  });

  it("goes on when its server went away and came back", async () => {
    const endless = (call: RowsCall) => {
      call.write(indices(0n, 2, true));
    };
    await using gone = await FakeServer.start({ rows: [endless] });
    using client = connect(gone, { retry: { initialBackoff: 10, maxBackoff: 50, resumeAttempts: 1000 } });
    const stream = client.rows("m", { count: 6 });
    assert.equal((await stream.next()).value?.rowCount, 2);
    const next = stream.next();
    await gone[Symbol.asyncDispose]();
    await using back = await FakeServer.start({ rows: [rowsUpTo(6, 4)] }, { address: gone.target });
    assert.equal((await next).value?.firstIndex, 2n);
    assert.deepEqual(await all(stream), []);
    assert.equal((back.requests[0] as GenerateRowsRequest).offset, 2n);
  });

  it("of encoded rows has one beginning, also when it broke", async () => {
    const breaking = rowsUpTo(2, 1, { error: LOST, message: csv });
    await using server = await FakeServer.start({ rows: [breaking, rowsUpTo(9, 2, { message: csv })] });
    using client = connect(server);
    const chunks = await all(client.encodedRows("m", { format: "csv", count: 5 }).bytes());
    assert.equal(Buffer.concat(chunks).toString(), "index\n0\n1\n2\n3\n4\n");
  });

  it("of nothing gives nothing, and a file its beginning", async () => {
    await using server = await FakeServer.start({ rows: [rowsUpTo(0, 1), rowsUpTo(0, 1, { message: csv })] });
    using client = connect(server);
    const stream = client.rows("m", { count: 0 });
    assert.deepEqual(await all(stream), []);
    assert.equal(stream.info?.model, VERSION);
    assert.deepEqual(await all(client.encodedRows("m", { format: "csv", count: 0 })), [
      { firstIndex: 0n, rowCount: 0, data: Buffer.from("index\n") },
    ]);
  });

  it("of images numbers them", async () => {
    const schema = { height: 1, width: 1, channels: 1 };
    const info = { model: VERSION, seed: SEED, schema, mediaType: "image/png" };
    await using server = await FakeServer.start({
      images: [
        (call) => {
          call.write({ info, firstIndex: 2n ** 60n, images: [Buffer.from("a")] });
          call.emit("error", LOST);
        },
        (call) => {
          call.write({ info, firstIndex: call.request.offset, images: [Buffer.from("b"), Buffer.from("c")] });
          call.end();
        },
      ],
    });
    using client = connect(server);
    const stream = client.images("m", { count: 3, offset: 2n ** 60n });
    const images = await all(stream);
    assert.deepEqual(
      images.map(({ index, data }) => [index - 2n ** 60n, Buffer.from(data).toString()]),
      [
        [0n, "a"],
        [1n, "b"],
        [2n, "c"],
      ],
    );
    assert.equal(stream.info?.mediaType, "image/png");
  });
});

describe("errors", () => {
  it("are raised after 4 attempts when nothing came", async () => {
    await using server = await FakeServer.start({ rows: [(call) => call.emit("error", LOST)] });
    using client = connect(server);
    await assert.rejects(all(client.rows("m")), UnavailableError);
    assert.equal(server.requests.length, 4);
  });

  it("are raised at once where retries are off", async () => {
    await using server = await FakeServer.start({ rows: [(call) => call.emit("error", LOST)], models: [() => LOST] });
    using client = connect(server, { retry: false });
    await assert.rejects(all(client.rows("m")), UnavailableError);
    await assert.rejects(all(client.models()), UnavailableError);
    assert.equal(server.requests.length, 2);
  });

  it("that would come again end the stream at once", async () => {
    const error = serviceError(status.NOT_FOUND, "none");
    await using server = await FakeServer.start({ rows: [rowsUpTo(3, 1, { error })] });
    using client = connect(server);
    const stream = client.rows("m");
    await assert.rejects(all(stream), NotFoundError);
    assert.equal(server.requests.length, 1);
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
  });

  it("do not matter when all have come", async () => {
    await using server = await FakeServer.start({
      rows: [
        (call) => {
          call.write(indices(0n, 5, true), () => setImmediate(() => call.emit("error", LOST)));
        },
      ],
    });
    using client = connect(server);
    assert.deepEqual(await indicesOf(client, { count: 5 }), upTo(5));
  });

  it("of a call that was dropped are tried again", async () => {
    const dropped = serviceError(status.CANCELLED, "dropped");
    await using server = await FakeServer.start({ rows: [(call) => call.emit("error", dropped), rowsUpTo(3, 3)] });
    using client = connect(server);
    assert.deepEqual(await indicesOf(client, { count: 3 }), upTo(3));
  });

  it("of a limit are tried again where the server says when", async () => {
    const details = [
      packed("ErrorInfo", ErrorInfo, { reason: "LIMIT_EXCEEDED", metadata: new Map<string, string>() }),
      packed("RetryInfo", RetryInfo, { retryDelay: { seconds: 0n, nanos: 1_000_000 } }),
    ];
    const limited = serviceError(status.RESOURCE_EXHAUSTED, "much", details);
    await using server = await FakeServer.start({ rows: [(call) => call.emit("error", limited), rowsUpTo(3, 3)] });
    using client = connect(server);
    assert.deepEqual(await indicesOf(client, { count: 3 }), upTo(3));
    assert.equal(server.requests.length, 2);
  });

  it("are raised when the server breaks the protocol, and it is not asked again", async () => {
    await using server = await FakeServer.start({
      rows: [
        (call) => {
          call.write(indices(1n, 2, true));
        },
        rowsUpTo(2, 2),
      ],
    });
    using client = connect(server);
    await assert.rejects(all(client.rows("m", { count: 9 })), ProtocolError);
    await assert.rejects(all(client.rows("m", { count: 9 })), /ended at index 2, but 9 was asked for/);
    assert.equal(server.requests.length, 2);
  });
});

describe("models", () => {
  const model = (version: number): Model => ({ ...MODEL, version: `models/m/versions/${version}` });

  it("come of all pages, tried again where it must be", async () => {
    await using server = await FakeServer.start({
      models: [
        () => LOST,
        () => ({ models: [model(1), model(2)], nextPageToken: "more" }),
        () => LOST,
        ({ pageToken }) => ({ models: pageToken === "more" ? [model(3)] : [], nextPageToken: "" }),
      ],
    });
    using client = connect(server);
    const versions = (await all(client.models())).map(({ version }) => version);
    assert.deepEqual(
      versions,
      [1, 2, 3].map((version) => `models/m/versions/${version}`),
    );
    assert.equal(server.requests.length, 4);
  });

  it("are given up after 4 attempts", async () => {
    await using server = await FakeServer.start({ models: [() => LOST] });
    using client = connect(server);
    await assert.rejects(all(client.models()), UnavailableError);
    assert.equal(server.requests.length, 4);
  });

  it("can be had by stubs on the same channel", async () => {
    await using server = await FakeServer.start({ models: [() => ({ models: [model(1)], nextPageToken: "" })] });
    using client = connect(server);
    const stub = new ModelServiceClient(server.target, credentials.createInsecure(), {
      channelOverride: client.channel,
    });
    const page = await new Promise<{ models: Model[] } | undefined>((resolve, reject) => {
      stub.listModels({ pageSize: 1, pageToken: "", view: ModelView.BASIC }, (error, answer) => {
        if (error === null) {
          resolve(answer);
        } else {
          reject(error);
        }
      });
    });
    assert.equal(page?.models[0]?.version, "models/m/versions/1");
  });
});

describe("what is sent with a call", () => {
  it("names the client, and has a new token for each attempt", async () => {
    const breaking = rowsUpTo(1, 1, { error: LOST });
    await using server = await FakeServer.start({ rows: [breaking, rowsUpTo(9, 9)] });
    let tokens = 0;
    using client = connect(server, { token: () => Promise.resolve(`token-${++tokens}`) });
    await all(client.rows("m", { count: 3 }));
    assert.deepEqual(
      server.metadata.map((metadata) => metadata.get("authorization")),
      [["Bearer token-1"], ["Bearer token-2"]],
    );
    assert.match(String(server.metadata[0]?.get("user-agent")[0]), /^synthserve-node\/0\.1\.0 /);
  });

  it("has no token where none was given, and what keeps one from coming is told", async () => {
    await using server = await FakeServer.start({ rows: [rowsUpTo(1, 1)] });
    using plain = connect(server);
    await all(plain.rows("m", { count: 1 }));
    assert.deepEqual(server.metadata[0]?.get("authorization"), []);
    using failing = connect(server, { token: () => Promise.reject(new Error("no token today")) });
    await assert.rejects(all(failing.rows("m")), /no token today/);
    await assert.rejects(failing.model("m"), /no token today/);
  });
});
