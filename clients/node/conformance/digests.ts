import { createHash, type Hash } from "node:crypto";
import { decode } from "fast-png";
import type { ColumnData, Image, RowBatch } from "synthserve";

/** The digest of rows; it does not depend on the size of batches. */
export class ColumnsDigest {
  readonly #columns: Hash[] = [];

  update(batch: RowBatch): void {
    for (const [position, column] of batch.columns.entries()) {
      (this.#columns[position] ??= createHash("sha256")).update(encoded(column));
    }
  }

  /** @param columns - The number of columns, for a stream without batches. */
  hex(columns: number): string {
    const whole = createHash("sha256");
    for (let position = 0; position < columns; position++) {
      whole.update((this.#columns[position] ?? createHash("sha256")).digest());
    }
    return whole.digest("hex");
  }
}

/** For each row one byte, 0 if the value is missing, else 1 followed by the value. */
function encoded(column: ColumnData): Buffer {
  if (column.type === "category") {
    const cells = column.categories.map(cell);
    return joined(column, column.codes, (code) => cells[code]!);
  }
  if (column.type === "string") {
    return joined(column, column.values, cell);
  }
  const { buffer, byteOffset, byteLength, BYTES_PER_ELEMENT: width } = column.values;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  const out = Buffer.allocUnsafe(column.values.length * (1 + width));
  let end = 0;
  for (let position = 0; position < column.values.length; position++) {
    const there = column.validity?.[position] ?? 1;
    out[end++] = there;
    for (let byte = 0; byte < width * there; byte++) {
      out[end++] = bytes[position * width + byte]!;
    }
  }
  return out.subarray(0, end);
}

function cell(text: string): Buffer {
  const utf8 = Buffer.from(text);
  const head = Buffer.from([1, 0, 0, 0, 0]);
  head.writeInt32LE(utf8.length, 1);
  return Buffer.concat([head, utf8]);
}

const MISSING = Buffer.from([0]);

function joined<Value>({ validity }: ColumnData, values: ArrayLike<Value>, encode: (value: Value) => Buffer): Buffer {
  return Buffer.concat(Array.from(values, (value, position) => (validity?.[position] === 0 ? MISSING : encode(value))));
}

/** The digested bytes of an image: the pixels of a PNG, else the whole file. */
export function counted(image: Image, format: string): Uint8Array {
  if (format !== "png") {
    return image.data;
  }
  const { data } = decode(image.data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
