import { isDeepStrictEqual } from "node:util";
import { ProtocolError, type SynthserveError } from "./errors.js";
import type { RetryPolicy } from "./retry.js";

/** The end of the indices: no sample has this one. */
export const END = 2n ** 63n - 1n;

/** What requests for a stream have in common. */
export interface StreamRequest {
  readonly model: string;
  readonly count?: bigint | undefined;
  readonly seed?: bigint | undefined;
  readonly offset: bigint;
}

/** What the first response of a stream tells. */
export interface StreamInfo {
  readonly model: string;
  readonly seed: bigint;
  readonly schema?: unknown;
}

/** What responses of a stream have in common. */
export interface StreamResponse<Info extends StreamInfo> {
  readonly info: Info | undefined;
  readonly firstIndex: bigint;
  /** How many samples it carries. */
  readonly size: bigint;
}

/**
 * Turns the calls that a stream takes into one stream that obeys the contract of one call. Pure: no I/O, no clock.
 *
 * Sample `i` depends only on the model version, the seed, `i` and the conditions. So a stream that broke goes on, with
 * nothing lost and nothing repeated, by asking for the rest: the next index, with the version and the seed of the first
 * response. One that broke before that is simply asked for again.
 *
 * Its driver asks {@link request} what to send, shows every response to {@link accept}, and tells how the call ended
 * with {@link finish} or {@link broken}.
 */
export class Resume<Request extends StreamRequest, Info extends StreamInfo> {
  readonly #asked: Request;
  readonly #policy: RetryPolicy;
  /** The index after the last that was asked for. */
  readonly #end: bigint | undefined;
  #next: bigint;
  #info: Info | undefined;
  #failures = 0;

  constructor(asked: Request, policy: RetryPolicy) {
    this.#asked = asked;
    this.#policy = policy;
    this.#next = asked.offset;
    this.#end = asked.count === undefined ? undefined : asked.offset + asked.count;
  }

  /** What the first response told; undefined before it. */
  get info(): Info | undefined {
    return this.#info;
  }

  /** The index of the sample that is to come next. */
  get nextIndex(): bigint {
    return this.#next;
  }

  /** Whether nothing is missing: of a stream without a count, no sample that there is. */
  get complete(): boolean {
    return this.#info !== undefined && this.#next === (this.#end ?? END);
  }

  /** The request for what is missing. */
  request(): Request {
    return {
      ...this.#asked,
      ...(this.#info && { model: this.#info.model, seed: this.#info.seed }),
      ...(this.#end !== undefined && { count: this.#end - this.#next }),
      offset: this.#next,
    };
  }

  /**
   * Takes the next response of the running call.
   *
   * @returns The response. Those after the first have no `info`, also where another call begins.
   * @throws ProtocolError - It does not follow the one before.
   */
  accept<Response extends StreamResponse<Info>>(response: Response): Response {
    const { info, firstIndex, size } = response;
    if (info !== undefined) {
      this.#check(info);
    } else if (this.#info === undefined) {
      throw new ProtocolError("the first response says neither model version nor seed");
    }
    if (firstIndex !== this.#next || size < 0n) {
      throw new ProtocolError(`expected samples from index ${this.#next}, got ${size} from ${firstIndex}`);
    }
    if (this.#next + size > (this.#end ?? END)) {
      throw new ProtocolError(`samples end at index ${this.#end ?? END}, got some up to ${this.#next + size}`);
    }
    const accepted = this.#info === undefined ? response : { ...response, info: undefined };
    this.#info ??= info;
    this.#next += size;
    if (size > 0n) {
      this.#failures = 0;
    }
    return accepted;
  }

  #check(info: Info): void {
    const model = this.#info?.model ?? (this.#asked.model.includes("/versions/") ? this.#asked.model : info.model);
    const seed = this.#info?.seed ?? this.#asked.seed ?? info.seed;
    if (info.model !== model || info.seed !== seed) {
      throw new ProtocolError(`asked for ${model} with seed ${seed}, got ${info.model} with seed ${info.seed}`);
    }
    if (this.#info !== undefined && !isDeepStrictEqual(info.schema, this.#info.schema)) {
      throw new ProtocolError(`${model} has another schema than before the stream broke`);
    }
  }

  /**
   * Takes note that the running call ended without an error.
   *
   * @throws ProtocolError - Too early.
   */
  finish(): void {
    if (!this.complete) {
      const goal = this.#end === undefined ? "it has no end" : `${this.#end} was asked for`;
      throw new ProtocolError(`the stream ended at index ${this.#next}, but ${goal}`);
    }
  }

  /**
   * Takes note that the running call failed.
   *
   * @returns Milliseconds to wait before the next call; undefined if nothing is missing, so that the error does not matter.
   * @throws SynthserveError - `error`, when the stream cannot go on.
   */
  broken(error: SynthserveError): number | undefined {
    if (this.complete) {
      return undefined;
    }
    this.#failures += 1;
    const wait = this.#policy.delay(this.#failures, error, this.#info !== undefined);
    if (wait === undefined) {
      throw error;
    }
    return wait;
  }
}
