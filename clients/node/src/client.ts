import { Client as Stub, type ChannelOptions } from "@grpc/grpc-js";
import { Caller, Scope } from "./calls.js";
import * as args from "./arguments.js";
import { channelOptions } from "./channel.js";
import { invalid } from "./errors.js";
import { ModelServiceService, type Model } from "./gen/synthserve/v1/model.js";
import { allModels, modelView, wholeModel, type View } from "./models.js";
import { resourceName } from "./names.js";
import {
  encodedRowsRequest,
  imagesRequest,
  rowsRequest,
  type EncodedRowsOptions,
  type ImagesOptions,
  type RowsOptions,
} from "./requests.js";
import { message } from "./pem.js";
import { proxyOf } from "./proxies.js";
import { Deadline, RetryPolicy, type RetryOptions } from "./retry.js";
import { EncodedRowStream, ImageStream, RowStream } from "./streams.js";
import { checkedTarget, isLocal } from "./targets.js";
import { channelCredentials, security as securityOf, type TlsOptions } from "./tls.js";
import { authorization, checkTokenUse, type Token } from "./tokens.js";

/** How to connect. */
export interface ClientOptions {
  /** TLS: true trusts the authorities of Node.js; an object sets certificates. Default: plain text. */
  readonly tls?: boolean | TlsOptions | undefined;
  /** Sent with each call as `authorization: Bearer TOKEN`; in plain text only to this machine, never through a proxy. */
  readonly token?: Token | undefined;
  /** Whether the token may be sent in plain text to other machines, if the connection is secured by other means. */
  readonly insecureToken?: boolean | undefined;
  /** The retry policy; false: no retries. */
  readonly retry?: RetryOptions | false | undefined;
  /** Options of gRPC's channel; they override the client's. They cannot override its rule for direct connections. */
  readonly channelOptions?: ChannelOptions | undefined;
}

/** How to ask for a model. */
export interface CallOptions {
  /** Milliseconds for the call, including all retries; Infinity, or more than 100 years, is no limit. */
  readonly timeout?: number | undefined;
  /** Cancels the call when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** How to ask for models. */
export interface ModelsOptions extends CallOptions {
  /**
   * The detail of each model. Default: `basic`, without the categories of columns and conditions; `categoryCount` is
   * their number.
   */
  readonly view?: View | undefined;
}

/**
 * A connection to a server, for any number of concurrent calls. The first call connects; later calls reconnect after
 * the connection was lost.
 *
 * Models are named `iris-vae` (the newest version that is ready), `iris-vae@2` (that version) or by the resource name,
 * `models/iris-vae/versions/2`.
 *
 * @example
 * ```ts
 * const client = new Client("localhost:50051");
 * for await (const batch of client.rows("iris-vae", { count: 1000, seed: 7 })) {
 *   for (const row of batch.rows()) console.log(row);
 * }
 * client.close();
 * ```
 */
export class Client implements Disposable {
  readonly #caller: Caller;

  /**
   * @param target - The server's address, `HOST:PORT` or another form of gRPC (`dns:`, `ipv4:`, `ipv6:`, `unix:`).
   * @throws InvalidArgumentError - The address or an option is invalid.
   */
  constructor(target: string, options: ClientOptions = {}) {
    checkedTarget(target);
    const { tls = false, token, insecureToken = false, retry = {} } = args.options("options", options);
    const security = securityOf(tls);
    args.flag("insecureToken", insecureToken);
    if (token !== undefined) {
      checkToken(token);
      checkTokenUse(target, security, insecureToken);
    }
    const policy = new RetryPolicy(retry === false ? { startAttempts: 1, resumeAttempts: 1 } : retry);
    // Servers on this machine need no proxy, and a proxy could read a token in plain text.
    const direct = isLocal(target) || (token !== undefined && security === "plain");
    const given = args.options("channelOptions", options.channelOptions ?? {});
    const proxy = direct || given["grpc.enable_http_proxy"] === 0 ? undefined : proxyOf(target, process.env);
    const stub = connect(target, channelCredentials(tls), channelOptions(given, direct));
    this.#caller = new Caller(stub, policy, { target, security, proxy }, token);
  }

  /** The channel of gRPC, for stubs of `synthserve/v1`. */
  get channel(): ReturnType<Stub["getChannel"]> {
    return this.#caller.stub.getChannel();
  }

  /**
   * Generates rows of a table model, as batches of typed columns.
   *
   * @throws InvalidArgumentError - An option cannot be sent. The server checks all other values.
   */
  rows(model: string, options: RowsOptions = {}): RowStream {
    return new RowStream(this.#caller, rowsRequest(model, options), scopeOf(options), timeoutOf(options));
  }

  /**
   * Generates rows of a table model as a file of CSV, JSON lines or Arrow, byte for byte as the server sends it.
   *
   * @throws InvalidArgumentError - As with {@link rows}.
   */
  encodedRows(model: string, options: EncodedRowsOptions): EncodedRowStream {
    const request = encodedRowsRequest(model, options);
    return new EncodedRowStream(this.#caller, request, scopeOf(options), timeoutOf(options));
  }

  /**
   * Generates images of an image model.
   *
   * @throws InvalidArgumentError - As with {@link rows}.
   */
  images(model: string, options: ImagesOptions = {}): ImageStream {
    return new ImageStream(this.#caller, imagesRequest(model, options), scopeOf(options), timeoutOf(options));
  }

  /**
   * Yields all models of the server, sorted by name, including those that failed to load.
   *
   * @throws InvalidArgumentError - The view is unknown.
   * @throws SynthserveError - The call failed.
   */
  async *models(options: ModelsOptions = {}): AsyncGenerator<Model, undefined, undefined> {
    const deadline = new Deadline(timeoutOf(options));
    const scope = scopeOf(options);
    const view = modelView(options.view ?? "basic");
    this.#caller.enter(scope);
    try {
      yield* allModels((request) => this.#caller.unary(ModelServiceService.listModels, request, scope, deadline), view);
    } finally {
      this.#caller.leave(scope);
    }
  }

  /**
   * Describes a model, with all its categories.
   *
   * @throws InvalidArgumentError - `name` is not a model's name.
   * @throws NotFoundError - The model or version does not exist.
   * @throws SynthserveError - The call failed.
   */
  async model(name: string, options: CallOptions = {}): Promise<Model> {
    const deadline = new Deadline(timeoutOf(options));
    const scope = scopeOf(options);
    const resource = resourceName(name);
    this.#caller.enter(scope);
    try {
      return await wholeModel(
        (request) => this.#caller.unary(ModelServiceService.getModel, request, scope, deadline),
        resource,
      );
    } finally {
      this.#caller.leave(scope);
    }
  }

  /** Cancels all running calls, and closes the connection. */
  close(): void {
    this.#caller.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function checkToken(token: unknown): void {
  if (typeof token !== "function") {
    authorization(token);
  }
}

/** @throws InvalidArgumentError - gRPC does not accept an option. */
function connect(...arguments_: ConstructorParameters<typeof Stub>): Stub {
  try {
    return new Stub(...arguments_);
  } catch (cause) {
    throw invalid("channelOptions", message(cause), cause);
  }
}

function timeoutOf(options: { readonly timeout?: number | undefined }): number | undefined {
  const { timeout } = args.options("options", options);
  return timeout === undefined ? undefined : args.atLeast("timeout", timeout, 0, "milliseconds");
}

function scopeOf({ signal }: { readonly signal?: AbortSignal | undefined }): Scope {
  return new Scope(args.signal("signal", signal));
}
