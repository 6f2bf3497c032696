/**
 * Plays conformance cases through the public surface and prints a line of JSON for each.
 *
 *     node build/conformance/runner.js PLAY
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import {
  Client,
  SynthserveError,
  type Encoding,
  type ImageFormat,
  type ImagesInfo,
  type RowsInfo,
  type SampleStream,
} from "synthserve";
import { print, run } from "../examples/program.js";
import { conditionsOf } from "./conditions.js";
import { described } from "./descriptions.js";
import { ColumnsDigest, counted } from "./digests.js";
import { readPlay, type Case, type Connection, type Play } from "./play.js";

/** The clients of a play, created on demand: for each connection one with retries and one without. */
class Clients implements Disposable {
  readonly #clients = new Map<string, Client>();

  constructor(private readonly connections: Play["connections"]) {}

  get({ connection, retries = true }: Case): Client {
    const key = `${connection} ${String(retries)}`;
    const client = this.#clients.get(key) ?? connect(this.connections[connection]!, retries);
    this.#clients.set(key, client);
    return client;
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients.values()) {
      client.close();
    }
  }
}

function connect({ target, ca, token }: Connection, retries: boolean): Client {
  return new Client(target, {
    tls: ca !== undefined && { ca: readFileSync(ca) },
    token,
    retry: retries ? {} : false,
  });
}

/** The progress of a case. */
class Progress {
  samples = 0n;
  readonly #case: Case;
  #paused = false;

  constructor(asked: Case) {
    this.#case = asked;
  }

  /** Counts samples, and pauses where the case says so. Returns whether to cancel the stream now. */
  async took(samples: number): Promise<boolean> {
    const { name, pause_after, cancel_after } = this.#case;
    this.samples += BigInt(samples);
    if (pause_after !== undefined && !this.#paused && this.samples >= BigInt(pause_after)) {
      this.#paused = true;
      await say({ case: name, paused: true });
      await input.next();
    }
    return cancel_after !== undefined && this.samples >= BigInt(cancel_after);
  }
}

const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function say(line: Record<string, unknown>): Promise<void> {
  await print(JSON.stringify(line));
}

async function play(asked: Case, clients: Clients): Promise<Record<string, unknown>> {
  const progress = new Progress(asked);
  try {
    const client = clients.get(asked);
    switch (asked.call) {
      case "models": {
        const models: string[] = [];
        for await (const model of client.models()) {
          models.push(model.version);
        }
        return { models };
      }
      case "model":
        return described(await client.model(asked.model ?? ""));
      case "rows":
        return asked.format === undefined || asked.format === "columns"
          ? await playRows(client, asked, progress)
          : await playEncodedRows(client, asked, asked.format as Encoding, progress);
      case "images":
        return await playImages(client, asked, progress);
    }
  } catch (error) {
    if (!(error instanceof SynthserveError)) {
      throw error;
    }
    return { samples: String(progress.samples), error: failure(error) };
  }
}

function options(asked: Case) {
  const exact = (text: string | undefined) => (text === undefined ? undefined : BigInt(text));
  return {
    count: exact(asked.count),
    seed: exact(asked.seed),
    offset: exact(asked.offset),
    where: conditionsOf(asked),
    timeout: asked.timeout_ms,
  };
}

async function playRows(client: Client, asked: Case, progress: Progress): Promise<Record<string, unknown>> {
  const stream = client.rows(asked.model ?? "", { ...options(asked), rowsPerMessage: asked.per_message });
  const digest = new ColumnsDigest();
  for await (const batch of stream) {
    digest.update(batch);
    if (await progress.took(batch.rowCount)) {
      return cancelled(progress);
    }
  }
  return ended(progress, digest.hex(stream.info?.schema.columns.length ?? 0), stream);
}

async function playEncodedRows(
  client: Client,
  asked: Case,
  format: Encoding,
  progress: Progress,
): Promise<Record<string, unknown>> {
  const rowsPerMessage = asked.per_message;
  const stream = client.encodedRows(asked.model ?? "", { ...options(asked), format, rowsPerMessage });
  const digest = createHash("sha256");
  for await (const chunk of stream) {
    digest.update(chunk.data);
    if (await progress.took(chunk.rowCount)) {
      return cancelled(progress);
    }
  }
  return ended(progress, digest.digest("hex"), stream);
}

async function playImages(client: Client, asked: Case, progress: Progress): Promise<Record<string, unknown>> {
  const format = (asked.format ?? "png") as ImageFormat;
  const stream = client.images(asked.model ?? "", {
    ...options(asked),
    format,
    imagesPerMessage: asked.per_message,
    jpegQuality: asked.jpeg_quality,
  });
  const digest = createHash("sha256");
  for await (const image of stream) {
    digest.update(counted(image, format));
    if (await progress.took(1)) {
      return cancelled(progress);
    }
  }
  return ended(progress, digest.digest("hex"), stream);
}

function cancelled({ samples }: Progress): Record<string, unknown> {
  return { samples: String(samples), cancelled: true };
}

function ended(
  { samples }: Progress,
  sha256: string,
  { info }: SampleStream<unknown, RowsInfo | ImagesInfo>,
): Record<string, unknown> {
  return { samples: String(samples), sha256, model: info?.model, seed: String(info?.seed) };
}

function failure(error: SynthserveError): Record<string, unknown> {
  const some = <Item, Told>(items: readonly Item[], told: (item: Item) => Told) =>
    items.length === 0 ? undefined : items.map(told);
  // JSON omits undefined properties.
  return {
    code: error.code,
    reason: error.reason,
    fields: some(error.fields, ({ field }) => field),
    resource: error.resource,
    retry_ms: error.retryDelay,
    quotas: some(error.quotas, ({ subject }) => subject),
    preconditions: some(error.preconditions, ({ subject }) => subject),
  };
}

await run("runner", async () => {
  const [file] = process.argv.slice(2);
  if (file === undefined) {
    throw new Error("name the file of a play: node build/conformance/runner.js PLAY");
  }
  const { connections, cases } = await readPlay(file);
  using clients = new Clients(connections);
  for (const asked of cases) {
    await say({ case: asked.name, ...(await play(asked, clients)) });
  }
});
process.stdin.destroy();
