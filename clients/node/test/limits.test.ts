/** Times and counts at the edges of what gRPC, HTTP/2 and the timers of Node.js take. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { RetryInfo } from "#src/gen/synthserve/client/error_details.js";
import { CancelledError, DeadlineExceededError, SynthserveError, type Client } from "synthserve";
import type { GenerateImagesRequest, GenerateRowsRequest } from "synthserve/v1";
import { FakeServer, all, connect, packed, rowsUpTo, serviceError } from "./fakes.js";

describe("a timeout", () => {
  const long = [2 ** 31 - 1, 2 ** 31, 2 ** 32, 1e10, 3e12, 1e15, Number.MAX_SAFE_INTEGER, Number.MAX_VALUE, Infinity];
  for (const timeout of long) {
    it(`can be ${timeout} ms`, async () => {
      await using server = await FakeServer.start({
        rows: [rowsUpTo(3, 3)],
        models: [() => ({ models: [], nextPageToken: "" })],
      });
      using client = connect(server, { token: () => Promise.resolve("t") });
      assert.equal((await all(client.rows("m", { count: 3, timeout }).rows())).length, 3);
      assert.deepEqual(await all(client.models({ timeout })), []);
    });
  }

  for (const timeout of [0, Number.MIN_VALUE]) {
    it(`of ${timeout} ms is over at once`, async () => {
      await using server = await FakeServer.start({ rows: [rowsUpTo(3, 3)] });
      using client = connect(server);
      await assert.rejects(all(client.rows("m", { timeout })), DeadlineExceededError);
      await assert.rejects(client.model("m", { timeout }), DeadlineExceededError);
      assert.equal(server.requests.length, 0);
    });
  }
});

describe("a server that asks to wait", () => {
  /** Refuses all calls, and asks to wait so long. */
  async function asking(seconds: bigint, code = status.RESOURCE_EXHAUSTED): Promise<FakeServer> {
    const details = [packed("RetryInfo", RetryInfo, { retryDelay: { seconds, nanos: 0 } })];
    const error = serviceError(code, "later", details);
    return FakeServer.start({ rows: [(call) => call.emit("error", error)], model: [() => error] });
  }

  for (const code of [status.RESOURCE_EXHAUSTED, status.UNAVAILABLE]) {
    for (const seconds of [2n ** 31n, 10n ** 15n, 2n ** 63n - 1n]) {
      it(`${seconds} s (${status[code]}) is not asked again at once`, async () => {
        await using server = await asking(seconds, code);
        using client = connect(server);
        const late = { code: "DEADLINE_EXCEEDED", message: /^not done within 60000 ms; the last attempt failed: / };
        await assert.rejects(all(client.rows("m", { timeout: 60_000 })), late);
        await assert.rejects(client.model("m", { timeout: 60_000 }), late);
        assert.equal(server.requests.length, 2);
      });
    }
  }

  it("for ages is waited for, and can be left", async () => {
    await using server = await asking(10n ** 15n);
    using client = connect(server);
    const stream = client.rows("m");
    const next = stream.next();
    const model = client.model("m");
    while (server.requests.length < 2) {
      await turn();
    }
    // A timer that is too long would be over in a millisecond, and the next call here a little later.
    const probe = connect(server, { retry: false });
    for (let round = 0; round < 20; round++) {
      await assert.rejects(probe.model("m"), { retryDelay: 1e18 });
    }
    assert.equal(server.requests.length, 22);
    probe.close();
    client.close();
    await assert.rejects(next, CancelledError);
    await assert.rejects(model, CancelledError);
  });

  it("for less than nothing is asked as often as others", async () => {
    await using server = await asking(-(10n ** 15n));
    using client = connect(server);
    await assert.rejects(client.model("m"), { code: "RESOURCE_EXHAUSTED", retryDelay: 0 });
    assert.equal(server.requests.length, 4);
  });
});

describe("numbers of a request", () => {
  it("come to the server as they are, up to their largest", async () => {
    const refuse = { emit: (call: { emit(event: "error", error: Error): boolean }) => call.emit("error", NO) };
    const NO = serviceError(status.INVALID_ARGUMENT, "no");
    await using server = await FakeServer.start({ rows: [refuse.emit], images: [refuse.emit] });
    using client = connect(server);
    const integers = [2n ** 31n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n), Number.MAX_SAFE_INTEGER, -1];
    for (const integer of integers) {
      const stream = client.rows("m", { count: integer, seed: integer, offset: integer, rowsPerMessage: 2 ** 31 - 1 });
      await assert.rejects(all(stream), { code: "INVALID_ARGUMENT" });
      const { count, seed, offset, rowsPerMessage } = server.requests.at(-1) as GenerateRowsRequest;
      assert.deepEqual([count, seed, offset, rowsPerMessage], [...Array<bigint>(3).fill(BigInt(integer)), 2 ** 31 - 1]);
    }
    for (const jpegQuality of [2 ** 31 - 1, -(2 ** 31)]) {
      await assert.rejects(all(client.images("m", { jpegQuality })), { code: "INVALID_ARGUMENT" });
      assert.equal((server.requests.at(-1) as GenerateImagesRequest).jpegQuality, jpegQuality);
    }
  });
});

describe("a token that does not come", () => {
  const never = () => new Promise<string>(() => undefined);
  const calls: Record<
    string,
    (client: Client, options: { timeout?: number; signal?: AbortSignal }) => Promise<unknown>
  > = {
    "a stream": (client, options) => all(client.rows("m", options)),
    "a model": (client, options) => client.model("m", options),
  };
  for (const [what, call] of Object.entries(calls)) {
    it(`does not hold ${what} past its end`, async () => {
      await using server = await FakeServer.start({});
      using client = connect(server, { token: never });
      await assert.rejects(call(client, { timeout: 20 }), { message: "not done within 20 ms" });
      const reason = new Error("enough");
      const aborting = new AbortController();
      const aborted = call(client, { signal: aborting.signal });
      aborting.abort(reason);
      await assert.rejects(aborted, { code: "CANCELLED", cause: reason });
      const closed = call(client, {});
      client.close();
      await assert.rejects(closed, CancelledError);
    });
  }
});

it("a channel that was closed behind the client's back is an error like others", async () => {
  await using server = await FakeServer.start({});
  using client = connect(server);
  client.channel.close();
  await assert.rejects(client.model("m"), SynthserveError);
  await assert.rejects(all(client.rows("m")), SynthserveError);
});
