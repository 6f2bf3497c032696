import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { dateText, timestampText } from "#src/calendar.js";
import { readImages, readRows } from "#src/wire.js";
import { ProtocolError, RowBatch } from "synthserve";
import { ColumnType, GenerateImagesResponse, GenerateRowsResponse, type ColumnValues } from "synthserve/v1";
import { INDEX, categoryColumn, table } from "./fakes.js";
import { randomOf } from "./random.js";

const SCHEMA = table(
  { ...INDEX, name: "d", type: ColumnType.DOUBLE },
  { ...INDEX, name: "i", type: ColumnType.INT64 },
  categoryColumn("c", ["", "Zürich", "東京"]),
  { ...INDEX, name: "b", type: ColumnType.BOOL },
  { ...INDEX, name: "s", type: ColumnType.STRING },
  { ...INDEX, name: "day", type: ColumnType.DATE },
  { ...INDEX, name: "at", type: ColumnType.TIMESTAMP, utc: true },
  { ...INDEX, name: "local", type: ColumnType.TIMESTAMP },
);

const INFO = { model: "models/m/versions/1", seed: 2n ** 63n - 1n };

function encoded(columns: ColumnValues[], rowCount: number): Uint8Array {
  return GenerateRowsResponse.encode({
    info: { ...INFO, schema: SCHEMA, preamble: new Uint8Array([1, 2]), partCount: 3 },
    firstIndex: 2n ** 62n + 1n,
    rowCount: BigInt(rowCount),
    rows: { $case: "columns", value: { columns } },
    part: undefined,
  }).finish();
}

function batchOf(columns: ColumnValues[], rowCount: number): RowBatch {
  return new RowBatch(readRows(encoded(columns, rowCount)), SCHEMA);
}

const came = (values: ColumnValues["values"]): ColumnValues => ({ values, validity: [] });
const doubles = (...values: number[]) => came({ $case: "doubles", value: { values } });
const int64s = (...values: bigint[]) => came({ $case: "int64s", value: { values } });
const codes = (...codes: number[]) => came({ $case: "categories", value: { codes } });
const bools = (...values: boolean[]) => came({ $case: "bools", value: { values } });
const dates = (...days: number[]) => came({ $case: "dates", value: { days } });
const timestamps = (...microseconds: bigint[]) => came({ $case: "timestamps", value: { microseconds } });
const bytes = (offsets: number[], data: Uint8Array) => came({ $case: "strings", value: { offsets, data } });

function strings(...texts: string[]): ColumnValues {
  const offsets = [0];
  for (const text of texts) {
    offsets.push(offsets.at(-1)! + Buffer.byteLength(text));
  }
  return bytes(offsets, Buffer.from(texts.join("")));
}

/** What is right in one row. */
const RIGHT = [doubles(1), int64s(1n), codes(1), bools(true), strings("é"), dates(0), timestamps(0n), timestamps(0n)];

/** The same, but for the column of this name. */
function rightBut(name: string, values: ColumnValues): ColumnValues[] {
  return RIGHT.with(
    SCHEMA.columns.findIndex((column) => column.name === name),
    values,
  );
}

const PART = { columns: [{ index: 1, categories: ["a"] }], conditions: [], preamble: new Uint8Array([4]) };

