import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { readImages, readRows } from "#src/wire.js";
import { ProtocolError, RowBatch } from "synthserve";
import {
  ColumnType,
  GenerateImagesResponse,
  GenerateRowsResponse,
  type Column,
  type ColumnValues,
  type TableSchema,
} from "synthserve/v1";
import { INDEX } from "./fakes.js";
import { randomOf } from "./random.js";

function column(name: string, type: ColumnType, categories: string[] = []): Column {
  return { ...INDEX, name, type, categories };
}

const SCHEMA: TableSchema = {
  columns: [
    column("d", ColumnType.DOUBLE),
    column("i", ColumnType.INT64),
    column("c", ColumnType.CATEGORY, ["", "Zürich", "東京"]),
    column("b", ColumnType.BOOL),
  ],
};

function encoded(columns: ColumnValues[], rowCount: number): Uint8Array {
  return GenerateRowsResponse.encode({
    info: { model: "models/m/versions/1", seed: 2n ** 63n - 1n, schema: SCHEMA, preamble: new Uint8Array([1, 2]) },
    firstIndex: 2n ** 62n + 1n,
    rowCount: BigInt(rowCount),
    rows: { $case: "columns", value: { columns } },
  }).finish();
}

function batchOf(columns: ColumnValues[], rowCount: number): RowBatch {
  return new RowBatch(readRows(encoded(columns, rowCount)), SCHEMA);
}

const doubles = (...values: number[]): ColumnValues => ({
  values: { $case: "doubles", value: { values } },
  validity: [],
});
const int64s = (...values: bigint[]): ColumnValues => ({
  values: { $case: "int64s", value: { values } },
  validity: [],
});
const codes = (...values: number[]): ColumnValues => ({
  values: { $case: "categories", value: { codes: values } },
  validity: [],
});
const bools = (...values: boolean[]): ColumnValues => ({ values: { $case: "bools", value: { values } }, validity: [] });

describe("what comes", () => {
  it("is read as the generated code writes it, whatever it is", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = randomOf(seed);
      const count = 1 + Math.floor(random() * 40);
      const make = <Value>(value: () => Value) => Array.from({ length: count }, value);
      const int64 = () => BigInt.asIntN(64, BigInt(Math.floor(random() * 2 ** 53)) * 0x9e3779b97f4a7c15n);
      const rare = [NaN, -0, Infinity, 5e-324, Number.MAX_VALUE];
      const double = () => (random() < 0.2 ? rare[Math.floor(random() * rare.length)]! : (random() - 0.5) * 1e300);
      const came = {
        d: make(double),
        i: make(int64),
        c: make(() => Math.floor(random() * 3)),
        b: make(() => random() < 0.5),
      };
      const validity = make(() => random() < 0.7);
      const columns = [doubles(...came.d), int64s(...came.i), codes(...came.c), bools(...came.b)];
      columns[seed % 4]!.validity = validity;

      const rows = [...batchOf(columns, count).rows()];

      const names = SCHEMA.columns[2]!.categories;
      const expected = came.d.map((d, at) => ({ d, i: came.i[at], c: names[came.c[at]!], b: came.b[at] }));
      const lacking = expected.map((row, at) => (validity[at]! ? row : { ...row, ["dicb"[seed % 4]!]: null }));
      assert.deepEqual(rows, lacking);
    }
  });

  it("is typed arrays", () => {
    const batch = batchOf([doubles(0.1, -0), int64s(2n ** 60n, -1n), codes(2, 1), bools(true, false)], 2);
    assert.equal(batch.firstIndex, 2n ** 62n + 1n);
    assert.equal(batch.rowCount, 2);
    assert.deepEqual(batch.columns, [
      { name: "d", validity: undefined, type: "double", values: Float64Array.of(0.1, -0) },
      { name: "i", validity: undefined, type: "int64", values: BigInt64Array.of(2n ** 60n, -1n) },
      {
        name: "c",
        validity: undefined,
        type: "category",
        codes: Int32Array.of(2, 1),
        categories: ["", "Zürich", "東京"],
      },
      { name: "b", validity: undefined, type: "bool", values: Uint8Array.of(1, 0) },
    ]);
    assert.equal(batch.column("i"), batch.columns[1]);
    assert.equal(batch.column("x"), undefined);
  });

  it("has info, preamble and data", () => {
    const response = readRows(encoded([], 0));
    assert.deepEqual(response.info, { model: "models/m/versions/1", seed: 2n ** 63n - 1n, schema: SCHEMA });
    assert.deepEqual([...response.preamble], [1, 2]);
    const data = GenerateRowsResponse.encode({
      info: undefined,
      firstIndex: 0n,
      rowCount: 1n,
      rows: { $case: "data", value: new Uint8Array([3]) },
    }).finish();
    assert.deepEqual([...readRows(data).data], [3]);
    assert.equal(readRows(data).info, undefined);
  });

  it("can be values in several pieces or one by one, and have fields of later versions", () => {
    const values = new BinaryWriter();
    values.tag(9, WireType.LengthDelimited).string("later");
    values.tag(1, WireType.LengthDelimited).fork().double(1).double(2).join();
    values.tag(1, WireType.Bit64).double(3);
    values.tag(1, WireType.LengthDelimited).fork().double(4).join();
    const marks = new BinaryWriter();
    marks.tag(1, WireType.LengthDelimited).bytes(values.finish());
    marks.tag(5, WireType.Varint).bool(false);
    // A true that takes more bytes than it must, and one that is not 1.
    marks.tag(5, WireType.LengthDelimited).bytes(new Uint8Array([0x80, 0x01, 0x02, 0x00]));
    const batch = new BinaryWriter();
    batch.tag(1, WireType.LengthDelimited).bytes(marks.finish());
    batch.tag(7, WireType.Varint).uint32(1);
    const message = new BinaryWriter();
    message.tag(99, WireType.Bit32).fixed32(1);
    message.tag(3, WireType.Varint).int64(4);
    message.tag(4, WireType.LengthDelimited).bytes(batch.finish());

    const [came] = readRows(message.finish()).columns;
    assert.deepEqual(came, {
      values: { type: "double", values: Float64Array.of(1, 2, 3, 4) },
      validity: Uint8Array.of(0, 1, 1, 0),
    });
  });

  it("is an error when it is cut off, wherever", () => {
    const whole = encoded([doubles(1, 2), int64s(3n, 4n), codes(0, 1), bools(true, false)], 2);
    const error = (length: number) => {
      try {
        new RowBatch(readRows(whole.subarray(0, length)), SCHEMA);
        return undefined;
      } catch (raised) {
        return raised;
      }
    };
    assert.equal(error(whole.length), undefined);
    for (let length = 0; length < whole.length; length++) {
      assert.ok(error(length) instanceof Error, String(length));
    }
  });

  it("is an error when values are cut through", () => {
    const values = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(new Uint8Array(7)).finish();
    const column = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(values).finish();
    const batch = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(column).finish();
    const message = new BinaryWriter().tag(4, WireType.LengthDelimited).bytes(batch).finish();
    assert.throws(() => readRows(message), RangeError);
  });

  it("must have a schema where it has info", () => {
    const info = { model: "models/m/versions/1", seed: 1n, schema: undefined };
    const rows = { info: { ...info, preamble: new Uint8Array() }, firstIndex: 0n, rowCount: 0n, rows: undefined };
    assert.throws(() => readRows(GenerateRowsResponse.encode(rows).finish()), /schema/);
    const images = { info: { ...info, mediaType: "" }, firstIndex: 0n, images: [] };
    assert.throws(() => readImages(GenerateImagesResponse.encode(images).finish()), /schema/);
  });
});

