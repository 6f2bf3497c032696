import * as args from "./arguments.js";
import {
  DeadlineExceededError,
  ResourceExhaustedError,
  UnavailableError,
  invalid,
  type SynthserveError,
} from "./errors.js";

/** The longest timer of Node.js in milliseconds, almost 25 days. A longer one would end at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/** The longest time that is a limit for a call, 100 years in milliseconds; gRPC cannot send all that a number can hold. */
const LONGEST_TIMEOUT = 100 * 365.25 * 86_400_000;

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
   * @param failures - Failures in a row since the last sample, this one counted.
   * @param error - What happened.
   * @param started - Whether the call has given anything.
   * @param random - From 0 to 1: how much of what may be left out of the wait is.
   * @returns Milliseconds to wait before the next attempt, as many as a timer takes; undefined if there is to be none.
   */
  delay(failures: number, error: SynthserveError, started: boolean, random = Math.random()): number | undefined {
    const { startAttempts, resumeAttempts, initialBackoff, maxBackoff, multiplier } = this.#options;
    if (failures >= (started ? resumeAttempts : startAttempts)) {
      return undefined;
    }
    // After very many failures the factor is infinite, and 0 times that no number.
    const grown = initialBackoff === 0 ? 0 : initialBackoff * multiplier ** (failures - 1);
    const backoff = Math.min(maxBackoff, grown) * (1 - random / 2);
    if (error instanceof UnavailableError) {
      return Math.min(LONGEST_TIMER, Math.max(backoff, error.retryDelay ?? 0));
    }
    if (error instanceof ResourceExhaustedError && error.retryDelay !== undefined) {
      // Later than the server says, so that not all who were refused come at once.
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
   * @param clock - Milliseconds that never go back.
   */
  constructor(
    private readonly timeout: number | undefined,
    private readonly clock: () => number = () => performance.now(),
  ) {
    this.#end = clock() + (timeout ?? Infinity);
  }

  /**
   * @returns The milliseconds that are left; Infinity without a deadline, and with one in more than 100 years.
   * @throws DeadlineExceededError - None are.
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