describe("what comes", () => {
  it("is read as the generated code writes it, whatever it is", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = randomOf(seed);
      const count = 1 + Math.floor(random() * 40);
      const make = <Value>(value: () => Value) => Array.from({ length: count }, value);
      const int64 = () => BigInt.asIntN(64, BigInt(Math.floor(random() * 2 ** 53)) * 0x9e3779b97f4a7c15n);
      const rare = [NaN, -0, Infinity, 5e-324, Number.MAX_VALUE];
      const double = () => (random() < 0.2 ? rare[Math.floor(random() * rare.length)]! : (random() - 0.5) * 1e300);
      const micro = () => BigInt(Math.floor((random() - 0.25) * 2 ** 57));
      const text = () => ["", "a", "Zürich", "東京", "🌻", "\uFEFF", "\0"][Math.floor(random() * 7)]!;
      const values = {
        d: make(double),
        i: make(int64),
        c: make(() => Math.floor(random() * 3)),
        b: make(() => random() < 0.5),
        s: make(text),
        day: make(() => Math.floor((random() - 0.5) * 1e6)),
        at: make(micro),
        local: make(micro),
      };
      const validity = make(() => random() < 0.7);
      const columns = [
        doubles(...values.d),
        int64s(...values.i),
        codes(...values.c),
        bools(...values.b),
        strings(...values.s),
        dates(...values.day),
        timestamps(...values.at),
        timestamps(...values.local),
      ];
      columns[seed % columns.length]!.validity = validity;

      const rows = [...batchOf(columns, count).rows()];

      const names = SCHEMA.columns[2]!.categories;
      const lacking = SCHEMA.columns[seed % columns.length]!.name;
      const expected = values.d.map((d, at) => ({
        d,
        i: values.i[at],
        c: names[values.c[at]!],
        b: values.b[at],
        s: values.s[at],
        day: dateText(values.day[at]!),
        at: timestampText(values.at[at]!, true),
        local: timestampText(values.local[at]!, false),
        ...(validity[at] ? {} : { [lacking]: null }),
      }));
      assert.deepEqual(rows, expected);
    }
  });

  it("is typed arrays", () => {
    const columns = [
      doubles(0.1, -0),
      int64s(2n ** 60n, -1n),
      codes(2, 1),
      bools(true, false),
      strings("東京", ""),
      dates(-1, 19_782),
      timestamps(-1n, 2n ** 55n),
      timestamps(0n, 1n),
    ];
    const batch = batchOf(columns, 2);
    assert.equal(batch.firstIndex, 2n ** 62n + 1n);
    assert.equal(batch.rowCount, 2);
    const validity = undefined;
    const categories = ["", "Zürich", "東京"];
    assert.deepEqual(batch.columns, [
      { name: "d", validity, type: "double", values: Float64Array.of(0.1, -0) },
      { name: "i", validity, type: "int64", values: BigInt64Array.of(2n ** 60n, -1n) },
      { name: "c", validity, type: "category", codes: Int32Array.of(2, 1), categories },
      { name: "b", validity, type: "bool", values: Uint8Array.of(1, 0) },
      { name: "s", validity, type: "string", values: ["東京", ""] },
      { name: "day", validity, type: "date", values: Int32Array.of(-1, 19_782) },
      { name: "at", validity, type: "timestamp", utc: true, values: BigInt64Array.of(-1n, 2n ** 55n) },
      { name: "local", validity, type: "timestamp", utc: false, values: BigInt64Array.of(0n, 1n) },
    ]);
    assert.equal(batch.column("i"), batch.columns[1]);
    assert.equal(batch.column("x"), undefined);
  });

  it("has info, preamble and data", () => {
    const response = readRows(encoded([], 0));
    assert.deepEqual(response.info, { ...INFO, schema: SCHEMA });
    assert.deepEqual([...response.preamble], [1, 2]);
    assert.equal(response.partCount, 3);
    assert.equal(response.part, undefined);
    const data = GenerateRowsResponse.encode({
      info: undefined,
      firstIndex: 0n,
      rowCount: 1n,
      rows: { $case: "data", value: new Uint8Array([3]) },
      part: PART,
    }).finish();
    assert.deepEqual([...readRows(data).data], [3]);
    assert.deepEqual(readRows(data).part, PART);
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

    const [column] = readRows(message.finish()).columns;
    assert.deepEqual(column, {
      values: { type: "double", values: Float64Array.of(1, 2, 3, 4) },
      validity: Uint8Array.of(0, 1, 1, 0),
    });
  });

  it("is an error when it is cut off, wherever", () => {
    const whole = encoded(RIGHT, 1);
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
    const rowsInfo = { ...INFO, schema: undefined, preamble: new Uint8Array(), partCount: 0 };
    const rows = { info: rowsInfo, firstIndex: 0n, rowCount: 0n, rows: undefined, part: undefined };
    assert.throws(() => readRows(GenerateRowsResponse.encode(rows).finish()), /schema/);
    const images = { info: { ...INFO, schema: undefined, mediaType: "" }, firstIndex: 0n, images: [] };
    assert.throws(() => readImages(GenerateImagesResponse.encode(images).finish()), /schema/);
  });
});

