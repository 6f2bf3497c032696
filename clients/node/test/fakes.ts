/** Servers in this process that say what a test has them say, and errors as gRPC raises them. */
import { promisify } from "node:util";
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type ServiceError,
  type handleUnaryCall,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { Client, type ClientOptions } from "synthserve";
import { Status } from "#src/gen/synthserve/client/error_details.js";
import {
  Column,
  ColumnType,
  ConditionSpec,
  GenerationServiceService,
  Model,
  ModelServiceService,
  ModelState,
  TableSchema,
  type GenerateImagesRequest,
  type GenerateImagesResponse,
  type GenerateRowsRequest,
  type GenerateRowsResponse,
  type GetModelRequest,
  type GetModelResponse,
  type ListModelsRequest,
  type ListModelsResponse,
} from "synthserve/v1";

export const VERSION = "models/m/versions/1";
export const SEED = 7n;

export type RowsCall = ServerWritableStream<GenerateRowsRequest, GenerateRowsResponse>;
export type ImagesCall = ServerWritableStream<GenerateImagesRequest, GenerateImagesResponse>;

/** How the calls of a method are answered: the first by the first function, and so on; the last answers all others. */
interface Answers {
  readonly rows?: readonly ((call: RowsCall) => void)[];
  readonly images?: readonly ((call: ImagesCall) => void)[];
  readonly models?: readonly ((request: ListModelsRequest) => ListModelsResponse | ServiceError)[];
  readonly model?: readonly ((request: GetModelRequest) => GetModelResponse | ServiceError)[];
}

interface Listening {
  /** By default at a port that is free. */
  readonly address?: string;
  /** By default plain text. */
  readonly credentials?: ServerCredentials;
}

/** A server on a port of its own. */
export class FakeServer implements AsyncDisposable {
  /** What was asked, in order. */
  readonly requests: (GenerateRowsRequest | GenerateImagesRequest | ListModelsRequest | GetModelRequest)[] = [];
  /** The metadata of each request. */
  readonly metadata: Metadata[] = [];
  readonly #server = new Server();
  target = "";

  static async start(answers: Answers, listening: Listening = {}): Promise<FakeServer> {
    const fake = new FakeServer();
    await fake.#start(answers, listening);
    return fake;
  }

  async #start(
    { rows = [], images = [], models = [], model = [] }: Answers,
    { address = "127.0.0.1:0", credentials = ServerCredentials.createInsecure() }: Listening,
  ): Promise<void> {
    const streaming = <Request extends GenerateRowsRequest | GenerateImagesRequest, Response>(
      answers: readonly ((call: ServerWritableStream<Request, Response>) => void)[],
    ) => {
      const next = inTurn(answers);
      return (call: ServerWritableStream<Request, Response>) => {
        this.requests.push(call.request);
        this.metadata.push(call.metadata);
        next()(call);
      };
    };
    const unary = <Request extends ListModelsRequest | GetModelRequest, Response extends object>(
      answers: readonly ((request: Request) => Response | ServiceError)[],
    ): handleUnaryCall<Request, Response> => {
      const next = inTurn(answers);
      return ({ request, metadata }, answer) => {
        this.requests.push(request);
        this.metadata.push(metadata);
        answerUnary(answer, next()(request));
      };
    };
    this.#server.addService(GenerationServiceService, {
      generateRows: streaming(rows),
      generateImages: streaming(images),
    });
    this.#server.addService(ModelServiceService, { listModels: unary(models), getModel: unary(model) });
    const bind = promisify(this.#server.bindAsync.bind(this.#server));
    const port = await bind(address, credentials);
    this.target = address.startsWith("unix:") ? address : `127.0.0.1:${port}`;
  }

  /** Drops all connections. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
    return Promise.resolve();
  }
}

function inTurn<Answer>(answers: readonly Answer[]): () => Answer {
  let calls = 0;
  return () => answers[Math.min(calls++, answers.length - 1)]!;
}

function answerUnary<Response extends object>(answer: sendUnaryData<Response>, said: Response | ServiceError): void {
  if (said instanceof Error) {
    answer(said);
  } else {
    answer(null, said);
  }
}

/** What leaves all fields of a message as they are by default. */
const NOTHING = new Uint8Array();

