/** Decoded responses of streams. Each column is decoded as a whole; see packed.ts. */
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { GenerateImagesResponse, RowStreamInfo } from "./gen/synthserve/v1/generation.js";
import { SchemaPart, type ImageSchema, type TableSchema } from "./gen/synthserve/v1/schema.js";
import { readBools, readFixed } from "./packed.js";
import type { StreamResponse } from "./resume.js";

/** Information about a stream of rows. */
export interface RowsInfo {
  /** The model version, as `models/{model}/versions/{version}`. */
  readonly model: string;
  /** The seed: the requested one, or the one that the server drew. */
  readonly seed: bigint;
  /** The schema of the rows. */
  readonly schema: TableSchema;
}

/** Information about a stream of images. */
export interface ImagesInfo {
  /** The model version, as `models/{model}/versions/{version}`. */
  readonly model: string;
  /** The seed: the requested one, or the one that the server drew. */
  readonly seed: bigint;
  /** The schema of the images. */
  readonly schema: ImageSchema;
  /** The media type of each image: `image/png`, `image/jpeg`, or `application/octet-stream` for raw pixels. */
  readonly mediaType: string;
}

/** The values of one column as received. */
export type WireValues =
  | { readonly type: "double"; readonly values: Float64Array }
  | { readonly type: "int64"; readonly values: BigInt64Array }
  | { readonly type: "category"; readonly values: Int32Array }
  | { readonly type: "bool"; readonly values: Uint8Array }
  | { readonly type: "date"; readonly values: Int32Array }
  | { readonly type: "timestamp"; readonly values: BigInt64Array }
  | WireTexts;

/** The texts of one column as received: that of row `i` is in `data` from `offsets[i]` up to `offsets[i + 1]`. */
export interface WireTexts {
  readonly type: "string";
  readonly offsets: Int32Array;
  readonly data: Uint8Array;
}

/** A column as received. */
export interface WireColumn {
  readonly values: WireValues | undefined;
  /** 1 for a value, 0 for a missing value; empty if no value is missing. */
  readonly validity: Uint8Array;
}

/** A response with rows: `columns`, or `data` in the requested encoding. */
export interface RowsResponse extends StreamResponse<RowsInfo> {
  /** The beginning of the file. */
  readonly preamble: Uint8Array;
  /** In a first response: the number of responses with a `part` that follow. */
  readonly partCount: number;
  /** More of the schema and the preamble. */
  readonly part: SchemaPart | undefined;
  readonly columns: readonly WireColumn[];
  readonly data: Uint8Array;
}

/** A response with images. */
export interface ImagesResponse extends StreamResponse<ImagesInfo> {
  readonly images: readonly Uint8Array[];
}

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
    partCount: 0,
    part: undefined as SchemaPart | undefined,
    columns: [] as readonly WireColumn[],
    data: EMPTY,
  };
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    switch (field) {
      case 1: {
        const { schema, preamble, partCount, ...info } = RowStreamInfo.decode(reader.bytes());
        response.info = { ...info, schema: there(schema) };
        response.preamble = preamble;
        response.partCount = partCount;
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
      case 6:
        response.part = SchemaPart.decode(reader.bytes());
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
      case 6:
        values = readTexts(reader.bytes());
        break;
      case 7:
        values = { type: "date", values: new Int32Array(readFixed(reader.bytes(), 4)) };
        break;
      case 8:
        values = { type: "timestamp", values: new BigInt64Array(readFixed(reader.bytes(), 8)) };
        break;
      default:
        reader.skip(type, field);
    }
  }
  return { values, validity: readBools(message, 5) };
}

/** Reads `StringValues`. */
function readTexts(message: Uint8Array): WireTexts {
  const reader = new BinaryReader(message);
  let data = EMPTY;
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 2) {
      data = reader.bytes();
    } else {
      reader.skip(type, field);
    }
  }
  return { type: "string", offsets: new Int32Array(readFixed(message, 4)), data };
}

function there<Schema>(schema: Schema | undefined): Schema {
  if (schema === undefined) {
    throw new Error("the first response has no schema");
  }
  return schema;
}
