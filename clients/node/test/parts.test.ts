/** Schemas that are too large for one message: in streams, and in descriptions of models. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Assembly } from "#src/assembly.js";
import { readRows } from "#src/wire.js";
import { ConditionKind, Method, ProtocolError } from "synthserve";
import {
  ColumnType,
  GenerateRowsResponse,
  ModelView,
  type CategoryPart,
  type ConditionSpec,
  type GenerateRowsRequest,
  type GetModelRequest,
  type GetModelResponse,
  type ListModelsRequest,
  type Model,
} from "synthserve/v1";
import {
  FakeServer,
  INDEX,
  LOST,
  MODEL,
  SEED,
  VERSION,
  all,
  categoryColumn,
  conditionOn,
  connect,
  table,
  type RowsCall,
} from "./fakes.js";

/** Many, so that they are more than a call takes as arguments. */
const NAMES = Array.from({ length: 300_000 }, (_, index) => `name ${index}`);

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

/** A first response with the beginning of the categories. */
function first(had: number, partCount: number, firstIndex = 0n): GenerateRowsResponse {
  const schema = table(INDEX, categoryColumn("c", NAMES.slice(0, had), NAMES.length));
  return {
    info: { model: VERSION, seed: SEED, schema, preamble: Buffer.from("a"), partCount },
    firstIndex,
    rowCount: 0n,
    rows: undefined,
    part: undefined,
  };
}

function part(columns: CategoryPart[], preamble = "", firstIndex = 0n): GenerateRowsResponse {
  return {
    info: undefined,
    firstIndex,
    rowCount: 0n,
    rows: undefined,
    part: { columns, conditions: [], preamble: Buffer.from(preamble) },
  };
}

const named = (from: number, to: number): CategoryPart => ({ index: 1, categories: NAMES.slice(from, to) });

/** Rows whose categories are the last ones. */
function rows(firstIndex: bigint, size: number): GenerateRowsResponse {
  const values = Array.from({ length: size }, (_, row) => firstIndex + BigInt(row));
  const codes = values.map((index) => NAMES.length - 1 - Number(index));
  return {
    info: undefined,
    firstIndex,
    rowCount: BigInt(size),
    rows: {
      $case: "columns",
      value: {
        columns: [
          { values: { $case: "int64s", value: { values } }, validity: [] },
          { values: { $case: "categories", value: { codes } }, validity: [] },
        ],
      },
    },
    part: undefined,
  };
}

function file(firstIndex: bigint, data: string): GenerateRowsResponse {
  return { ...rows(firstIndex, data.length), rows: { $case: "data", value: Buffer.from(data) } };
}

const read = (response: GenerateRowsResponse) => readRows(GenerateRowsResponse.encode(response).finish());

describe("responses with parts of a schema", () => {
  it("become one with the first", () => {
    const assembly = new Assembly();
    assert.equal(assembly.accept(read(first(10, 2, 5n))), undefined);
    assert.equal(assembly.accept(read(part([named(10, 20)], "b", 5n))), undefined);
    const whole = assembly.accept(read(part([named(20, 20), named(20, NAMES.length)], "c", 5n)));
    assert.deepEqual(whole?.info?.schema.columns[1]?.categories, NAMES);
    assert.deepEqual([whole.firstIndex, whole.size, text(whole.preamble)], [5n, 0n, "abc"]);
    const after = read(rows(5n, 2));
    assert.equal(assembly.accept(after), after);
  });

  it("need not be", () => {
    const assembly = new Assembly();
    const whole = assembly.accept(read(first(NAMES.length, 0)));
    assert.equal(whole?.info?.schema.columns[1]?.categories.length, NAMES.length);
    const next = read(rows(0n, 2));
    assert.equal(assembly.accept(next), next);
  });

  it("need not be said by servers that do not count categories", () => {
    const response = read(first(3, 0));
    const info = { ...response.info!, schema: table(categoryColumn("c", ["a", "b"], 0)) };
    assert.deepEqual(new Assembly().accept({ ...response, info })?.info, info);
  });

  const wrong: [string, GenerateRowsResponse[]][] = [
    ["was not announced", [first(NAMES.length, 0), part([])]],
    ["comes before the first response", [part([])]],
    ["comes after the last", [first(10, 1), part([named(10, NAMES.length)]), part([])]],
    ["is missing before rows", [first(10, 2), part([named(10, NAMES.length)]), rows(0n, 1)]],
    ["is missing before another beginning", [first(10, 1), first(10, 1)]],
    ["comes with rows", [first(10, 2), { ...rows(0n, 1), part: part([named(10, 20)]).part }]],
    ["comes after rows", [{ ...rows(0n, 1), info: first(10, 1).info }]],
    ["is for a column that there is not", [first(10, 1), part([{ index: 2, categories: ["x"] }])]],
    ["is for a negative column", [first(10, 1), part([{ index: -1, categories: ["x"] }])]],
    ["is for a column without categories", [first(10, 1), part([{ index: 0, categories: ["x"] }])]],
    ["has too many categories", [first(10, 1), part([named(0, NAMES.length)])]],
    ["has too few categories", [first(10, 1), part([named(10, NAMES.length - 1)])]],
    ["is announced by nothing but the number of categories", [first(10, 0)]],
    ["is announced by a negative number", [first(10, -1)]],
  ];
  for (const [what, responses] of wrong) {
    it(`break the protocol when one ${what}`, () => {
      const assembly = new Assembly();
      const last = responses.pop()!;
      for (const response of responses) {
        assembly.accept(read(response));
      }
      assert.throws(() => assembly.accept(read(last)), ProtocolError);
    });
  }
});