describe("a batch", () => {
  const right = [doubles(1), int64s(1n), codes(1), bools(true)];
  const wrong: [string, ColumnValues[]][] = [
    ["a column too few", right.slice(1)],
    ["a column too many", [...right, doubles(1)]],
    ["a column of another type", [doubles(1), doubles(1), codes(1), bools(true)]],
    ["a column without values", [{ values: undefined, validity: [] }, ...right.slice(1)]],
    ["too few values", [doubles(), ...right.slice(1)]],
    ["too many values", [doubles(1, 2), ...right.slice(1)]],
    ["too many marks of validity", [{ ...doubles(1), validity: [true, true] }, ...right.slice(1)]],
    ["a code that is none", [doubles(1), int64s(1n), codes(3), bools(true)]],
    ["a negative code", [doubles(1), int64s(1n), codes(-1), bools(true)]],
  ];
  for (const [what, columns] of wrong) {
    it(`breaks the protocol with ${what}`, () => {
      assert.throws(() => batchOf(columns, 1), ProtocolError);
    });
  }

  it("can have any code where the value is missing", () => {
    const batch = batchOf([doubles(1), int64s(1n), { ...codes(-1), validity: [false] }, bools(true)], 1);
    assert.deepEqual([...batch.rows()], [{ d: 1, i: 1n, c: null, b: true }]);
  });

  it("has columns of any name", () => {
    const schema = { columns: [column("__proto__", ColumnType.DOUBLE), column("toString", ColumnType.DOUBLE)] };
    const [row] = [...new RowBatch(readRows(encoded([doubles(1), doubles(2)], 1)), schema).rows()];
    assert.deepEqual(Object.entries(row!), [
      ["__proto__", 1],
      ["toString", 2],
    ]);
  });

  it("of a type of a later version breaks the protocol", () => {
    const schema = { columns: [column("x", 9 as ColumnType)] };
    assert.throws(() => new RowBatch(readRows(encoded([doubles(1)], 1)), schema), /an unknown type/);
  });
});
