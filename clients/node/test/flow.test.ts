import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { CancelledError, Client, DeadlineExceededError, InvalidArgumentError, UnavailableError } from "synthserve";
import { FakeServer, LOST, all, connect, indices, type RowsCall } from "./fakes.js";

describe("cancelling", () => {
  /** Answers with a message, and tells when the call was cancelled. */
  function endless(): { answer: (call: RowsCall) => void; cancelled: Promise<unknown> } {
    let tell: (value: unknown) => void;
    const cancelled = new Promise((resolve) => {
      tell = resolve;
    });
    const answer = (call: RowsCall) => {
      call.on("cancelled", tell);
      call.write(indices(0n, 1, true));
    };
    return { answer, cancelled };
  }

  it("happens when its reader leaves the loop", async () => {
    const { answer, cancelled } = endless();
    await using server = await FakeServer.start({ rows: [answer] });
    using client = connect(server);
    for await (const row of client.rows("m").rows()) {
      assert.deepEqual(row, { index: 0n });
      break;
    }
    await cancelled;
  });

  it("happens when its scope ends", async () => {
    const { answer, cancelled } = endless();
    await using server = await FakeServer.start({ rows: [answer] });
    using client = connect(server);
    {
      await using stream = client.rows("m");
      await stream.next();
    }
    await cancelled;
  });

  it("ends the wait of its reader", async () => {
    const { answer, cancelled } = endless();
    await using server = await FakeServer.start({ rows: [answer] });
    using client = connect(server);
    const stream = client.rows("m");
    await stream.next();
    const next = stream.next();
    stream.cancel();
    await assert.rejects(next, CancelledError);
    await cancelled;
  });

  it("happens by a signal, with its reason as the cause", async () => {
    const { answer, cancelled } = endless();
    await using server = await FakeServer.start({ rows: [answer] });
    using client = connect(server);
    const controller = new AbortController();
    const stream = client.rows("m", { signal: controller.signal });
    await stream.next();
    const next = stream.next();
    controller.abort("enough");
    await assert.rejects(next, { code: "CANCELLED", cause: "enough" });
    await cancelled;
    await assert.rejects(all(client.rows("m", { signal: controller.signal })), CancelledError);
    await assert.rejects(client.model("m", { signal: controller.signal }), CancelledError);
    assert.equal(server.requests.length, 1);
  });

  it("ends the wait before another attempt", async () => {
    await using server = await FakeServer.start({ rows: [(call) => call.emit("error", LOST)] });
    using client = connect(server, { retry: { initialBackoff: 1e8, maxBackoff: 1e8 } });
    const controller = new AbortController();
    const reading = all(client.rows("m", { signal: controller.signal }));
    while (server.requests.length === 0) {
      await sleep(1);
    }
    controller.abort();
    await assert.rejects(reading, CancelledError);
  });

  it("happens to all when the client is closed", async () => {
    const { answer, cancelled } = endless();
    await using server = await FakeServer.start({ rows: [answer] });
    const client = connect(server);
    const stream = client.rows("m");
    await stream.next();
    const next = stream.next();
    client.close();
    await assert.rejects(next, CancelledError);
    await cancelled;
    await assert.rejects(all(client.rows("m")), CancelledError);
    await assert.rejects(client.model("m"), CancelledError);
  });
});

describe("a deadline", () => {
  it("ends a stream that is under way", async () => {
    await using server = await FakeServer.start({
      rows: [
        (call) => {
          call.write(indices(0n, 1, true));
        },
      ],
    });
    using client = connect(server);
    await assert.rejects(all(client.rows("m", { timeout: 100 })), DeadlineExceededError);
  });

  it("is not waited past, and the error names what went wrong", async () => {
    await using server = await FakeServer.start({ rows: [(call) => call.emit("error", LOST)], models: [() => LOST] });
    using client = connect(server, { retry: { initialBackoff: 1e8, maxBackoff: 1e8 } });
    const late = (error: unknown) => error instanceof DeadlineExceededError && error.cause instanceof UnavailableError;
    await assert.rejects(all(client.rows("m", { timeout: 60_000 })), late);
    await assert.rejects(all(client.models({ timeout: 60_000 })), late);
  });

  it("is milliseconds", () => {
    using client = new Client("localhost:1");
    assert.throws(() => client.rows("m", { timeout: -1 }), InvalidArgumentError);
    assert.throws(() => client.images("m", { timeout: NaN }), InvalidArgumentError);
  });
});

describe("back-pressure", () => {
  it("slows the server down to its reader", async () => {
    const messages = 1500;
    const rows = 8192;
    let sent = 0;
    await using server = await FakeServer.start({
      rows: [
        async (call) => {
          for (; sent < messages; sent++) {
            if (!call.write(indices(BigInt(sent * rows), rows, sent === 0))) {
              await once(call, "drain");
            }
          }
          call.end();
        },
      ],
    });
    using client = connect(server);
    await using stream = client.rows("m", { count: messages * rows });
    await stream.next();
    // Until the server has come to rest.
    for (let before = -1, calm = 0; calm < 20; calm = sent === before ? calm + 1 : 0) {
      before = sent;
      await sleep(5);
    }
    assert.ok(sent < 100, `${sent} messages were sent, 1 was read`);
  });
});
