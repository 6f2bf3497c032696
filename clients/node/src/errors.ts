import type { status } from "@grpc/grpc-js";

/** The code of gRPC by its name, for example `NOT_FOUND`. */
export type StatusCode = Exclude<keyof typeof status, "OK">;

/** One thing that is wrong with a request. */
export interface FieldViolation {
  /** The field of the request, for example `count` or `conditions[species]`. */
  readonly field: string;
  /** What is wrong with it and what is allowed. */
  readonly description: string;
}

/** A limit that was hit. */
export interface QuotaViolation {
  /** Whose limit it is: `caller:NAME` or `server`. */
  readonly subject: string;
  /** Which one, and what it allows. */
  readonly description: string;
}

/** Something that is not as the call needs it. */
export interface PreconditionViolation {
  /** What kind of condition it is. */
  readonly type: string;
  /** What it is about, for example `models/iris-vae/versions/1`. */
  readonly subject: string;
  /** What is wrong with it. */
  readonly description: string;
}

/** What comes with an error; what the server did not send is undefined or empty. */
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
 * What all errors of this package are. Tell them apart by class, `code` or `reason`, never by the message.
 */
export class SynthserveError extends Error {
  /** The code of gRPC, by its name. */
  readonly code: StatusCode;
  /** `google.rpc.ErrorInfo.reason`, for example `MODEL_NOT_FOUND`; undefined where the server gave none. */
  readonly reason: string | undefined;
  /** `google.rpc.ErrorInfo.metadata`. */
  readonly metadata: ReadonlyMap<string, string>;
  /** What the server's log and traces call the request; undefined where the server did not answer it. */
  readonly requestId: string | undefined;
  /** What is wrong with the request, field by field. */
  readonly fields: readonly FieldViolation[];
  /** The name of what there is not. */
  readonly resource: string | undefined;
  /** Milliseconds after which the server asks to try again; undefined where it does not. */
  readonly retryDelay: number | undefined;
  /** The limits that were hit. */
  readonly quotas: readonly QuotaViolation[];
  /** What is not as the call needs it. */
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

/** A value is not allowed (`INVALID_ARGUMENT`); {@link SynthserveError.fields | fields} names each that is not. */
export class InvalidArgumentError extends SynthserveError {
  static {
    this.prototype.name = "InvalidArgumentError";
  }

  constructor(message: string, details?: ErrorDetails) {
    super("INVALID_ARGUMENT", message, details);
  }
}

/** There is no such model or version (`NOT_FOUND`); {@link SynthserveError.resource | resource} is its name. */
export class NotFoundError extends SynthserveError {
  static {
    this.prototype.name = "NotFoundError";
  }

  constructor(message: string, details?: ErrorDetails) {
    super("NOT_FOUND", message, details);
  }
}

/**
 * The model is there and cannot generate (`FAILED_PRECONDITION`): it could not be loaded, or is being unloaded.
 * {@link Client.model} tells which and why.
 */
export class FailedPreconditionError extends SynthserveError {
  static {
    this.prototype.name = "FailedPreconditionError";
  }

  constructor(message: string, details?: ErrorDetails) {
    super("FAILED_PRECONDITION", message, details);
  }
}

/** The server wants credentials and got none, or wrong ones (`UNAUTHENTICATED`). */
export class UnauthenticatedError extends SynthserveError {
  static {
    this.prototype.name = "UnauthenticatedError";
  }

  constructor(message: string, details?: ErrorDetails) {
    super("UNAUTHENTICATED", message, details);
  }
}

/** The credentials are known and do not allow this (`PERMISSION_DENIED`). */
export class PermissionDeniedError extends SynthserveError {
  static {
    this.prototype.name = "PermissionDeniedError";
  }

  constructor(message: string, details?: ErrorDetails) {
    super("PERMISSION_DENIED", message, details);
  }
}

/**
 * The caller or the server has as much under way as it may, or a message is too large (`RESOURCE_EXHAUSTED`). Where the
 * server says when to try again, that was done as often as {@link RetryOptions} allows.
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
 * There is no server at the address, or it went or is going down (`UNAVAILABLE`). It was tried again as often as
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

/** `timeout` ran out before the end (`DEADLINE_EXCEEDED`); `cause` is what went wrong last, if anything did. */
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

/** The server sent what the contract does not allow, for example rows out of order (`INTERNAL`). */
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