describe("a batch", () => {
  const wrong: [string, ColumnValues[]][] = [
    ["a column too few", RIGHT.slice(1)],
    ["a column too many", [...RIGHT, doubles(1)]],
    ["a column of another type", rightBut("i", doubles(1))],
    ["a column without values", rightBut("d", came(undefined))],
    ["too few values", rightBut("d", doubles())],
    ["too many values", rightBut("d", doubles(1, 2))],
    ["too many marks of validity", rightBut("d", { ...doubles(1), validity: [true, true] })],
    ["a code that is none", rightBut("c", codes(3))],
    ["a negative code", rightBut("c", codes(-1))],
    ["too few dates", rightBut("day", dates())],
    ["a date before the year 1", rightBut("day", dates(-719_163))],
    ["a date after the year 9999", rightBut("day", dates(2_932_897))],
    ["too many timestamps", rightBut("at", timestamps(0n, 0n))],
    ["an instant before the year 1", rightBut("at", timestamps(-62_135_596_800_000_001n))],
    ["an instant after the year 9999", rightBut("at", timestamps(253_402_300_800_000_000n))],
    ["the smallest number as a timestamp", rightBut("local", timestamps(-(2n ** 63n)))],
    ["no offsets of texts", rightBut("s", bytes([], Buffer.of()))],
    ["too few texts", rightBut("s", strings())],
    ["too many texts", rightBut("s", strings("a", "b"))],
    ["texts that begin late", rightBut("s", bytes([1, 2], Buffer.from("ab")))],
    ["texts that begin before the bytes", rightBut("s", bytes([-1, 2], Buffer.from("ab")))],
    ["texts that end early", rightBut("s", bytes([0, 1], Buffer.from("ab")))],
    ["texts that end after the bytes", rightBut("s", bytes([0, 3], Buffer.from("ab")))],
    ["a text that is not UTF-8", rightBut("s", bytes([0, 1], Buffer.of(0xff)))],
  ];
  for (const [what, columns] of wrong) {
    it(`breaks the protocol with ${what}`, () => {
      assert.throws(() => batchOf(columns, 1), ProtocolError);
    });
  }

  for (const [what, offsets] of [
    ["go back", [0, 2, 1, 3]],
    ["go back before the bytes", [0, -1, 1, 3]],
    ["go past the bytes", [0, 2 ** 31 - 1, 1, 3]],
    ["divide a letter", [0, 1, 2, 3]],
  ] as const) {
    it(`breaks the protocol when the offsets of texts ${what}`, () => {
      const schema = table({ ...INDEX, name: "s", type: ColumnType.STRING });
      const response = readRows(encoded([bytes([...offsets], Buffer.from("éa"))], 3));
      assert.throws(() => new RowBatch(response, schema), ProtocolError);
    });
  }

  it("can have anything where the value is missing", () => {
    const missing = (values: ColumnValues): ColumnValues => ({ ...values, validity: [false] });
    const columns = [
      missing(doubles(NaN)),
      missing(int64s(0n)),
      missing(codes(-1)),
      missing(bools(false)),
      missing(bytes([0, 1], Buffer.of(0xff))),
      missing(dates(-(2 ** 31))),
      missing(timestamps(-(2n ** 63n))),
      missing(timestamps(2n ** 63n - 1n)),
    ];
    const batch = batchOf(columns, 1);
    assert.deepEqual(Object.values([...batch.rows()][0]!), Array(columns.length).fill(null));
  });

  it("can have the first and the last day", () => {
    const days = dates(-719_162, 2_932_896);
    const instants = timestamps(-62_135_596_800_000_000n, 253_402_300_799_999_999n);
    const schema = table(SCHEMA.columns[5]!, SCHEMA.columns[6]!);
    assert.deepEqual(
      [...new RowBatch(readRows(encoded([days, instants], 2)), schema).rows()],
      [
        { day: "0001-01-01", at: "0001-01-01T00:00:00Z" },
        { day: "9999-12-31", at: "9999-12-31T23:59:59.999999Z" },
      ],
    );
  });

  it("has columns of any name", () => {
    const named = (name: string) => ({ ...INDEX, name, type: ColumnType.DOUBLE });
    const schema = table(named("__proto__"), named("toString"));
    const [row] = [...new RowBatch(readRows(encoded([doubles(1), doubles(2)], 1)), schema).rows()];
    assert.deepEqual(Object.entries(row!), [
      ["__proto__", 1],
      ["toString", 2],
    ]);
  });

  it("of a type of a later version breaks the protocol", () => {
    const schema = table({ ...INDEX, type: 99 as ColumnType });
    assert.throws(() => new RowBatch(readRows(encoded([doubles(1)], 1)), schema), /an unknown type/);
  });
});
