import * as args from "./arguments.js";
import { conditions, type Conditions } from "./conditions.js";
import { invalid } from "./errors.js";
import {
  ImageFormat as ProtoImageFormat,
  RowFormat,
  type GenerateImagesRequest,
  type GenerateRowsRequest,
} from "./gen/synthserve/v1/generation.js";
import { resourceName } from "./names.js";

/** A 64-bit integer. As `number` it must be a safe one (`Number.isSafeInteger`): above that only `bigint` is exact. */
export type Integer = number | bigint;

/** Options of all streams. */
export interface StreamOptions {
  /** The number of samples, at least 0. Unset: the stream continues until it is cancelled, or to the last index. */
  readonly count?: Integer | undefined;
  /** The seed, from 0 to 2^63 - 1. Unset: the server draws one, which is in the stream's `info`. */
  readonly seed?: Integer | undefined;
  /** The index of the first sample, from 0 to 2^63 - 1. Default: 0. A large offset costs no more than a small one. */
  readonly offset?: Integer | undefined;
  /** Conditions by column, all of which hold, for example `{ species: "setosa" }`. Default: none. */
  readonly where?: Conditions | undefined;
  /**
   * Milliseconds for the whole stream, including all retries, from the start of reading. Infinity, or more than 100
   * years, is no limit.
   */
  readonly timeout?: number | undefined;
  /** Cancels the stream when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link Client.rows}. */
export interface RowsOptions extends StreamOptions {
  /** A hint: the number of rows per message, at least 1. It never changes the rows. Default: the server chooses. */
  readonly rowsPerMessage?: number | undefined;
}

/** The file format of encoded rows. */
export type Encoding = "csv" | "json_lines" | "arrow";

/** Options of {@link Client.encodedRows}. */
export interface EncodedRowsOptions extends RowsOptions {
  /** `csv` (RFC 4180, UTF-8), `json_lines` or `arrow` (IPC streaming format). */
  readonly format: Encoding;
}

/** The encoding: `png` (lossless), `jpeg`, or `raw` (pixels: rows from the top, channels last, 8 bits each). */
export type ImageFormat = "png" | "jpeg" | "raw";

/** Options of {@link Client.images}. */
export interface ImagesOptions extends StreamOptions {
  /** Default: `png`. */
  readonly format?: ImageFormat | undefined;
  /** JPEG only: from 1 to 100. Default: 95. */
  readonly jpegQuality?: number | undefined;
  /** A hint: the number of images per message, at least 1. It never changes the images. Default: the server chooses. */
  readonly imagesPerMessage?: number | undefined;
}

const ENCODINGS: Readonly<Record<Encoding, RowFormat>> = {
  csv: RowFormat.CSV,
  json_lines: RowFormat.JSON_LINES,
  arrow: RowFormat.ARROW,
};

const IMAGE_FORMATS: Readonly<Record<ImageFormat, ProtoImageFormat>> = {
  png: ProtoImageFormat.PNG,
  jpeg: ProtoImageFormat.JPEG,
  raw: ProtoImageFormat.RAW,
};

/**
 * Builds the request for typed rows.
 *
 * @throws InvalidArgumentError - A value cannot be sent. The server checks all other values.
 */
export function rowsRequest(model: string, options: RowsOptions): GenerateRowsRequest {
  return {
    ...common(model, args.options("options", options)),
    format: RowFormat.COLUMNS,
    rowsPerMessage: int32("rows_per_message", options.rowsPerMessage ?? 0),
  };
}

/**
 * Builds the request for encoded rows.
 *
 * @throws InvalidArgumentError - As with {@link rowsRequest}.
 */
export function encodedRowsRequest(model: string, options: EncodedRowsOptions): GenerateRowsRequest {
  return { ...rowsRequest(model, options), format: args.choice("format", options.format, ENCODINGS) };
}

/**
 * Builds the request for images.
 *
 * @throws InvalidArgumentError - As with {@link rowsRequest}.
 */
export function imagesRequest(model: string, options: ImagesOptions): GenerateImagesRequest {
  return {
    ...common(model, args.options("options", options)),
    format: args.choice("format", options.format ?? "png", IMAGE_FORMATS),
    imagesPerMessage: int32("images_per_message", options.imagesPerMessage ?? 0),
    jpegQuality: int32("jpeg_quality", options.jpegQuality ?? 0),
  };
}

function common(model: string, options: StreamOptions) {
  return {
    model: resourceName(model),
    count: options.count === undefined ? undefined : int64("count", options.count),
    seed: options.seed === undefined ? undefined : int64("seed", options.seed),
    offset: int64("offset", options.offset ?? 0n),
    conditions: conditions(options.where ?? {}),
  };
}

function int64(field: string, value: Integer): bigint {
  if (typeof value !== "bigint" && !Number.isSafeInteger(value)) {
    throw invalid(field, `must be a bigint or a safe integer, not ${args.shown(value)}`);
  }
  const exact = BigInt(value);
  if (BigInt.asIntN(64, exact) !== exact) {
    throw invalid(field, "must be from -2^63 to 2^63 - 1");
  }
  return exact;
}

function int32(field: string, value: number): number {
  if (typeof value !== "number" || (value | 0) !== value) {
    throw invalid(field, `must be an integer of 32 bits, not ${args.shown(value)}`);
  }
  return value;
}
