/**
 * Repeated fields in the layout of typed arrays: this module copies each field as a whole, while the generated code
 * would create one JavaScript value per element.
 */
import { endianness } from "node:os";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** Reads the values of field 1, of a fixed width. */
export function readFixed(message: Uint8Array, width: 4 | 8): ArrayBuffer {
  const values = readPacked(message, 1, width === 8 ? WireType.Bit64 : WireType.Bit32);
  if (endianness() === "BE") {
    return (width === 8 ? values.swap64() : values.swap32()).buffer;
  }
  return values.buffer;
}

/** Reads the booleans of a field, as 0 and 1. */
export function readBools(message: Uint8Array, field: number): Uint8Array {
  const varints = readPacked(message, field, WireType.Varint);
  const bools = new Uint8Array(varints.length);
  let count = 0;
  let bits = 0;
  for (const byte of varints) {
    bits |= byte & 0x7f;
    if (byte < 0x80) {
      bools[count++] = bits === 0 ? 0 : 1;
      bits = 0;
    }
  }
  return bools.subarray(0, count);
}

/**
 * Copies the values of a repeated field. They are usually packed in one piece; protobuf also allows several pieces, and
 * single values. Views without a copy are impossible: typed arrays need an alignment that the message does not have.
 */
function readPacked(message: Uint8Array, wanted: number, single: WireType): Buffer<ArrayBuffer> {
  const reader = new BinaryReader(message);
  const pieces: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === wanted && type === WireType.LengthDelimited) {
      pieces.push(reader.bytes());
    } else {
      const value = reader.skip(type, field);
      if (field === wanted && type === single) {
        pieces.push(value);
      }
    }
  }
  const values = Buffer.from(new ArrayBuffer(pieces.reduce((size, piece) => size + piece.length, 0)));
  let filled = 0;
  for (const piece of pieces) {
    values.set(piece, filled);
    filled += piece.length;
  }
  return values;
}
