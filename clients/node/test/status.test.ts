import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Metadata, status } from "@grpc/grpc-js";
import {
  BadRequest,
  ErrorInfo,
  PreconditionFailure,
  QuotaFailure,
  ResourceInfo,
  RetryInfo,
  Status,
} from "#src/gen/synthserve/client/error_details.js";
import { errorFromCall } from "#src/status.js";
import {
  DeadlineExceededError,
  FailedPreconditionError,
  InvalidArgumentError,
  NotFoundError,
  PermissionDeniedError,
  ResourceExhaustedError,
  SynthserveError,
  UnauthenticatedError,
  UnavailableError,
} from "synthserve";
import { packed, serviceError } from "./fakes.js";

const PEER = { target: "host:1", security: "plain", proxy: undefined } as const;

describe("errors", () => {
  it("have the class of their code", () => {
    const classes = new Map<status, new (...all: never[]) => SynthserveError>([
      [status.INVALID_ARGUMENT, InvalidArgumentError],
      [status.NOT_FOUND, NotFoundError],
      [status.FAILED_PRECONDITION, FailedPreconditionError],
      [status.UNAUTHENTICATED, UnauthenticatedError],
      [status.PERMISSION_DENIED, PermissionDeniedError],
      [status.RESOURCE_EXHAUSTED, ResourceExhaustedError],
      [status.UNAVAILABLE, UnavailableError],
      [status.DEADLINE_EXCEEDED, DeadlineExceededError],
      [status.OUT_OF_RANGE, SynthserveError],
      [status.INTERNAL, SynthserveError],
      [status.UNIMPLEMENTED, SynthserveError],
    ]);
    for (const [code, Class] of classes) {
      const error = errorFromCall(serviceError(code, "said"), PEER);
      assert.equal(error.constructor, Class);
      assert.equal(error.code, status[code]);
      assert.equal(error.name, Class.name);
      assert.ok(error instanceof Error && error.message.includes(code === status.UNAVAILABLE ? "host:1" : "said"));
    }
  });

  it("of a code that gRPC does not know are UNKNOWN", () => {
    assert.equal(errorFromCall(Object.assign(serviceError(status.UNKNOWN, "new"), { code: 99 }), PEER).code, "UNKNOWN");
  });

  it("tell what the details say", () => {
    const error = errorFromCall(
      serviceError(status.RESOURCE_EXHAUSTED, "much", [
        packed("ErrorInfo", ErrorInfo, { reason: "LIMIT_EXCEEDED", metadata: new Map([["limit", "4"]]) }),
        packed("BadRequest", BadRequest, { fieldViolations: [{ field: "count", description: "large" }] }),
        packed("ResourceInfo", ResourceInfo, { resourceName: "models/m" }),
        packed("RetryInfo", RetryInfo, { retryDelay: { seconds: 2n, nanos: 500_000_000 } }),
        packed("QuotaFailure", QuotaFailure, { violations: [{ subject: "server", description: "4 streams" }] }),
        packed("PreconditionFailure", PreconditionFailure, {
          violations: [{ type: "MODEL", subject: "models/m/versions/1", description: "failed" }],
        }),
        { typeUrl: "type.googleapis.com/google.rpc.Help", value: new Uint8Array([1]) },
      ]),
      PEER,
    );
    assert.equal(error.reason, "LIMIT_EXCEEDED");
    assert.deepEqual(error.metadata, new Map([["limit", "4"]]));
    assert.deepEqual(error.fields, [{ field: "count", description: "large" }]);
    assert.equal(error.resource, "models/m");
    assert.equal(error.retryDelay, 2500);
    assert.deepEqual(error.quotas, [{ subject: "server", description: "4 streams" }]);
    assert.deepEqual(error.preconditions, [{ type: "MODEL", subject: "models/m/versions/1", description: "failed" }]);
  });

  it("tell no delay that time does not have", () => {
    const delay = (seconds: bigint, nanos: number) =>
      errorFromCall(
        serviceError(status.UNAVAILABLE, "later", [packed("RetryInfo", RetryInfo, { retryDelay: { seconds, nanos } })]),
        PEER,
      ).retryDelay;
    assert.equal(delay(10n ** 15n, 0), 1e18);
    assert.equal(delay(2n ** 63n - 1n, 2 ** 31 - 1), Number(2n ** 63n) * 1000);
    assert.equal(delay(-5n, 0), 0);
    assert.equal(delay(-(2n ** 63n), -(2 ** 31)), 0);
    assert.equal(delay(1n, -500_000_000), 500);
    assert.equal(delay(0n, 2_000_000_000), 2000);
  });

  it("are told where their details cannot be read", () => {
    const garbage = { typeUrl: "type.googleapis.com/google.rpc.RetryInfo", value: new Uint8Array([0xff, 0xff]) };
    const resource = packed("ResourceInfo", ResourceInfo, { resourceName: "models/m" });
    const error = errorFromCall(serviceError(status.NOT_FOUND, "none", [resource, garbage]), PEER);
    assert.deepEqual([error.code, error.message, error.resource], ["NOT_FOUND", "none", "models/m"]);
    const raised = serviceError(status.NOT_FOUND, "none");
    raised.metadata.set("grpc-status-details-bin", Buffer.from([0x0a, 0xff]));
    assert.equal(errorFromCall(raised, PEER).message, "none");
  });

  it("tell nothing where nothing was said", () => {
    const error = errorFromCall(serviceError(status.INTERNAL, ""), PEER);
    assert.deepEqual(
      [error.message, error.reason, error.requestId, error.resource, error.retryDelay],
      ["INTERNAL", undefined, undefined, undefined, undefined],
    );
    assert.deepEqual([error.metadata.size, error.fields, error.quotas, error.preconditions], [0, [], [], []]);
  });

  it("tell the request id, in the message of a fault of the server too", () => {
    const raised = serviceError(status.INTERNAL, "broken");
    raised.metadata.set("x-request-id", "abc");
    const error = errorFromCall(raised, PEER);
    assert.equal(error.requestId, "abc");
    assert.equal(error.message, "broken (request abc)");
  });

  it("of a call that was dropped mean that the server is unavailable", () => {
    assert.ok(errorFromCall(serviceError(status.CANCELLED, "dropped"), PEER) instanceof UnavailableError);
    const given = [packed("ErrorInfo", ErrorInfo, { reason: "CANCELLED", metadata: new Map<string, string>() })];
    assert.equal(errorFromCall(serviceError(status.CANCELLED, "gave up", given), PEER).code, "CANCELLED");
  });

  it("say in few words why there is no connection", () => {
    const message = (details: string) => errorFromCall(serviceError(status.UNAVAILABLE, details), PEER).message;
    assert.match(message("No connection established. Last error: connect ECONNREFUSED 1"), /^no server at host:1/);
    assert.match(message("Name resolution failed for target dns:host:1"), /^cannot find the host of host:1/);
    assert.match(message("No connection established. Last error: self-signed"), /^cannot connect .*self-signed/);
    assert.match(message("read ECONNRESET"), /^lost the connection to host:1/);
  });
});

it("what is read of `google.rpc.Status` has its numbers", () => {
  // Written by hand: code 5, message "x", one detail of type "t" with the bytes 7 and 8.
  const bytes = new Uint8Array([0x08, 5, 0x12, 1, 0x78, 0x1a, 7, 0x0a, 1, 0x74, 0x12, 2, 7, 8]);
  const [detail] = Status.decode(bytes).details;
  assert.equal(detail?.typeUrl, "t");
  assert.deepEqual([...detail.value], [7, 8]);
  assert.equal(new Metadata().get("grpc-status-details-bin").length, 0);
});
