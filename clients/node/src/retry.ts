import {
  DeadlineExceededError,
  ResourceExhaustedError,
  UnavailableError,
  invalid,
  type SynthserveError,
} from "./errors.js";

/**
 * How calls are tried again after the server was unavailable, or refused them for now.
 *
 * A wrong address should be told soon, a stream that already gave a million rows deserves patience: so there are two
 * bounds. Both count attempts since the last sample that came.
 */
export interface RetryOptions {
  /** Attempts in a row, at least 1, before anything came. Default: 4. */
  readonly startAttempts?: number;
  /** Attempts in a row, at least 1, once a stream has begun; the one that broke counts. Default: 12. */
  readonly resumeAttempts?: number;
  /** Milliseconds before the second attempt. Default: 100. */
  readonly initialBackoff?: number;
  /** The longest wait in milliseconds; the server can ask for longer ones. Default: 5000. */
  readonly maxBackoff?: number;
  /** By what the wait grows each time, at least 1. Default: 2. */
  readonly multiplier?: number;
}

/** Decides whether a call that failed is tried again, and when. Pure. */
export class RetryPolicy {
  readonly #options: Required<RetryOptions>;

  /** @throws InvalidArgumentError - A value is out of its range. */
  constructor(options: RetryOptions = {}) {
    const all = {
      startAttempts: 4,
      resumeAttempts: 12,
      initialBackoff: 100,
      maxBackoff: 5000,
      multiplier: 2,
      ...options,
    };
    if (!(all.startAttempts >= 1 && all.resumeAttempts >= 1)) {
      throw invalid("retry", "startAttempts and resumeAttempts must be at least 1");
    }
    if (!(0 <= all.initialBackoff && all.initialBackoff <= all.maxBackoff && all.multiplier >= 1)) {
      throw invalid("retry", "0 <= initialBackoff <= maxBackoff and multiplier >= 1 must hold");
    }
    this.#options = all;
  }

  /**
   * @param failures - Failures in a row since the last sample, this one counted.
   * @param error - What happened.
   * @param started - Whether the call has given anything.
   * @param random - From 0 to 1: how much of what may be left out of the wait is.
   * @returns Milliseconds to wait before the next attempt; undefined if there is to be none.
   */
  delay(failures: number, error: SynthserveError, started: boolean, random = Math.random()): number | undefined {
    const { startAttempts, resumeAttempts, initialBackoff, maxBackoff, multiplier } = this.#options;
    if (failures >= (started ? resumeAttempts : startAttempts)) {
      return undefined;
    }
    const backoff = Math.min(maxBackoff, initialBackoff * multiplier ** (failures - 1)) * (1 - random / 2);
    if (error instanceof UnavailableError) {
      return Math.max(backoff, error.retryDelay ?? 0);
    }
    if (error instanceof ResourceExhaustedError && error.retryDelay !== undefined) {
      // Later than the server says, so that not all who were refused come at once.
      return error.retryDelay + backoff;
    }
    return undefined;
  }
}

/** A point in time that a call, with all its attempts and waits, must not pass. */
export class Deadline {
  readonly #end: number;

  /**
   * @param timeout - Milliseconds from now; undefined for no deadline.
   * @param clock - Milliseconds that never go back.
   */
  constructor(
    private readonly timeout: number | undefined,
    private readonly clock: () => number = () => performance.now(),
  ) {
    this.#end = clock() + (timeout ?? Infinity);
  }

  /**
   * @returns The milliseconds that are left; Infinity without a deadline.
   * @throws DeadlineExceededError - None are.
   */
  left(): number {
    const left = this.#end - this.clock();
    if (left <= 0) {
      throw new DeadlineExceededError(`not done within ${String(this.timeout)} ms`);
    }
    return left;
  }

  /**
   * @returns `wait`, if it ends in time.
   * @throws DeadlineExceededError - It does not, so waiting would be useless; it names `failure`.
   */
  fit(wait: number, failure: SynthserveError): number {
    if (this.clock() + wait >= this.#end) {
      throw new DeadlineExceededError(
        `not done within ${String(this.timeout)} ms; the last attempt failed: ${failure.message}`,
        { cause: failure },
      );
    }
    return wait;
  }
}
