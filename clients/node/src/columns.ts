import { isUtf8 } from "node:buffer";
import { FIRST_DAY, FIRST_MICROSECOND, LAST_DAY, LAST_MICROSECOND } from "./calendar.js";
import { ProtocolError } from "./errors.js";
import { ColumnType, type Column } from "./gen/synthserve/v1/schema.js";
import type { WireColumn, WireTexts, WireValues } from "./wire.js";

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
  /** The categories that the codes index. */
  readonly categories: readonly string[];
}

/** The values of a column of booleans. */
export interface BoolData extends ColumnDataBase {
  readonly type: "bool";
  /** One per row: 0 or 1. */
  readonly values: Uint8Array;
}

/** The values of a column of texts. */
export interface StringData extends ColumnDataBase {
  readonly type: "string";
  /** One per row. */
  readonly values: readonly string[];
}

/** The values of a column of dates. */
export interface DateData extends ColumnDataBase {
  readonly type: "date";
  /** One per row: days since 1970-01-01, of the years 1 to 9999. */
  readonly values: Int32Array;
}

/** The values of a column of timestamps. */
export interface TimestampData extends ColumnDataBase {
  readonly type: "timestamp";
  /** True: instants. False: dates with a time of day, and no time zone. */
  readonly utc: boolean;
  /**
   * One per row: microseconds since 1970-01-01T00:00:00, of the years 1 to 9999. A timestamp without a time zone is
   * counted as if it were in UTC.
   */
  readonly values: BigInt64Array;
}

/** The values of one column; `type` discriminates the union. A missing value has a placeholder without meaning. */
export type ColumnData = DoubleData | Int64Data | CategoryData | BoolData | StringData | DateData | TimestampData;

const TYPES: Partial<Record<ColumnType, WireValues["type"]>> = {
  [ColumnType.DOUBLE]: "double",
  [ColumnType.INT64]: "int64",
  [ColumnType.CATEGORY]: "category",
  [ColumnType.BOOL]: "bool",
  [ColumnType.STRING]: "string",
  [ColumnType.DATE]: "date",
  [ColumnType.TIMESTAMP]: "timestamp",
};

/**
 * Converts a received column to the public type.
 *
 * @param count - The number of rows.
 * @throws ProtocolError - It does not match the schema or the number of rows, or a value is outside its type's range.
 */
export function columnData(column: WireColumn, schema: Column, count: number): ColumnData {
  const { name, categories, utc } = schema;
  const { values: came } = column;
  const type = TYPES[schema.type];
  if (came === undefined || came.type !== type) {
    throw new ProtocolError(`column ${name}: expected ${type ?? "an unknown type"}, got ${came?.type ?? "nothing"}`);
  }
  const size = came.type === "string" ? came.offsets.length - 1 : came.values.length;
  if (size !== count) {
    throw new ProtocolError(`column ${name}: ${size} values for ${count} rows`);
  }
  if (column.validity.length !== 0 && column.validity.length !== count) {
    throw new ProtocolError(`column ${name}: ${column.validity.length} marks of validity for ${count} rows`);
  }
  const base: ColumnDataBase = { name, validity: column.validity.length === 0 ? undefined : column.validity };
  switch (came.type) {
    case "double":
    case "int64":
    case "bool":
      return { ...base, ...came };
    case "category":
      checkRange(base, came.values, 0, categories.length - 1);
      return { ...base, type: "category", codes: came.values, categories };
    case "string":
      return { ...base, type: "string", values: texts(base, came) };
    case "date":
      checkRange(base, came.values, FIRST_DAY, LAST_DAY);
      return { ...base, ...came };
    case "timestamp":
      checkRange(base, came.values, FIRST_MICROSECOND, LAST_MICROSECOND);
      return { ...base, ...came, utc };
  }
}

/** @throws ProtocolError - A value that is not missing is out of range. */
function checkRange<Value extends number | bigint>(
  { name, validity }: ColumnDataBase,
  values: ArrayLike<Value>,
  low: Value,
  high: Value,
): void {
  for (let position = 0; position < values.length; position++) {
    const value = values[position]!;
    if ((value < low || value > high) && validity?.[position] !== 0) {
      throw new ProtocolError(`column ${name}: ${value} is not from ${low} to ${high}`);
    }
  }
}

/** @throws ProtocolError - The offsets do not divide the bytes into texts, or a text that is not missing is not UTF-8. */
function texts({ name, validity }: ColumnDataBase, { offsets, data }: WireTexts): string[] {
  if (offsets[0] !== 0 || offsets.at(-1) !== data.length) {
    throw new ProtocolError(`column ${name}: the texts do not begin and end where their ${data.length} bytes do`);
  }
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.length);
  const values: string[] = [];
  for (let position = 0; position < offsets.length - 1; position++) {
    const [start, end] = [offsets[position]!, offsets[position + 1]!];
    if (start > end) {
      throw new ProtocolError(`column ${name}: a text ends before it begins, at ${end} and ${start}`);
    }
    const missing = validity?.[position] === 0;
    const text = bytes.subarray(start, end);
    if (!missing && !isUtf8(text)) {
      throw new ProtocolError(`column ${name}: a text is not UTF-8`);
    }
    values.push(missing ? "" : text.toString());
  }
  return values;
}
