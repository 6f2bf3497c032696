import { isDeepStrictEqual } from "node:util";
import { ProtocolError, type SynthserveError } from "./errors.js";
import type { RetryPolicy } from "./retry.js";

/** The end of the indices: no sample has this one. */
export const END = 2n ** 63n - 1n;

/** The common fields of stream requests. */
export interface StreamRequest {
  readonly model: string;
  readonly count?: bigint | undefined;
  readonly seed?: bigint | undefined;
  readonly offset: bigint;
}

/** The information in the first response of a stream. */
export interface StreamInfo {
  readonly model: string;
  readonly seed: bigint;
  readonly schema?: unknown;
}

/** The common fields of stream responses. */
export interface StreamResponse<Info extends StreamInfo> {
  readonly info: Info | undefined;
  readonly firstIndex: bigint;
  /** The number of samples in the response. */
  readonly size: bigint;
}

/**
 * Joins the calls of a stream into one stream that obeys the contract of a single call. Pure: no I/O, no clock.
 *
 * Sample `i` depends only on the model version, the seed, `i` and the conditions. So a stream that broke resumes,
 * without lost or repeated samples, with a request for the rest: the next index, with the version and the seed of the
 * first response. A stream that broke before its first response is requested again unchanged.
 *
 * Its driver gets each request from {@link request}, passes every response to {@link accept}, and reports the end of a
 * call with {@link finish} or {@link broken}.
 */
export class Resume<Request extends StreamRequest, Info extends StreamInfo> {
  readonly #asked: Request;
  readonly #policy: RetryPolicy;
  /** The index after the last requested sample. */
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

  /** The information of the first response; undefined before it. */
  get info(): Info | undefined {
    return this.#info;
  }

  /** The index of the next sample. */
  get nextIndex(): bigint {
    return this.#next;
  }

  /** Whether all requested samples were received; without a count, all samples up to the last index. */
  get complete(): boolean {
    return this.#info !== undefined && this.#next === (this.#end ?? END);
  }

  /** The request for the missing samples. */
  request(): Request {
    return {
      ...this.#asked,
      ...(this.#info && { model: this.#info.model, seed: this.#info.seed }),
      ...(this.#end !== undefined && { count: this.#end - this.#next }),
      offset: this.#next,
    };
  }

  /**
   * Records the next response of the running call.
   *
   * @returns The response. Only the first of the stream has `info`, even if a later call repeats it.
   * @throws ProtocolError - The response does not follow the previous one.
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
   * Records that the running call ended without an error.
   *
   * @throws ProtocolError - Samples are missing.
   */
  finish(): void {
    if (!this.complete) {
      const goal = this.#end === undefined ? "it has no end" : `${this.#end} was asked for`;
      throw new ProtocolError(`the stream ended at index ${this.#next}, but ${goal}`);
    }
  }

  /**
   * Records that the running call failed.
   *
   * @returns Milliseconds to wait before the next call; undefined if no sample is missing, which makes the error
   * irrelevant.
   * @throws SynthserveError - `error`, if the stream cannot resume.
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
