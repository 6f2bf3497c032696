/** What the conformance runner makes of cases and answers, without a server. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { readRows } from "#src/wire.js";
import { ConditionKind, RowBatch, between, present, type Column } from "synthserve";
import { ColumnType, GenerateRowsResponse, type ColumnValues } from "synthserve/v1";
import { conditionsOf } from "../conformance/conditions.js";
import { described } from "../conformance/descriptions.js";
import { ColumnsDigest } from "../conformance/digests.js";
import type { Case } from "../conformance/play.js";
import { INDEX, MODEL, categoryColumn, conditionOn, table } from "./fakes.js";

const sha256 = (...pieces: Buffer[]) => createHash("sha256").update(Buffer.concat(pieces)).digest();

/** The digest of a table of one column. */
function digestOf(column: Column, values: ColumnValues["values"], validity: boolean[]): string {
  const message = GenerateRowsResponse.encode({
    info: undefined,
    firstIndex: 0n,
    rowCount: BigInt(validity.length),
    rows: { $case: "columns", value: { columns: [{ values, validity }] } },
    part: undefined,
  }).finish();
  const digest = new ColumnsDigest();
  digest.update(new RowBatch(readRows(message), table(column)));
  return digest.hex(1);
}

describe("the digest of a column", () => {
  const cells: [string, Column, ColumnValues["values"], string][] = [
    [
      "texts",
      { ...INDEX, type: ColumnType.STRING },
      { $case: "strings", value: { offsets: [0, 2, 3, 3], data: Buffer.from("éx") } },
      "01 02000000 c3a9  00  01 00000000",
    ],
    [
      "dates",
      { ...INDEX, type: ColumnType.DATE },
      { $case: "dates", value: { days: [-1, 0, 258] } },
      "01 ffffffff  00  01 02010000",
    ],
    [
      "timestamps",
      { ...INDEX, type: ColumnType.TIMESTAMP },
      { $case: "timestamps", value: { microseconds: [-1n, 0n, 2n ** 40n] } },
      "01 ffffffffffffffff  00  01 0000000000010000",
    ],
    [
      "categories",
      categoryColumn("c", ["é", ""]),
      { $case: "categories", value: { codes: [0, 0, 1] } },
      "01 02000000 c3a9  00  01 00000000",
    ],
  ];
  for (const [what, column, values, hex] of cells) {
    it(`of ${what} is that of marks and values`, () => {
      const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
      assert.equal(digestOf(column, values, [true, false, true]), sha256(sha256(bytes)).toString("hex"));
    });
  }
});

it("the conditions of a case have all forms", () => {
  const asked = { name: "", connection: "", call: "rows" } as const;
  const where = { a: "x", b: ["x", null], c: { low: "1", high: "2" }, d: { low: "1" }, e: null, f: { missing: false } };
  assert.deepEqual(conditionsOf({ ...asked, where } as Case), {
    a: "x",
    b: ["x", null],
    c: between("1", "2"),
    d: between("1", undefined),
    e: null,
    f: present,
  });
  assert.equal(conditionsOf(asked), undefined);
});

describe("a model", () => {
  it("is told with types, kinds and the categories in hand", () => {
    const types = Object.values(ColumnType).filter((type) => type !== ColumnType.UNSPECIFIED);
    const columns = [
      ...types.map((type) => ({ ...INDEX, name: `type ${type}`, type })),
      { ...INDEX, name: "instant", type: ColumnType.TIMESTAMP, utc: true },
      categoryColumn("c", ["a", "b"], 9),
      { ...INDEX, name: "new", type: 99 as ColumnType },
    ];
    const kinds = [0, 1, 2, 3, 99] as ConditionKind[];
    const conditions = kinds.map((kind) => conditionOn(`kind ${kind}`, { kind }));
    const output = { $case: "table" as const, value: table(...columns) };
    assert.deepEqual(described({ ...MODEL, output, conditions, graphSha256: "abc" }), {
      model: MODEL.version,
      columns: columns.map(({ name }) => name),
      conditions: conditions.map(({ column }) => column),
      graph_sha256: "abc",
      types: [
        ...["double", "int64", "category", "bool", "string", "date", "timestamp"],
        ...["timestamp_utc", "category", "99"],
      ],
      condition_kinds: ["code", "code", "set", "range", "99"],
      category_counts: [0, 0, 0, 0, 0, 0, 0, 0, 2, 0],
    });
  });

  it("of images has no columns", () => {
    const { types, category_counts } = described(MODEL);
    assert.deepEqual([types, category_counts], [[], []]);
  });
});
