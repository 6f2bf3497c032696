import type { status } from "@grpc/grpc-js";

/** The name of a gRPC code, for example `NOT_FOUND`. */
export type StatusCode = Exclude<keyof typeof status, "OK">;

/** An invalid field of a request. */
export interface FieldViolation {
  /** The field of the request, for example `count` or `conditions[species]`. */
  readonly field: string;
  /** Why the value is invalid and which values are allowed. */
  readonly description: string;
}

/** A limit that the request exceeded. */
export interface QuotaViolation {
  /** The owner of the limit: `caller:NAME` or `server`. */
  readonly subject: string;
  /** The limit, and what it allows. */
  readonly description: string;
}

/** A precondition of the call that does not hold. */
export interface PreconditionViolation {
  /** The kind of precondition. */
  readonly type: string;
  /** The subject of the precondition, for example `models/iris-vae/versions/1`. */
  readonly subject: string;
  /** Why the precondition does not hold. */
  readonly description: string;
}

/** The details of an error; details that the server did not send are undefined or empty. */
export interface ErrorDetails {
  readonly reason?: string | undefined;
  readonly metadata?: ReadonlyMap<string, string>;
  readonly requestId?: string | undefined;
  readonly fields?: readonly FieldViolation[];
  readonly resource?: string | undefined;
  readonly retryDelay?: number | undefined;
  readonly quotas?: readonly QuotaViolation[];
  readonly preconditions?: readonly PreconditionViolation[];
  readonly cause?: unknown;
}

/**
 * The base class of all errors of this package. Distinguish errors by class, `code` or `reason`, never by the message.
 */
export class SynthserveError extends Error {
  /** The name of the gRPC code. */
  readonly code: StatusCode;
  /** `google.rpc.ErrorInfo.reason`, for example `MODEL_NOT_FOUND`; undefined if the server did not send it. */
  readonly reason: string | undefined;
  /** `google.rpc.ErrorInfo.metadata`. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The id of the request in the server's log and traces; undefined if the server did not answer. */
  readonly requestId: string | undefined;
  /** The invalid fields of the request. */
  readonly fields: readonly FieldViolation[];
  /** The name of the resource that was not found. */
  readonly resource: string | undefined;
  /** Milliseconds that the server asks to wait before a retry; undefined if the server did not send it. */
  readonly retryDelay: number | undefined;
  /** The limits that the request exceeded. */
  readonly quotas: readonly QuotaViolation[];
  /** The preconditions that do not hold. */
  readonly preconditions: readonly PreconditionViolation[];

  static {
    this.prototype.name = "SynthserveError";
  }

  constructor(code: StatusCode, message: string, details: ErrorDetails = {}) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.reason = details.reason;
    this.metadata = details.metadata ?? new Map();
    this.requestId = details.requestId;
    this.fields = details.fields ?? [];
    this.resource = details.resource;
    this.retryDelay = details.retryDelay;
    this.quotas = details.quotas ?? [];
    this.preconditions = details.preconditions ?? [];
  }
}

/** A value is not allowed (`INVALID_ARGUMENT`); {@link SynthserveError.fields | fields} names each invalid field. */
export class InvalidArgumentError extends SynthserveError {
  static {
    this.prototype.name = "InvalidArgumentError";
  }

  constructor(message: string, details?: ErrorDetails) {
    super("INVALID_ARGUMENT", message, details);
  }
}

/** The model or version does not exist (`NOT_FOUND`); {@link SynthserveError.resource | resource} is its name. */
export class NotFoundError extends SynthserveError {
  static {
    this.prototype.name = "NotFoundError";
  }

  constructor(message: string, details?: ErrorDetails) {
    super("NOT_FOUND", message, details);
  }
}

/**
 * The model exists but cannot generate (`FAILED_PRECONDITION`): it could not be loaded, or is being unloaded.
 * {@link Client.model} returns its state and the reason.
 */
export class FailedPreconditionError extends SynthserveError {
  static {
    this.prototype.name = "FailedPreconditionError";
  }

  constructor(message: string, details?: ErrorDetails) {
    super("FAILED_PRECONDITION", message, details);
  }
}

/** The server requires credentials, and the call has no credentials or wrong ones (`UNAUTHENTICATED`). */
export class UnauthenticatedError extends SynthserveError {
  static {
    this.prototype.name = "UnauthenticatedError";
  }

  constructor(message: string, details?: ErrorDetails) {
    super("UNAUTHENTICATED", message, details);
  }
}

/** The credentials are valid but do not allow this call (`PERMISSION_DENIED`). */
export class PermissionDeniedError extends SynthserveError {
  static {
    this.prototype.name = "PermissionDeniedError";
  }

  constructor(message: string, details?: ErrorDetails) {
    super("PERMISSION_DENIED", message, details);
  }
}

/**
 * A limit of the caller or the server is reached, or a message is too large (`RESOURCE_EXHAUSTED`). If the server sent
 * a retry delay, this is raised after all attempts that {@link RetryOptions} allows.
 */
export class ResourceExhaustedError extends SynthserveError {
  static {
    this.prototype.name = "ResourceExhaustedError";
  }

  constructor(message: string, details?: ErrorDetails) {
    super("RESOURCE_EXHAUSTED", message, details);
  }
}

/**
 * No server answers at the address, or the server is shutting down (`UNAVAILABLE`). Raised after all attempts that
 * {@link RetryOptions} allows.
 */
export class UnavailableError extends SynthserveError {
  static {
    this.prototype.name = "UnavailableError";
  }

  constructor(message: string, details?: ErrorDetails) {
    super("UNAVAILABLE", message, details);
  }
}

/** `timeout` expired before the end (`DEADLINE_EXCEEDED`); `cause` is the error of the last attempt, if one failed. */
export class DeadlineExceededError extends SynthserveError {
  static {
    this.prototype.name = "DeadlineExceededError";
  }

  constructor(message: string, details?: ErrorDetails) {
    super("DEADLINE_EXCEEDED", message, details);
  }
}

/**
 * The stream was cancelled, its signal aborted, or the client closed while it was in use (`CANCELLED`). `cause` is the
 * reason of the signal.
 */
export class CancelledError extends SynthserveError {
  static {
    this.prototype.name = "CancelledError";
  }

  constructor(message: string, details?: ErrorDetails) {
    super("CANCELLED", message, details);
  }
}

/** The server violated the contract, for example by rows out of order (`INTERNAL`). */
export class ProtocolError extends SynthserveError {
  static {
    this.prototype.name = "ProtocolError";
  }

  constructor(message: string) {
    super("INTERNAL", message);
  }
}

/** The error for one value that cannot be sent. */
export function invalid(field: string, description: string, cause?: unknown): InvalidArgumentError {
  const details = { fields: [{ field, description }] };
  return new InvalidArgumentError(`${field}: ${description}`, cause === undefined ? details : { ...details, cause });
}
