package dev.synthserve;

import com.google.rpc.Status;
import io.grpc.Metadata;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;

/** From what gRPC raises to what this package raises. */
final class Failures {
  private static final Metadata.Key<String> REQUEST_ID =
      Metadata.Key.of("x-request-id", Metadata.ASCII_STRING_MARSHALLER);

  private Failures() {}

  /**
   * Builds the error for a failed call.
   *
   * @param raised what gRPC raised
   * @param target the server's address, for the message
   * @param cancelledHere whether this side has cancelled the call
   */
  static SynthserveException from(
      StatusRuntimeException raised, String target, boolean cancelledHere) {
    io.grpc.Status got = raised.getStatus();
    Metadata trailers = raised.getTrailers();
    String requestId = trailers == null ? null : trailers.get(REQUEST_ID);
    Status details = details(raised);
    boolean explained = details.getDetailsCount() > 0;

    Code code = got.getCode();
    String message = got.getDescription() == null ? code.name() : got.getDescription();
    if (code == Code.CANCELLED && !cancelledHere && !explained) {
      // A server that goes down, or a proxy, drops calls like that. Nobody here wanted it.
      code = Code.UNAVAILABLE;
      message = target + " dropped the call: " + message;
    } else if (code == Code.UNAVAILABLE && !explained) {
      message = target + " cannot be reached: " + reachability(got);
    } else if (code == Code.UNIMPLEMENTED) {
      message = "what answers at " + target + " does not offer this synthserve API: " + message;
    } else if (code == Code.INTERNAL && requestId != null) {
      message += " (request " + requestId + ")";
    }
    Status status = details.toBuilder().setCode(code.value()).setMessage(message).build();
    return new SynthserveException(status, requestId == null ? "" : requestId, raised);
  }

  private static Status details(StatusRuntimeException raised) {
    Status details = null;
    try {
      details = StatusProto.fromThrowable(raised);
    } catch (IllegalArgumentException e) {
      // A proxy changed the status and left the details of the old one: they mean nothing now.
    }
    return details == null ? Status.getDefaultInstance() : details;
  }

  /** Why there is no connection, in a line. */
  private static String reachability(io.grpc.Status status) {
    String why = status.getDescription() == null ? "no reason given" : status.getDescription();
    Throwable root = status.getCause();
    if (!why.startsWith("io exception") || root == null) {
      return why.lines().findFirst().orElse("");
    }
    // Then gRPC goes on with the channel's internals, and the cause is what people look for.
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root.getMessage() == null ? root.toString() : root.getMessage();
  }
}
