import { dateText, timestampText } from "./calendar.js";
import { columnData, type ColumnData } from "./columns.js";
import { ProtocolError } from "./errors.js";
import type { TableSchema } from "./gen/synthserve/v1/schema.js";
import type { RowsResponse } from "./wire.js";

/**
 * One value of a row; null if it is missing. Dates and timestamps are text in ISO 8601, because a `Date` has no
 * microseconds: `2024-02-29`, `2024-02-29T12:30:00.250000Z` for an instant, without `Z` if there is no time zone.
 */
export type Value = number | bigint | string | boolean | null;

/** One row, column name to value, in the order of the schema. */
export type Row = Record<string, Value>;

/** Consecutive rows of a stream, column by column. */
export class RowBatch {
  /** The index of the first row. */
  readonly firstIndex: bigint;
  /** The number of rows, at least 1. */
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

  /** The column with this name; undefined if it does not exist. */
  column(name: string): ColumnData | undefined {
    return this.columns.find((column) => column.name === name);
  }

  /** Yields each row as an object, in order. */
  *rows(): Generator<Row, undefined, undefined> {
    // Names become own properties of the blank row before values are set, so that `__proto__` is an ordinary name.
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
    case "string":
      return column.values[position] as Value;
    case "category":
      return column.categories[column.codes[position]!] as Value;
    case "bool":
      return column.values[position] === 1;
    case "date":
      return dateText(column.values[position]!);
    case "timestamp":
      return timestampText(column.values[position]!, column.utc);
  }
}
