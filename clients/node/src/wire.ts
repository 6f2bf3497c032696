/**
 * Responses of streams as they are read here. Columns come in the layout that typed arrays have: they are copied whole,
 * where the generated code would make an object of each value.
 */
import { endianness } from "node:os";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import {
  GenerateImagesResponse,
  GenerationServiceService,
  RowStreamInfo,
  type GenerateImagesRequest,
  type GenerateRowsRequest,
} from "./gen/synthserve/v1/generation.js";
import type { ImageSchema, TableSchema } from "./gen/synthserve/v1/schema.js";
import type { Method } from "./calls.js";
import type { StreamResponse } from "./resume.js";

/** What holds for a whole stream of rows. */
export interface RowsInfo {
  /** The model version that generates, as `models/{model}/versions/{version}`. */
  readonly model: string;
  /** The seed in use: the one that was asked for, or the one that the server drew. */
  readonly seed: bigint;
  /** What the rows look like. */
  readonly schema: TableSchema;
}

/** What holds for a whole stream of images. */
export interface ImagesInfo {
  /** The model version that generates, as `models/{model}/versions/{version}`. */
  readonly model: string;
  /** The seed in use: the one that was asked for, or the one that the server drew. */
  readonly seed: bigint;
  /** What the images look like. */
  readonly schema: ImageSchema;
  /** The media type of each image: `image/png`, `image/jpeg`, or `application/octet-stream` for raw pixels. */
  readonly mediaType: string;
}

/** The values of one column as they came. */
export type WireValues =
  | { readonly type: "double"; readonly values: Float64Array }
  | { readonly type: "int64"; readonly values: BigInt64Array }
  | { readonly type: "category"; readonly values: Int32Array }
  | { readonly type: "bool"; readonly values: Uint8Array };

/** A column as it came. */
export interface WireColumn {
  readonly values: WireValues | undefined;
  /** 1 where there is a value, 0 where it is missing; empty where none is. */
  readonly validity: Uint8Array;
}

/** A response with rows: `columns`, or `data` in the encoding that was asked for. */
export interface RowsResponse extends StreamResponse<RowsInfo> {
  /** What a file begins with. */
  readonly preamble: Uint8Array;
  readonly columns: readonly WireColumn[];
  readonly data: Uint8Array;
}

/** A response with images. */
export interface ImagesResponse extends StreamResponse<ImagesInfo> {
  readonly images: readonly Uint8Array[];
}

export const GENERATE_ROWS: Method<GenerateRowsRequest, RowsResponse> = {
  ...GenerationServiceService.generateRows,
  responseDeserialize: readRows,
};

export const GENERATE_IMAGES: Method<GenerateImagesRequest, ImagesResponse> = {
  ...GenerationServiceService.generateImages,
  responseDeserialize: readImages,
};

const EMPTY: Uint8Array = new Uint8Array();

/** Reads a `GenerateImagesResponse`. */
export function readImages(message: Uint8Array): ImagesResponse {
  const { info, firstIndex, images } = GenerateImagesResponse.decode(message);
  return { info: info && { ...info, schema: there(info.schema) }, firstIndex, size: BigInt(images.length), images };
}

/** Reads a `GenerateRowsResponse`. */
export function readRows(message: Uint8Array): RowsResponse {
  const reader = new BinaryReader(message);
  const response = {
    info: undefined as RowsInfo | undefined,
    firstIndex: 0n,
    size: 0n,
    preamble: EMPTY,
    columns: [] as readonly WireColumn[],
    data: EMPTY,
  };
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    switch (field) {
      case 1: {
        const { schema, preamble, ...info } = RowStreamInfo.decode(reader.bytes());
        response.info = { ...info, schema: there(schema) };
        response.preamble = preamble;
        break;
      }
      case 2:
        response.firstIndex = BigInt(reader.int64());
        break;
      case 3:
        response.size = BigInt(reader.int64());
        break;
      case 4:
        response.columns = readColumns(reader.bytes());
        break;
      case 5:
        response.data = reader.bytes();
        break;
      default:
        reader.skip(type, field);
    }
  }
  return response;
}

/** Reads a `ColumnBatch`. */
function readColumns(message: Uint8Array): WireColumn[] {
  const reader = new BinaryReader(message);
  const columns: WireColumn[] = [];
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 1) {
      columns.push(readColumn(reader.bytes()));
    } else {
      reader.skip(type, field);
    }
  }
  return columns;
}

/** Reads a `ColumnValues`. */
function readColumn(message: Uint8Array): WireColumn {
  const reader = new BinaryReader(message);
  let values: WireValues | undefined;
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    switch (field) {
      case 1:
        values = { type: "double", values: new Float64Array(readFixed(reader.bytes(), 8)) };
        break;
      case 2:
        values = { type: "int64", values: new BigInt64Array(readFixed(reader.bytes(), 8)) };
        break;
      case 3:
        values = { type: "category", values: new Int32Array(readFixed(reader.bytes(), 4)) };
        break;
      case 4:
        values = { type: "bool", values: readBools(reader.bytes(), 1) };
        break;
      default:
        reader.skip(type, field);
    }
  }
  return { values, validity: readBools(message, 5) };
}

/** Reads the values of field 1, of a fixed width. */
function readFixed(message: Uint8Array, width: 4 | 8): ArrayBuffer {
  const values = readPacked(message, 1, width === 8 ? WireType.Bit64 : WireType.Bit32);
  if (endianness() === "BE") {
    return (width === 8 ? values.swap64() : values.swap32()).buffer;
  }
  return values.buffer;
}

/** Reads the booleans of a field, as 0 and 1. */
function readBools(message: Uint8Array, field: number): Uint8Array {
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
 * Copies the values of a repeated field. As a rule they come packed in one piece; protobuf allows several, and single
 * values. They cannot be used where they are, as their places in the message are not aligned like those of typed arrays.
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

function there<Schema>(schema: Schema | undefined): Schema {
  if (schema === undefined) {
    throw new Error("the first response has no schema");
  }
  return schema;
}
