import { ProtocolError } from "./errors.js";
import { ColumnType, type Column, type TableSchema } from "./gen/synthserve/v1/schema.js";
import type { RowsResponse, WireColumn } from "./wire.js";

interface ColumnDataBase {
  /** The column's name, as in the schema. */
  readonly name: string;
  /** One per row: 1 where there is a value, 0 where it is missing. Undefined: none is missing. */
  readonly validity: Uint8Array | undefined;
}

/** The values of a column of doubles. */
export interface DoubleData extends ColumnDataBase {
  readonly type: "double";
  /** One per row. */
  readonly values: Float64Array;
}

/** The values of a column of 64-bit integers. */
export interface Int64Data extends ColumnDataBase {
  readonly type: "int64";
  /** One per row. */
  readonly values: BigInt64Array;
}

/** The values of a column of categories. */
export interface CategoryData extends ColumnDataBase {
  readonly type: "category";
  /** One per row: an index into `categories`. */
  readonly codes: Int32Array;
  /** What the codes stand for. */
  readonly categories: readonly string[];
}

/** The values of a column of booleans. */
export interface BoolData extends ColumnDataBase {
  readonly type: "bool";
  /** One per row: 0 or 1. */
  readonly values: Uint8Array;
}

/** The values of one column; `type` tells them apart. What stands where a value is missing means nothing. */
export type ColumnData = DoubleData | Int64Data | CategoryData | BoolData;

/** One value of a row; null where it is missing. */
export type Value = number | bigint | string | boolean | null;

/** One row, column name to value, in the order of the schema. */
export type Row = Record<string, Value>;

/** Some rows of a stream, column by column. */
export class RowBatch {
  /** The index of the first row. */
  readonly firstIndex: bigint;
  /** How many rows there are, at least 1. */
  readonly rowCount: number;
  /** One per column of the schema, in its order. */
  readonly columns: readonly ColumnData[];

  /** @throws ProtocolError - The columns do not fit the schema or the number of rows. */
  constructor({ firstIndex, size, columns }: RowsResponse, schema: TableSchema) {
    if (columns.length !== schema.columns.length) {
      throw new ProtocolError(`expected ${schema.columns.length} columns, got ${columns.length}`);
    }
    const count = Number(size);
    this.firstIndex = firstIndex;
    this.rowCount = count;
    this.columns = columns.map((column, position) => columnData(column, schema.columns[position]!, count));
  }

  /** The column of a name; undefined if there is none. */
  column(name: string): ColumnData | undefined {
    return this.columns.find((column) => column.name === name);
  }

  /** Gives each row as an object, in order. */
  *rows(): Generator<Row, undefined, undefined> {
    // Names become properties of the blank row before values are set, so that one like `__proto__` is a name as any other.
    const blank: Row = Object.fromEntries(this.columns.map(({ name }) => [name, null]));
    for (let position = 0; position < this.rowCount; position++) {
      const row = { ...blank };
      for (const column of this.columns) {
        row[column.name] = value(column, position);
      }
      yield row;
    }
  }
}

function value(column: ColumnData, position: number): Value {
  if (column.validity?.[position] === 0) {
    return null;
  }
  switch (column.type) {
    case "double":
    case "int64":
      return column.values[position] as Value;
    case "category":
      return column.categories[column.codes[position]!] as Value;
    case "bool":
      return column.values[position] === 1;
  }
}

const TYPES: Partial<Record<ColumnType, ColumnData["type"]>> = {
  [ColumnType.DOUBLE]: "double",
  [ColumnType.INT64]: "int64",
  [ColumnType.CATEGORY]: "category",
  [ColumnType.BOOL]: "bool",
};

function columnData(column: WireColumn, schema: Column, count: number): ColumnData {
  const { name, categories } = schema;
  const { values: came } = column;
  const type = TYPES[schema.type];
  if (came === undefined || came.type !== type) {
    throw new ProtocolError(`column ${name}: expected ${type ?? "an unknown type"}, got ${came?.type ?? "nothing"}`);
  }
  if (came.values.length !== count) {
    throw new ProtocolError(`column ${name}: ${came.values.length} values for ${count} rows`);
  }
  if (column.validity.length !== 0 && column.validity.length !== count) {
    throw new ProtocolError(`column ${name}: ${column.validity.length} marks of validity for ${count} rows`);
  }
  const validity = column.validity.length === 0 ? undefined : column.validity;
  if (came.type !== "category") {
    return { name, validity, ...came };
  }
  for (let position = 0; position < count; position++) {
    const code = came.values[position]!;
    if ((code < 0 || code >= categories.length) && validity?.[position] !== 0) {
      throw new ProtocolError(`column ${name}: the code ${code} is outside its ${categories.length} categories`);
    }
  }
  return { name, validity, type: "category", codes: came.values, categories };
}
