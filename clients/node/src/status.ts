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
 * @param error - What gRPC raised.
 * @param target - The server's address, for the message.
 */
export function errorFromCall(error: ServiceError, target: string): SynthserveError {
  const details = { ...readDetails(error), requestId: text(error, "x-request-id"), cause: error };
  const code = (status[error.code] as StatusCode | undefined) ?? "UNKNOWN";
  if (code === "CANCELLED" && details.reason === undefined) {
    // A server that goes down, or a proxy, drops calls like that. Nobody here wanted it.
    return new UnavailableError(`${target} dropped the call: ${error.details}`, details);
  }
  const message = wording(code, error.details, target, details);
  const Class = CLASSES[code];
  return Class === undefined ? new SynthserveError(code, message, details) : new Class(message, details);
}

function wording(code: StatusCode, said: string, target: string, details: ErrorDetails): string {
  if (code === "UNAVAILABLE" && details.reason === undefined) {
    return unreachable(said, target);
  }
  if (code === "INTERNAL" && details.requestId !== undefined) {
    return `${said} (request ${details.requestId})`;
  }
  if (code === "UNIMPLEMENTED") {
    return `what answers at ${target} does not offer this synthserve API: ${said}`;
  }
  return said === "" ? code : said;
}

/** gRPC's own words are long, and different for each way in which a connection can fail. */
function unreachable(said: string, target: string): string {
  if (/name resolution|resolve/i.test(said)) {
    return `cannot find the host of ${target}: check the address`;
  }
  if (/refused/i.test(said)) {
    return `no server at ${target} (connection refused): is it running? Else check the address`;
  }
  if (/no connection established/i.test(said)) {
    return `cannot connect to ${target}: ${said}`;
  }
  return `lost the connection to ${target}: ${said}`;
}

function readDetails(error: ServiceError): ErrorDetails {
  const details: { -readonly [Name in keyof ErrorDetails]: ErrorDetails[Name] } = {};
  for (const { typeUrl, value } of packedDetails(error)) {
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
        const delay = RetryInfo.decode(value).retryDelay;
        details.retryDelay = delay === undefined ? 0 : Number(delay.seconds) * 1000 + delay.nanos / 1e6;
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
  return details;
}

function packedDetails(error: ServiceError): Status["details"] {
  const [packed] = error.metadata.get("grpc-status-details-bin");
  return packed instanceof Buffer ? Status.decode(packed).details : [];
}

function text(error: ServiceError, key: string): string | undefined {
  const [value] = error.metadata.get(key);
  return typeof value === "string" ? value : undefined;
}
