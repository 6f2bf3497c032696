import { RowBatch, type Row } from "./batches.js";
import { Scope, type Caller } from "./calls.js";
import { CancelledError } from "./errors.js";
import type { GenerateImagesRequest, GenerateRowsRequest } from "./gen/synthserve/v1/generation.js";
import { GENERATE_IMAGES, GENERATE_ROWS } from "./methods.js";
import { Resume, type StreamInfo } from "./resume.js";
import type { ImagesInfo, ImagesResponse, RowsInfo, RowsResponse } from "./wire.js";

/**
 * A stream of samples. Nothing is sent before the first sample is requested. The client reads only a little ahead, so a
 * slow reader slows the server down. The stream resumes automatically after a broken connection.
 *
 * It can be iterated once, usually with `for await`; leaving the loop early cancels the stream. Code that calls
 * `next()` must read to the end or call `cancel()`, as `await using` does. Reading throws {@link SynthserveError}.
 */
export abstract class SampleStream<Item, Info extends StreamInfo>
  implements AsyncIterableIterator<Item, undefined, undefined>, AsyncDisposable
{
  readonly #scope: Scope;
  readonly #run: { readonly info: Info | undefined };
  readonly #items: AsyncGenerator<Item, undefined, undefined>;
  #taken = false;

  /**
   * @internal
   * @param scope - Cancels `items`.
   * @param run - Holds the stream's info.
   */
  constructor(
    scope: Scope,
    run: { readonly info: Info | undefined },
    items: AsyncGenerator<Item, undefined, undefined>,
  ) {
    this.#scope = scope;
    this.#run = run;
    this.#items = items;
  }

  /** Information about the whole stream: model version, seed and schema. Undefined before the first response. */
  get info(): Info | undefined {
    return this.#run.info;
  }

  /** Cancels the stream: pending and later calls of `next()` throw a {@link CancelledError}. */
  cancel(): void {
    this.#scope.cancel(new CancelledError("the stream was cancelled"));
  }

  /** @throws SynthserveError - The stream failed, after retries if they could help. */
  next(): Promise<IteratorResult<Item, undefined>> {
    return this.#items.next();
  }

  /** Cancels the stream, and resolves when it has ended. */
  async return(): Promise<IteratorResult<Item, undefined>> {
    this.cancel();
    return this.#items.return(undefined);
  }

  [Symbol.asyncIterator](): this {
    if (this.#taken) {
      throw new TypeError("a stream can be gone through once; ask the client for another");
    }
    this.#taken = true;
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

/** Rows of a table model as batches of typed columns; see {@link Client.rows}. */
export class RowStream extends SampleStream<RowBatch, RowsInfo> {
  /** @internal */
  constructor(caller: Caller, request: GenerateRowsRequest, scope: Scope, timeout: number | undefined) {
    const run = new Resume<GenerateRowsRequest, RowsInfo>(request, caller.policy);
    super(scope, run, batches(caller.stream(GENERATE_ROWS, run, scope, timeout)));
  }

  /** Yields the stream row by row, as objects from column name to value. Batches are faster. */
  async *rows(): AsyncGenerator<Row, undefined, undefined> {
    for await (const batch of this) {
      yield* batch.rows();
    }
  }
}

async function* batches(
  responses: AsyncGenerator<RowsResponse, undefined, undefined>,
): AsyncGenerator<RowBatch, undefined, undefined> {
  let info: RowsInfo | undefined;
  for await (const response of responses) {
    info ??= response.info;
    if (info !== undefined && response.size > 0n) {
      yield new RowBatch(response, info.schema);
    }
  }
}

/** A piece of a file. */
export interface RowChunk {
  /** The index of the first row in it. */
  readonly firstIndex: bigint;
  /** The number of rows in the piece; 0 if it holds only the beginning of the file. */
  readonly rowCount: number;
  /** The bytes. Concatenated, all pieces of a stream are a valid file. */
  readonly data: Uint8Array;
}

/** Rows of a table model, encoded by the server; see {@link Client.encodedRows}. */
export class EncodedRowStream extends SampleStream<RowChunk, RowsInfo> {
  /** @internal */
  constructor(caller: Caller, request: GenerateRowsRequest, scope: Scope, timeout: number | undefined) {
    const run = new Resume<GenerateRowsRequest, RowsInfo>(request, caller.policy);
    super(scope, run, chunks(caller.stream(GENERATE_ROWS, run, scope, timeout)));
  }

  /** Yields the pieces of the file, for example for `pipeline(stream.bytes(), createWriteStream("rows.csv"))`. */
  async *bytes(): AsyncGenerator<Uint8Array, undefined, undefined> {
    for await (const { data } of this) {
      yield data;
    }
  }
}

async function* chunks(
  responses: AsyncGenerator<RowsResponse, undefined, undefined>,
): AsyncGenerator<RowChunk, undefined, undefined> {
  for await (const { info, firstIndex, size, preamble, data } of responses) {
    // Only the first response has `info`: after a resume, the beginning of the file is not repeated.
    if (info !== undefined) {
      yield { firstIndex, rowCount: Number(size), data: Buffer.concat([preamble, data]) };
    } else if (size > 0n) {
      yield { firstIndex, rowCount: Number(size), data };
    }
  }
}

/** An image. */
export interface Image {
  /** Its index. */
  readonly index: bigint;
  /** The file, or for `raw` the pixels: height × width × channels bytes, rows from the top, channels last. */
  readonly data: Uint8Array;
}

/** Images of an image model; see {@link Client.images}. */
export class ImageStream extends SampleStream<Image, ImagesInfo> {
  /** @internal */
  constructor(caller: Caller, request: GenerateImagesRequest, scope: Scope, timeout: number | undefined) {
    const run = new Resume<GenerateImagesRequest, ImagesInfo>(request, caller.policy);
    super(scope, run, images(caller.stream(GENERATE_IMAGES, run, scope, timeout)));
  }
}

async function* images(
  responses: AsyncGenerator<ImagesResponse, undefined, undefined>,
): AsyncGenerator<Image, undefined, undefined> {
  for await (const response of responses) {
    let index = response.firstIndex;
    for (const data of response.images) {
      yield { index: index++, data };
    }
  }
}
