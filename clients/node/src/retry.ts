import * as args from "./arguments.js";
import {
  DeadlineExceededError,
  ResourceExhaustedError,
  UnavailableError,
  invalid,
  type SynthserveError,
} from "./errors.js";

/** The longest timer of Node.js in milliseconds, almost 25 days. A longer one would fire at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/** The longest timeout of a call, 100 years in milliseconds; gRPC cannot encode every number as a timeout. */
const LONGEST_TIMEOUT = 100 * 365.25 * 86_400_000;

/**
 * Configures retries after the server was unavailable, or refused a call temporarily.
 *
 * A wrong address should fail soon, but a stream that has delivered a million rows deserves patience. Therefore there
 * are two bounds. Both count attempts since the last sample received.
 */
export interface RetryOptions {
  /** Attempts in a row, at least 1, before the first sample. Default: 4. */
  readonly startAttempts?: number;
  /** Attempts in a row, at least 1, once a stream has begun; the one that broke counts. Default: 12. */
  readonly resumeAttempts?: number;
  /** Milliseconds before the second attempt. Default: 100. */
  readonly initialBackoff?: number;
  /** The longest wait in milliseconds; the server can ask for longer ones. Default: 5000. */
  readonly maxBackoff?: number;
  /** The growth factor of the waits, at least 1. Default: 2. */
  readonly multiplier?: number;
}

/** Decides whether and when to retry a failed call. Pure. */
export class RetryPolicy {
  readonly #options: Required<RetryOptions>;

  /** @throws InvalidArgumentError - A value is out of its range. */
  constructor(options: RetryOptions = {}) {
    const {
      startAttempts = 4,
      resumeAttempts = 12,
      initialBackoff = 100,
      maxBackoff = 5000,
      multiplier = 2,
    } = args.options("retry", options);
    this.#options = {
      startAttempts: args.atLeast("retry.startAttempts", startAttempts, 1, "attempts"),
      resumeAttempts: args.atLeast("retry.resumeAttempts", resumeAttempts, 1, "attempts"),
      initialBackoff: args.atLeast("retry.initialBackoff", initialBackoff, 0, "milliseconds"),
      maxBackoff: args.atLeast("retry.maxBackoff", maxBackoff, 0, "milliseconds"),
      multiplier: args.atLeast("retry.multiplier", multiplier, 1, "times"),
    };
    if (initialBackoff > maxBackoff) {
      throw invalid("retry.initialBackoff", `must not be more than maxBackoff (${initialBackoff} > ${maxBackoff})`);
    }
  }

  /**
   * @param failures - Failures in a row since the last sample, including this one.
   * @param error - The error of the attempt.
   * @param started - Whether the call has delivered samples.
   * @param random - From 0 to 1: 0 keeps the whole wait, 1 halves it.
   * @returns Milliseconds to wait before the next attempt, at most {@link LONGEST_TIMER}; undefined: no further
   * attempt.
   */
  delay(failures: number, error: SynthserveError, started: boolean, random = Math.random()): number | undefined {
    const { startAttempts, resumeAttempts, initialBackoff, maxBackoff, multiplier } = this.#options;
    if (failures >= (started ? resumeAttempts : startAttempts)) {
      return undefined;
    }
    // After very many failures the factor is infinite, and 0 times infinity is NaN.
    const grown = initialBackoff === 0 ? 0 : initialBackoff * multiplier ** (failures - 1);
    const backoff = Math.min(maxBackoff, grown) * (1 - random / 2);
    if (error instanceof UnavailableError) {
      return Math.min(LONGEST_TIMER, Math.max(backoff, error.retryDelay ?? 0));
    }
    if (error instanceof ResourceExhaustedError && error.retryDelay !== undefined) {
      // Later than the server asks, so that not all refused clients return at once.
      return Math.min(LONGEST_TIMER, error.retryDelay + backoff);
    }
    return undefined;
  }
}

/** A point in time that a call, with all its attempts and waits, must not pass. */
export class Deadline {
  readonly #end: number;

  /**
   * @param timeout - Milliseconds from now; undefined for no deadline.
   * @param clock - A monotonic clock in milliseconds.
   */
  constructor(
    private readonly timeout: number | undefined,
    private readonly clock: () => number = () => performance.now(),
  ) {
    this.#end = clock() + (timeout ?? Infinity);
  }

  /**
   * @returns The remaining milliseconds; Infinity without a deadline, and with one in more than 100 years.
   * @throws DeadlineExceededError - The deadline has passed.
   */
  left(): number {
    const left = this.#end - this.clock();
    if (left <= 0) {
      throw new DeadlineExceededError(`not done within ${String(this.timeout)} ms`);
    }
    return left > LONGEST_TIMEOUT ? Infinity : left;
  }

  /**
   * @returns `wait`, if it ends in time.
   * @throws DeadlineExceededError - The wait would exceed the deadline. The message contains that of `failure`.
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
