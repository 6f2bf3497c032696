import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { END, Resume, type StreamInfo, type StreamRequest } from "#src/resume.js";
import { RetryPolicy, type RetryOptions } from "#src/retry.js";
import { CancelledError, NotFoundError, ProtocolError, UnavailableError } from "synthserve";
import { randomOf } from "./random.js";

const VERSION = "models/m/versions/3";
const INFO: StreamInfo = { model: VERSION, seed: 5n, schema: { columns: ["a"] } };
const LOST = new UnavailableError("lost");

function resume(asked: Partial<StreamRequest> = {}, retry: RetryOptions = {}): Resume<StreamRequest, StreamInfo> {
  const policy = new RetryPolicy({ initialBackoff: 0, maxBackoff: 0, ...retry });
  return new Resume({ model: "models/m", offset: 0n, ...asked }, policy);
}

function response(firstIndex: bigint, size: bigint, info?: StreamInfo) {
  return { info, firstIndex, size };
}

describe("requests", () => {
  it("ask for what the caller asked for before anything has come", () => {
    const asked = { model: "models/m", count: 10n, seed: undefined, offset: 7n, conditions: ["a"] };
    const run = new Resume<typeof asked, StreamInfo>(asked, new RetryPolicy());
    assert.deepEqual(run.request(), asked);
    assert.equal(run.broken(LOST) === undefined, false);
    assert.deepEqual(run.request(), asked);
  });

  it("ask for the rest, of the version and the seed that the first response told", () => {
    const run = resume({ count: 10n, offset: 7n });
    run.accept(response(7n, 4n, INFO));
    assert.deepEqual(run.request(), { model: VERSION, count: 6n, seed: 5n, offset: 11n });
  });

  it("go on without a count where none was given", () => {
    const run = resume();
    run.accept(response(0n, 4n, INFO));
    assert.deepEqual(run.request(), { model: VERSION, seed: 5n, offset: 4n });
  });

  it("name the version also when only the info has come", () => {
    const run = resume({ count: 10n });
    run.accept(response(0n, 0n, INFO));
    assert.equal(run.request().model, VERSION);
  });
});

describe("responses", () => {
  it("have info only when they are the first of all", () => {
    const run = resume({ count: 9n });
    assert.equal(run.info, undefined);
    assert.equal(run.accept(response(0n, 3n, INFO)).info, INFO);
    run.broken(LOST);
    assert.equal(run.accept(response(3n, 3n, { ...INFO, schema: { columns: ["a"] } })).info, undefined);
    assert.equal(run.accept(response(6n, 3n)).info, undefined);
    assert.equal(run.info, INFO);
    assert.ok(run.complete);
  });

  const broken: [string, Partial<StreamRequest>, ReturnType<typeof response>[]][] = [
    ["the first has no info", {}, [response(0n, 1n)]],
    ["a first index is too large", {}, [response(1n, 1n, INFO)]],
    ["samples come again", {}, [response(0n, 5n, INFO), response(4n, 5n)]],
    ["samples are left out", {}, [response(0n, 5n, INFO), response(6n, 5n)]],
    ["the size is negative", {}, [response(0n, -1n, INFO)]],
    ["there are more than were asked for", { count: 4n }, [response(0n, 5n, INFO)]],
    ["there are more than there can be", { offset: END - 1n }, [response(END - 1n, 2n, INFO)]],
    ["another version than was asked for", { model: "models/m/versions/2" }, [response(0n, 1n, INFO)]],
    ["another seed than was asked for", { seed: 4n }, [response(0n, 1n, INFO)]],
    ["another version", {}, [response(0n, 1n, INFO), response(1n, 1n, { ...INFO, model: "models/m/versions/4" })]],
    ["another seed", {}, [response(0n, 1n, INFO), response(1n, 1n, { ...INFO, seed: 6n })]],
    ["another schema", {}, [response(0n, 1n, INFO), response(1n, 1n, { ...INFO, schema: { columns: ["b"] } })]],
  ];
  for (const [what, asked, responses] of broken) {
    it(`break the protocol when ${what}`, () => {
      const run = resume(asked);
      const last = responses.pop()!;
      responses.forEach((each) => run.accept(each));
      const next = run.nextIndex;
      assert.throws(() => run.accept(last), ProtocolError);
      assert.equal(run.nextIndex, next);
    });
  }
});

