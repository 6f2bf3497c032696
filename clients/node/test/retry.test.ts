import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { Deadline, LONGEST_TIMER, RetryPolicy } from "#src/retry.js";
import {
  CancelledError,
  DeadlineExceededError,
  InvalidArgumentError,
  NotFoundError,
  ProtocolError,
  ResourceExhaustedError,
  SynthserveError,
  UnavailableError,
} from "synthserve";

const LOST = new UnavailableError("lost");

describe("the policy", () => {
  const policy = new RetryPolicy();

  it("doubles the wait up to 5 s", () => {
    const waits = Array.from({ length: 11 }, (_, index) => policy.delay(index + 1, LOST, true, 0));
    assert.deepEqual(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000, 5000]);
  });

  it("shortens a wait by at most a half", () => {
    assert.equal(policy.delay(2, LOST, true, 1), 100);
    for (let round = 0; round < 1000; round++) {
      const wait = policy.delay(3, LOST, true);
      assert.ok(wait !== undefined && wait >= 200 && wait <= 400, String(wait));
    }
  });

  it("gives up after 4 attempts before a stream has begun, after 12 later", () => {
    assert.equal(policy.delay(3, LOST, false, 0), 400);
    assert.equal(policy.delay(4, LOST, false, 0), undefined);
    assert.equal(policy.delay(11, LOST, true, 0), 5000);
    assert.equal(policy.delay(12, LOST, true, 0), undefined);
  });

  it("waits at least as long as an unavailable server asks", () => {
    assert.equal(policy.delay(1, new UnavailableError("busy", { retryDelay: 700 }), false, 0), 700);
    assert.equal(policy.delay(1, new UnavailableError("busy", { retryDelay: 7 }), false, 0), 100);
  });

  it("waits longer than a limit asks", () => {
    const limited = new ResourceExhaustedError("limit", { retryDelay: 700 });
    assert.equal(policy.delay(2, limited, false, 0), 900);
    assert.equal(policy.delay(2, limited, false, 1), 800);
  });

  it("does not try again what would fail again", () => {
    const lasting = [
      new ResourceExhaustedError("message too large"),
      new CancelledError("cancelled"),
      new DeadlineExceededError("late"),
      new InvalidArgumentError("no", { retryDelay: 5 }),
      new NotFoundError("none"),
      new ProtocolError("out of order"),
      new SynthserveError("INTERNAL", "broken"),
    ];
    for (const error of lasting) {
      assert.equal(policy.delay(1, error, true, 0), undefined, error.name);
    }
  });

  it("stays finite after very many failures", () => {
    const stubborn = new RetryPolicy({ resumeAttempts: Infinity });
    assert.equal(stubborn.delay(100_000, LOST, true, 0), 5000);
    const still = new RetryPolicy({ resumeAttempts: Infinity, initialBackoff: 0 });
    assert.equal(still.delay(1000, LOST, true, 0), 0);
    assert.equal(still.delay(100_000, LOST, true, 0), 0);
    const steep = new RetryPolicy({ initialBackoff: 0, multiplier: Infinity });
    assert.equal(steep.delay(3, LOST, true, 0), 0);
  });

  it("waits no longer than a timer can, which would end at once", () => {
    for (const retryDelay of [2 ** 31, 1e18, Number.MAX_VALUE, Infinity]) {
      assert.equal(policy.delay(1, new UnavailableError("busy", { retryDelay }), false, 0), LONGEST_TIMER);
      assert.equal(policy.delay(1, new ResourceExhaustedError("busy", { retryDelay }), false, 0), LONGEST_TIMER);
    }
    const endless = new RetryPolicy({ initialBackoff: Infinity, maxBackoff: Infinity });
    assert.equal(endless.delay(1, LOST, false, 0), LONGEST_TIMER);
    assert.equal(new RetryPolicy({ maxBackoff: Infinity }).delay(11, LOST, true, 0), 102_400);
  });

  it("has its defaults where a value is undefined", () => {
    const { startAttempts } = {} as { startAttempts: number };
    assert.equal(new RetryPolicy({ startAttempts }).delay(3, LOST, false, 0), 400);
  });

  it("refuses values that make no sense", () => {
    const wrong: Record<string, unknown>[] = [
      { startAttempts: 0 },
      { resumeAttempts: 0 },
      { startAttempts: NaN },
      { startAttempts: "3" },
      { resumeAttempts: 3n },
      { initialBackoff: -1 },
      { initialBackoff: 10, maxBackoff: 5 },
      { initialBackoff: "10" },
      { maxBackoff: NaN },
      { maxBackoff: null },
      { multiplier: 0.5 },
      { multiplier: NaN },
    ];
    for (const options of wrong) {
      assert.throws(
        () => new RetryPolicy(options),
        (error) =>
          error instanceof InvalidArgumentError && error.fields[0]?.field === `retry.${Object.keys(options)[0]}`,
        inspect(options),
      );
    }
  });
});

describe("a deadline", () => {
  let now = 1000;
  const clock = () => now;

  it("tells what is left, and that nothing is", () => {
    now = 1000;
    const deadline = new Deadline(300, clock);
    now = 1200;
    assert.equal(deadline.left(), 100);
    now = 1300;
    assert.throws(() => deadline.left(), DeadlineExceededError);
  });

  it("does not begin a wait that would pass it, and names what went wrong", () => {
    now = 0;
    const deadline = new Deadline(300, clock);
    assert.equal(deadline.fit(299, LOST), 299);
    assert.throws(() => deadline.fit(300, LOST), {
      code: "DEADLINE_EXCEEDED",
      message: "not done within 300 ms; the last attempt failed: lost",
      cause: LOST,
    });
  });

  it("is none where gRPC could not send it", () => {
    now = 0;
    for (const timeout of [Infinity, Number.MAX_VALUE, Number.MAX_SAFE_INTEGER, 1e14]) {
      assert.equal(new Deadline(timeout, clock).left(), Infinity);
    }
    const century = 100 * 365.25 * 24 * 3600 * 1000;
    assert.equal(new Deadline(century, clock).left(), century);
  });

  it("can be none", () => {
    const deadline = new Deadline(undefined, clock);
    assert.equal(deadline.left(), Infinity);
    assert.equal(deadline.fit(1e12, LOST), 1e12);
  });
});
