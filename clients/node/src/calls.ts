import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { debuglog } from "node:util";
import {
  Metadata,
  type CallOptions,
  type Client as Stub,
  type ClientReadableStream,
  type ClientUnaryCall,
  type MethodDefinition,
  type ServiceError,
} from "@grpc/grpc-js";
import { CancelledError, SynthserveError } from "./errors.js";
import type { Resume, StreamInfo, StreamRequest, StreamResponse } from "./resume.js";
import type { Peer } from "./reasons.js";
import { Deadline, LONGEST_TIMER, type RetryPolicy } from "./retry.js";
import { errorFromCall } from "./status.js";
import { authorization, type Token } from "./tokens.js";

/** The properties of a method that calls need. */
export type Method<Request, Response> = Pick<
  MethodDefinition<Request, Response>,
  "path" | "requestSerialize" | "responseDeserialize"
>;

/** The properties of a streaming method that calls need. */
export interface StreamMethod<Request, Response> extends Method<Request, Response> {
  /**
   * Makes, for one call, a function that joins responses that belong together. It gets them in order, and returns
   * undefined while a joined response is incomplete.
   */
  readonly joiner: () => (response: Response) => Response | undefined;
}

/** `NODE_DEBUG=synthserve` logs retries to standard error. */
const log = debuglog("synthserve");

/** The only module that calls gRPC: the state shared by all calls of a client, and the calls with their retries. */
export class Caller {
  readonly #scopes = new Set<Scope>();
  #closed = false;

  constructor(
    readonly stub: Stub,
    readonly policy: RetryPolicy,
    private readonly peer: Peer,
    private readonly token: Token | undefined,
  ) {}

  /** Begins a logical call; the caller must `leave` it. */
  enter(scope: Scope): void {
    if (this.#closed) {
      throw new CancelledError("the client is closed");
    }
    this.#scopes.add(scope);
    scope.enter();
  }

  /** Ends a logical call. */
  leave(scope: Scope): void {
    this.#scopes.delete(scope);
    scope.leave();
  }

  /** Cancels all calls and closes the connection. */
  close(): void {
    this.#closed = true;
    for (const scope of this.#scopes) {
      scope.cancel(new CancelledError("the client was closed"));
    }
    this.stub.close();
  }