describe("a stream with a large schema", () => {
  /** Answers with the schema in three messages, rows, and a break after two of them. */
  function breaking(message: (firstIndex: bigint) => GenerateRowsResponse): (call: RowsCall) => void {
    return (call) => {
      const { offset, count = 0n } = call.request;
      call.write(first(10, 2, offset));
      call.write(part([named(10, 1000)], "b", offset));
      call.write(part([named(1000, NAMES.length)], "c", offset));
      call.write(message(offset));
      if (count > 2n) {
        call.emit("error", LOST);
      } else {
        call.end();
      }
    };
  }

  it("has all categories before its rows, and goes on where it broke", async () => {
    await using server = await FakeServer.start({ rows: [breaking((firstIndex) => rows(firstIndex, 2))] });
    using client = connect(server);
    const stream = client.rows("m", { count: 6 });
    const batch = await stream.next();
    assert.equal(batch.value?.firstIndex, 0n);
    assert.equal(stream.info?.schema.columns[1]?.categories.length, NAMES.length);
    assert.deepEqual(
      (await all(stream.rows())).map(({ index, c }) => [index, c]),
      [2, 3, 4, 5].map((index) => [BigInt(index), NAMES[NAMES.length - 1 - index]]),
    );
    assert.deepEqual(
      (server.requests as GenerateRowsRequest[]).map(({ offset }) => offset),
      [0n, 2n, 4n],
    );
  });

  it("has one beginning as a file, and no empty pieces where it broke", async () => {
    await using server = await FakeServer.start({ rows: [breaking((firstIndex) => file(firstIndex, "xy"))] });
    using client = connect(server);
    const chunks = await all(client.encodedRows("m", { format: "arrow", count: 6 }));
    assert.deepEqual(
      chunks.map(({ firstIndex, rowCount, data }) => [firstIndex, rowCount, text(data)]),
      [
        [0n, 0, "abc"],
        [0n, 2, "xy"],
        [2n, 2, "xy"],
        [4n, 2, "xy"],
      ],
    );
  });

  it("breaks the protocol when it ends before the schema does", async () => {
    await using server = await FakeServer.start({
      rows: [
        (call) => {
          call.write(first(10, 2));
          call.write(part([named(10, 20)]));
          call.end();
        },
      ],
    });
    using client = connect(server);
    const stream = client.rows("m", { count: 1 });
    await assert.rejects(all(stream), ProtocolError);
    assert.equal(stream.info, undefined);
    assert.equal(server.requests.length, 1);
  });
});

