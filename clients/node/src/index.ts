export { RowBatch, type Row, type Value } from "./batches.js";
export { Client, type CallOptions, type ClientOptions, type ModelsOptions } from "./client.js";
export type {
  BoolData,
  CategoryData,
  ColumnData,
  DateData,
  DoubleData,
  Int64Data,
  StringData,
  TimestampData,
} from "./columns.js";
export {
  between,
  present,
  type Between,
  type ConditionTest,
  type ConditionValue,
  type Conditions,
} from "./conditions.js";
export {
  CancelledError,
  DeadlineExceededError,
  FailedPreconditionError,
  InvalidArgumentError,
  NotFoundError,
  PermissionDeniedError,
  ProtocolError,
  ResourceExhaustedError,
  SynthserveError,
  UnauthenticatedError,
  UnavailableError,
  type ErrorDetails,
  type FieldViolation,
  type PreconditionViolation,
  type QuotaViolation,
  type StatusCode,
} from "./errors.js";
export { ModelState, type Model } from "./gen/synthserve/v1/model.js";
export {
  ColumnType,
  ConditionKind,
  Method,
  type Column,
  type ConditionSpec,
  type CsvFormat,
  type ImageSchema,
  type ModelCard,
  type QualityFigure,
  type TableSchema,
} from "./gen/synthserve/v1/schema.js";
export type { View } from "./models.js";
export type {
  EncodedRowsOptions,
  Encoding,
  ImageFormat,
  ImagesOptions,
  Integer,
  RowsOptions,
  StreamOptions,
} from "./requests.js";
export type { RetryOptions } from "./retry.js";
export { EncodedRowStream, ImageStream, RowStream, SampleStream, type Image, type RowChunk } from "./streams.js";
export type { TlsOptions } from "./tls.js";
export type { Token } from "./tokens.js";
export { VERSION } from "./version.js";
export type { ImagesInfo, RowsInfo } from "./wire.js";