  /**
   * Makes a unary call with retries. `scope` must have been entered.
   *
   * @throws SynthserveError - The call failed, after retries if they could help.
   */
  async unary<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    scope: Scope,
    deadline: Deadline,
  ): Promise<Response> {
    for (let failures = 1; ; failures++) {
      const metadata = await this.#metadata(scope, deadline);
      try {
        return await this.#answer(method, request, metadata, scope, deadline);
      } catch (raised) {
        const error = this.#typed(raised, scope);
        const wait = this.policy.delay(failures, error, false);
        if (wait === undefined) {
          throw error;
        }
        await pause(deadline.fit(wait, error), scope);
      }
    }
  }

  async #answer<Request, Response>(
    { path, requestSerialize, responseDeserialize }: Method<Request, Response>,
    request: Request,
    metadata: Metadata,
    scope: Scope,
    deadline: Deadline,
  ): Promise<Response> {
    const options = callOptions(deadline);
    let call: ClientUnaryCall | undefined;
    const cancel = () => call?.cancel();
    scope.signal.addEventListener("abort", cancel);
    try {
      return await new Promise((resolve, reject) => {
        const done = (error: ServiceError | null, response?: Response) => {
          if (error === null) {
            resolve(response as Response);
          } else {
            reject(error);
          }
        };
        call = this.stub.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          metadata,
          options,
          done,
        );
      });
    } finally {
      scope.signal.removeEventListener("abort", cancel);
    }
  }

  /**
   * The responses of one logical stream, made of one or more calls. Nothing is sent before the first response is
   * requested, and no call runs after the generator has returned.
   */
  async *stream<Request extends StreamRequest, Info extends StreamInfo, Response extends StreamResponse<Info>>(
    method: StreamMethod<Request, Response>,
    run: Resume<Request, Info>,
    scope: Scope,
    timeout: number | undefined,
  ): AsyncGenerator<Response, undefined, undefined> {
    const deadline = new Deadline(timeout);
    this.enter(scope);
    try {
      for (;;) {
        const failure = yield* this.#attempt(method, run, scope, deadline);
        if (failure === undefined) {
          run.finish();
          return;
        }
        const wait = run.broken(failure);
        if (wait === undefined) {
          return;
        }
        log("broke at index %s (%s); going on in %i ms", run.nextIndex, failure.message, wait);
        await pause(deadline.fit(wait, failure), scope);
      }
    } finally {
      this.leave(scope);
    }
  }

  /** One call of a stream: yields its responses, and returns its error, if it failed. */
  async *#attempt<Request extends StreamRequest, Info extends StreamInfo, Response extends StreamResponse<Info>>(
    method: StreamMethod<Request, Response>,
    run: Resume<Request, Info>,
    scope: Scope,
    deadline: Deadline,
  ): AsyncGenerator<Response, SynthserveError | undefined, undefined> {
    const metadata = await this.#metadata(scope, deadline);
    const options = callOptions(deadline);
    let call: ClientReadableStream<Response>;
    try {
      const { path, requestSerialize, responseDeserialize } = method;
      const request = run.request();
      call = this.stub.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, metadata, options);
    } catch (raised) {
      return this.#typed(raised, scope);
    }
    // The iterator throws errors while it waits. A later error event without a listener would end the process.
    call.on("error", () => undefined);
    const cancel = () => {
      call.cancel();
    };
    scope.signal.addEventListener("abort", cancel);
    try {
      // It reads ahead up to 16 messages and no further, which keeps HTTP/2's flow control in force.
      const responses = call[Symbol.asyncIterator]() as AsyncIterator<Response, undefined>;
      const join = method.joiner();
      for (;;) {
        let next: IteratorResult<Response, undefined>;
        try {
          next = await responses.next();
        } catch (raised) {
          return this.#typed(raised, scope);
        }
        scope.signal.throwIfAborted();
        if (next.done === true) {
          return undefined;
        }
        const response = join(next.value);
        if (response !== undefined) {
          yield run.accept(response);
        }
      }
    } finally {
      scope.signal.removeEventListener("abort", cancel);
      call.cancel();
    }
  }

  async #metadata(scope: Scope, deadline: Deadline): Promise<Metadata> {
    const metadata = new Metadata();
    if (this.token !== undefined) {
      const token = typeof this.token === "string" ? this.token : await inTime(this.token, scope, deadline);
      metadata.set("authorization", authorization(token));
    }
    scope.signal.throwIfAborted();
    return metadata;
  }

  /** The typed error for an error of gRPC; throws that of `scope` if `scope` was cancelled here. */
  #typed(raised: unknown, scope: Scope): SynthserveError {
    scope.signal.throwIfAborted();
    if (raised instanceof SynthserveError) {
      return raised;
    }
    if (!(raised instanceof Error && "code" in raised && "metadata" in raised)) {
      // Not the error of a call: the client's channel was closed, for example.
      return new SynthserveError("INTERNAL", `the call could not be made: ${String(raised)}`, { cause: raised });
    }
    return errorFromCall(raised as ServiceError, this.peer);
  }
}

/** Cancels a logical call with all its attempts, for the caller's signal, the stream, or the closing client. */
export class Scope {
  readonly #controller = new AbortController();

  /** @param outer - The signal of the caller. */
  constructor(private readonly outer: AbortSignal | undefined) {}

  /** Aborts with a {@link CancelledError}. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  cancel(error: CancelledError): void {
    this.#controller.abort(error);
  }

  enter(): void {
    if (this.outer === undefined) {
      return;
    }
    if (this.outer.aborted) {
      this.#onAbort();
    }
    // One signal may stop many streams; Node.js warns of a leak for more than ten listeners.
    setMaxListeners(0, this.outer);
    this.outer.addEventListener("abort", this.#onAbort);
  }

  leave(): void {
    this.outer?.removeEventListener("abort", this.#onAbort);
  }

  readonly #onAbort = (): void => {
    this.cancel(new CancelledError("the signal was aborted", { cause: this.outer?.reason }));
  };
}

function callOptions(deadline: Deadline): CallOptions {
  return { deadline: Date.now() + deadline.left() };
}

/** The result of the caller's function, unless the call ends first. */
async function inTime<Given>(give: () => Given | Promise<Given>, scope: Scope, deadline: Deadline): Promise<Given> {
  const given = new AbortController();
  const signal = AbortSignal.any([given.signal, scope.signal]);
  const late = async (): Promise<never> => {
    for (;;) {
      await sleep(Math.min(deadline.left(), LONGEST_TIMER), undefined, { signal });
    }
  };
  try {
    return await Promise.race([give(), late()]);
  } catch (raised) {
    scope.signal.throwIfAborted();
    throw raised;
  } finally {
    given.abort();
  }
}

async function pause(wait: number, { signal }: Scope): Promise<void> {
  try {
    await sleep(wait, undefined, { signal });
  } catch {
    signal.throwIfAborted();
  }
}