describe("a model with a large schema", () => {
  const condition = (column: string, spec: Partial<ConditionSpec> = {}): ConditionSpec =>
    conditionOn(column, { kind: ConditionKind.SET, categoryCount: NAMES.length, type: ColumnType.CATEGORY, ...spec });

  /** A table with a column of names, of which it has so many. */
  const tabular = (had: number): Model => ({
    ...MODEL,
    output: { $case: "table", value: table(INDEX, categoryColumn("c", NAMES.slice(0, had), NAMES.length)) },
    conditions: [
      condition("c"),
      condition("index", { kind: ConditionKind.RANGE, categoryCount: 0, low: "0", high: "9", unit: "cm" }),
    ],
    methods: [Method.GENERATE, Method.SCORE],
  });

  /** Images under a condition, of whose values it has so many. */
  const pictorial = (had: number): Model => ({
    ...MODEL,
    output: { $case: "image", value: { height: 1, width: 1, channels: 1 } },
    conditions: [condition("digit", { categories: NAMES.slice(0, had) })],
  });

  const begin = (model: Model | undefined, nextPageToken = ""): GetModelResponse => ({
    model,
    part: undefined,
    nextPageToken,
  });
  const go = (columns: CategoryPart[], conditions: CategoryPart[] = [], nextPageToken = ""): GetModelResponse => ({
    model: undefined,
    part: { columns, conditions, preamble: Buffer.of() },
    nextPageToken,
  });
  const values = (from: number, to: number): CategoryPart => ({ index: 0, categories: NAMES.slice(from, to) });

  it("has the categories of all pages, tried again where it must be", async () => {
    await using server = await FakeServer.start({
      model: [
        () => begin(tabular(10), "second"),
        () => LOST,
        () => go([named(10, 20)], [], "third"),
        () => go([named(20, 21), named(21, NAMES.length)]),
      ],
    });
    using client = connect(server);
    assert.deepEqual(await client.model("m@1"), tabular(NAMES.length));
    assert.deepEqual(
      (server.requests as GetModelRequest[]).map(({ name, pageToken }) => [name, pageToken]),
      ["", "second", "second", "third"].map((token) => [VERSION, token]),
    );
  });

  it("has the values of all pages for a condition without a table", async () => {
    const more = [values(10, NAMES.length)];
    await using server = await FakeServer.start({
      model: [() => begin(pictorial(10), "second"), () => go([], more), () => begin(pictorial(NAMES.length))],
    });
    using client = connect(server);
    assert.deepEqual(await client.model("m"), pictorial(NAMES.length));
    assert.deepEqual(await client.model("m"), pictorial(NAMES.length));
  });

  it("can have what a newer server knows", async () => {
    const newer = {
      ...MODEL,
      state: 99 as Model["state"],
      output: { $case: "table" as const, value: table({ ...INDEX, type: 99 as ColumnType }) },
      conditions: [condition("x", { kind: 99 as ConditionKind, type: 98 as ColumnType })],
      methods: [97 as Method],
    };
    await using server = await FakeServer.start({ model: [() => begin(newer)] });
    using client = connect(server);
    assert.deepEqual(await client.model("m"), newer);
  });

  const wrong: [string, GetModelResponse[]][] = [
    ["no model on the first page", [begin(undefined)]],
    ["parts on the first page", [go([named(0, 1)])]],
    ["a model on the second page", [begin(tabular(10), "second"), begin(tabular(10))]],
    ["a column that there is not", [begin(tabular(10), "second"), go([{ index: 2, categories: ["x"] }])]],
    ["a column of images", [begin(pictorial(10), "second"), go([{ index: 0, categories: ["x"] }])]],
    ["a negative condition", [begin(pictorial(10), "second"), go([], [{ index: -1, categories: ["x"] }])]],
    ["too many categories", [begin(tabular(10), "second"), go([named(0, NAMES.length)])]],
    ["too many values", [begin(pictorial(10), "second"), go([], [values(0, NAMES.length)])]],
    ["too few categories", [begin(tabular(10), "second"), go([named(10, NAMES.length - 1)])]],
    ["too few values", [begin(pictorial(10), "second"), go([], [values(10, 20)])]],
    ["too few categories on its only page", [begin(tabular(10))]],
  ];
  for (const [what, pages] of wrong) {
    it(`breaks the protocol with ${what}`, async () => {
      await using server = await FakeServer.start({ model: pages.map((page) => () => page) });
      using client = connect(server);
      await assert.rejects(client.model("m"), ProtocolError);
      assert.equal(server.requests.length, pages.length);
    });
  }
});

describe("a list of models", () => {
  it("leaves categories out unless they are asked for", async () => {
    await using server = await FakeServer.start({ models: [() => ({ models: [], nextPageToken: "" })] });
    using client = connect(server);
    await all(client.models());
    await all(client.models({ view: "basic" }));
    await all(client.models({ view: "full" }));
    assert.deepEqual(
      (server.requests as ListModelsRequest[]).map(({ view }) => view),
      [ModelView.BASIC, ModelView.BASIC, ModelView.FULL],
    );
  });

  it("can lack categories", async () => {
    const model = { ...MODEL, output: { $case: "table" as const, value: table(categoryColumn("c", [], 10)) } };
    await using server = await FakeServer.start({ models: [() => ({ models: [model], nextPageToken: "" })] });
    using client = connect(server);
    assert.deepEqual(await all(client.models()), [model]);
  });
});