describe("the end", () => {
  it("comes when all have come", () => {
    const run = resume({ count: 2n });
    assert.equal(run.complete, false);
    run.accept(response(0n, 2n, INFO));
    run.finish();
  });

  it("of nothing needs a response", () => {
    const run = resume({ count: 0n });
    assert.equal(run.complete, false);
    assert.throws(() => {
      run.finish();
    }, ProtocolError);
    run.accept(response(0n, 0n, INFO));
    run.finish();
  });

  it("must not come early", () => {
    const counted = resume({ count: 2n });
    counted.accept(response(0n, 1n, INFO));
    assert.throws(() => {
      counted.finish();
    }, /ended at index 1, but 2 was asked for/);
    const endless = resume();
    endless.accept(response(0n, 1n, INFO));
    assert.throws(() => {
      endless.finish();
    }, /ended at index 1, but it has no end/);
  });

  it("without a count is the end of the indices, whatever the server calls it", () => {
    const run = resume({ offset: END - 3n });
    run.accept(response(END - 3n, 3n, INFO));
    assert.ok(run.complete);
    assert.equal(run.broken(new NotFoundError("out of range")), undefined);
  });
});

describe("errors", () => {
  it("do not matter when nothing is missing", () => {
    const run = resume({ count: 1n });
    run.accept(response(0n, 1n, INFO));
    assert.equal(run.broken(LOST), undefined);
    assert.equal(run.broken(new CancelledError("cancelled")), undefined);
  });

  it("that last end the stream", () => {
    const error = new NotFoundError("none");
    assert.throws(
      () => resume().broken(error),
      (thrown) => thrown === error,
    );
  });

  it("are counted: 4 attempts before anything has come", () => {
    const run = resume();
    for (let failure = 1; failure < 4; failure++) {
      assert.equal(run.broken(LOST), 0);
    }
    assert.throws(() => run.broken(LOST), UnavailableError);
  });

  it("are counted from the last sample on: 12 attempts", () => {
    const run = resume();
    run.broken(LOST);
    run.accept(response(0n, 1n, INFO));
    for (let round = 0; round < 3; round++) {
      for (let failure = 1; failure < 12; failure++) {
        assert.equal(run.broken(LOST), 0);
      }
      // No sample, no progress: a server that says what it will send and fails is not asked for ever.
      run.accept(response(run.nextIndex, 0n, INFO));
      assert.throws(() => run.broken(LOST), UnavailableError);
      run.accept(response(run.nextIndex, 1n));
    }
  });
});

describe("any breaks, anywhere", () => {
  const patient = { startAttempts: Infinity, resumeAttempts: Infinity };

  it("give each sample once, in order, of one version and seed", () => {
    for (let seed = 1; seed <= 500; seed++) {
      const random = randomOf(seed);
      const below = (end: number) => Math.floor(random() * end);
      const offset = BigInt(below(1000));
      const count = random() < 0.8 ? BigInt(below(200)) : undefined;
      const end = offset + (count ?? 150n);
      const run = resume({ offset, count, seed: random() < 0.5 ? 5n : undefined }, patient);
      const got: bigint[] = [];
      while (run.info === undefined || run.nextIndex < end) {
        // A server that does what a request says, and goes away at some point.
        const request = run.request();
        assert.equal(request.model, run.info === undefined ? "models/m" : VERSION);
        assert.equal(request.count, count === undefined ? undefined : end - request.offset);
        let info: StreamInfo | undefined = { ...INFO, seed: request.seed ?? BigInt(below(100)) };
        let next = request.offset;
        for (let messages = below(5); messages > 0 && (info !== undefined || next < end); messages--) {
          const size = BigInt(Math.min(1 + below(20), Number(end - next)));
          const { firstIndex } = run.accept(response(next, size, info));
          for (let index = firstIndex; index < firstIndex + size; index++) {
            got.push(index);
          }
          next += size;
          info = undefined;
        }
        assert.equal(run.broken(LOST), run.complete ? undefined : 0);
      }
      const expected = Array.from({ length: Number(end - offset) }, (_, index) => offset + BigInt(index));
      assert.deepEqual(got, expected);
    }
  });
});
