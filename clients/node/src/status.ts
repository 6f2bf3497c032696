import { status, type ServiceError } from "@grpc/grpc-js";
import {
  CancelledError,
  DeadlineExceededError,
  FailedPreconditionError,
  InvalidArgumentError,
  NotFoundError,
  PermissionDeniedError,
  ResourceExhaustedError,
  SynthserveError,
  UnauthenticatedError,
  UnavailableError,
  type ErrorDetails,
  type StatusCode,
} from "./errors.js";
import {
  BadRequest,
  ErrorInfo,
  PreconditionFailure,
  QuotaFailure,
  ResourceInfo,
  RetryInfo,
  Status,
} from "./gen/synthserve/client/error_details.js";
import { overdue, unreachable, type Peer } from "./reasons.js";

const CLASSES: Partial<Record<StatusCode, new (message: string, details: ErrorDetails) => SynthserveError>> = {
  CANCELLED: CancelledError,
  DEADLINE_EXCEEDED: DeadlineExceededError,
  FAILED_PRECONDITION: FailedPreconditionError,
  INVALID_ARGUMENT: InvalidArgumentError,
  NOT_FOUND: NotFoundError,
  PERMISSION_DENIED: PermissionDeniedError,
  RESOURCE_EXHAUSTED: ResourceExhaustedError,
  UNAUTHENTICATED: UnauthenticatedError,
  UNAVAILABLE: UnavailableError,
};

/**
 * Builds the typed error for a call that failed and was not cancelled here.
 *
 * @param error - The error of gRPC.
 * @param peer - The server, for the message.
 */
export function errorFromCall(error: ServiceError, peer: Peer): SynthserveError {
  const details = { ...readDetails(error), requestId: text(error, "x-request-id"), cause: error };
  const code = (status[error.code] as StatusCode | undefined) ?? "UNKNOWN";
  if (code === "CANCELLED" && details.reason === undefined) {
    // A server that shuts down, or a proxy, cancels calls like this. This client did not cancel the call.
    return new UnavailableError(`${peer.target} dropped the call: ${error.details}`, details);
  }
  const message = wording(code, error.details, peer, details);
  const Class = CLASSES[code];
  return Class === undefined ? new SynthserveError(code, message, details) : new Class(message, details);
}

function wording(code: StatusCode, said: string, peer: Peer, details: ErrorDetails): string {
  if (code === "UNAVAILABLE" && details.reason === undefined) {
    return unreachable(said, peer);
  }
  if (code === "INTERNAL" && details.requestId !== undefined) {
    return `${said} (request ${details.requestId})`;
  }
  if (code === "UNIMPLEMENTED") {
    return `what answers at ${peer.target} does not offer this synthserve API: ${said}`;
  }
  if (code === "DEADLINE_EXCEEDED" && said !== "") {
    return overdue(said, peer);
  }
  return said === "" ? code : said;
}

function readDetails(error: ServiceError): ErrorDetails {
  const details: Details = {};
  try {
    for (const { typeUrl, value } of packedDetails(error)) {
      readDetail(details, typeUrl, value);
    }
  } catch {
    // Malformed details must not hide the error that they belong to.
  }
  return details;
}

type Details = { -readonly [Name in keyof ErrorDetails]: ErrorDetails[Name] };

function readDetail(details: Details, typeUrl: string, value: Uint8Array): void {
  switch (typeUrl) {
    case "type.googleapis.com/google.rpc.ErrorInfo": {
      const info = ErrorInfo.decode(value);
      details.reason = info.reason === "" ? undefined : info.reason;
      details.metadata = info.metadata;
      break;
    }
    case "type.googleapis.com/google.rpc.BadRequest":
      details.fields = BadRequest.decode(value).fieldViolations;
      break;
    case "type.googleapis.com/google.rpc.ResourceInfo":
      details.resource = ResourceInfo.decode(value).resourceName;
      break;
    case "type.googleapis.com/google.rpc.RetryInfo": {
      const { seconds, nanos } = RetryInfo.decode(value).retryDelay ?? { seconds: 0n, nanos: 0 };
      details.retryDelay = Math.max(0, Number(seconds) * 1000 + nanos / 1e6);
      break;
    }
    case "type.googleapis.com/google.rpc.QuotaFailure":
      details.quotas = QuotaFailure.decode(value).violations;
      break;
    case "type.googleapis.com/google.rpc.PreconditionFailure":
      details.preconditions = PreconditionFailure.decode(value).violations;
      break;
  }
}

function packedDetails(error: ServiceError): Status["details"] {
  const [packed] = error.metadata.get("grpc-status-details-bin");
  return packed instanceof Buffer ? Status.decode(packed).details : [];
}

function text(error: ServiceError, key: string): string | undefined {
  const [value] = error.metadata.get(key);
  return typeof value === "string" ? value : undefined;
}