export const INDEX: Column = { ...Column.decode(NOTHING), name: "index", type: ColumnType.INT64 };

/** A column of categories. */
export function categoryColumn(name: string, categories: string[], categoryCount = categories.length): Column {
  return { ...INDEX, name, type: ColumnType.CATEGORY, categories, categoryCount };
}

/** The schema of these columns. */
export function table(...columns: Column[]): TableSchema {
  return { ...TableSchema.decode(NOTHING), columns };
}

/** A condition on a column. */
export function conditionOn(column: string, spec: Partial<ConditionSpec> = {}): ConditionSpec {
  return { ...ConditionSpec.decode(NOTHING), column, ...spec };
}

/** A model that generates nothing in particular. */
export const MODEL: Model = { ...Model.decode(NOTHING), version: VERSION, state: ModelState.READY };

/** Rows whose only column is their index. */
export function indices(first: bigint, size: number, withInfo: boolean): GenerateRowsResponse {
  const values = Array.from({ length: size }, (_, position) => first + BigInt(position));
  return {
    info: withInfo
      ? { model: VERSION, seed: SEED, schema: table(INDEX), preamble: Buffer.from("index\n"), partCount: 0 }
      : undefined,
    firstIndex: first,
    rowCount: BigInt(size),
    rows: {
      $case: "columns",
      value: { columns: [{ values: { $case: "int64s", value: { values } }, validity: [] }] },
    },
    part: undefined,
  };
}

/** The same rows as CSV. */
export function csv(first: bigint, size: number, withInfo: boolean): GenerateRowsResponse {
  const lines = Array.from({ length: size }, (_, position) => `${first + BigInt(position)}\n`);
  return { ...indices(first, size, withInfo), rows: { $case: "data", value: Buffer.from(lines.join("")) } };
}

/** Answers a call with messages of `size` rows each, up to `most` rows; then it ends well, or with `error`. */
export function rowsUpTo(
  most: number,
  size: number,
  { error, message = indices }: { error?: ServiceError; message?: typeof indices } = {},
): (call: RowsCall) => void {
  return (call) => {
    const { offset, count } = call.request;
    const end = offset + (count === undefined || count > BigInt(most) ? BigInt(most) : count);
    let next = offset;
    do {
      const now = Math.min(size, Number(end - next));
      call.write(message(next, now, next === offset));
      next += BigInt(now);
    } while (next < end);
    if (error === undefined) {
      call.end();
    } else {
      call.emit("error", error);
    }
  };
}

/** A detail of an error. */
export function packed<Message>(
  name: string,
  type: { encode(message: Message): { finish(): Uint8Array } },
  message: Message,
): Status["details"][number] {
  return { typeUrl: `type.googleapis.com/google.rpc.${name}`, value: type.encode(message).finish() };
}

/** An error as gRPC raises it, and as a server sends it. */
export function serviceError(code: status, details: string, packedDetails: Status["details"] = []): ServiceError {
  const metadata = new Metadata();
  if (packedDetails.length > 0) {
    metadata.set("grpc-status-details-bin", Buffer.from(Status.encode({ details: packedDetails }).finish()));
  }
  return Object.assign(new Error(details), { code, details, metadata });
}

/** What a server says that goes away. */
export const LOST = serviceError(status.UNAVAILABLE, "lost");

/** A client that tries again at once. */
export function connect({ target }: FakeServer, options: ClientOptions = {}): Client {
  return new Client(target, { retry: { initialBackoff: 0, maxBackoff: 0 }, ...options });
}

/** Everything that comes. */
export async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const got: Item[] = [];
  for await (const item of items) {
    got.push(item);
  }
  return got;
}

/** Takes the proxies of the machine out of the environment of a test. */
export function forgetProxies(): void {
  for (const name of ["grpc_proxy", "https_proxy", "http_proxy", "no_grpc_proxy", "no_proxy"]) {
    Reflect.deleteProperty(process.env, name);
  }
}
