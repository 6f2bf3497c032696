package dev.synthserve;

import com.google.rpc.Status;
import io.grpc.Metadata;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;

/** Converts the exceptions of gRPC to those of this package. */
final class Failures {
  private static final Metadata.Key<String> REQUEST_ID =
      Metadata.Key.of("x-request-id", Metadata.ASCII_STRING_MARSHALLER);

  private Failures() {}

  /**
   * Builds the error for a failed call.
   *
   * @param raised the exception of gRPC
   * @param peer the server, for the message
   * @param cancelledHere whether this client has cancelled the call
   */
  static SynthserveException from(StatusRuntimeException raised, Peer peer, boolean cancelledHere) {
    io.grpc.Status got = raised.getStatus();
    Metadata trailers = raised.getTrailers();
    String requestId = trailers == null ? null : trailers.get(REQUEST_ID);
    Status details = details(raised);
    boolean explained = details.getDetailsCount() > 0;

    Code code = got.getCode();
    String message = got.getDescription() == null ? code.name() : got.getDescription();
    if (code == Code.CANCELLED && !cancelledHere && !explained) {
      // A server that shuts down, or a proxy, cancels calls like this. This client did not.
      code = Code.UNAVAILABLE;
      message = peer.route() + " dropped the call: " + message;
    } else if (code == Code.UNAVAILABLE && !explained) {
      message = Unreachable.explain(got, peer);
    } else if (code == Code.UNIMPLEMENTED) {
      message =
          "what answers at " + peer.target() + " does not offer this synthserve API: " + message;
    } else if (code == Code.INTERNAL && isNoHttp2(got)) {
      message =
          "what answers at "
              + peer.route()
              + " is no gRPC server, or wants TLS, which tls() asks for: "
              + got.getCause().getMessage();
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
      // A proxy changed the status but kept the old details, which no longer apply.
    }
    return details == null ? Status.getDefaultInstance() : details;
  }

  private static boolean isNoHttp2(io.grpc.Status status) {
    Throwable cause = status.getCause();
    return cause != null && String.valueOf(cause.getMessage()).startsWith("First received frame");
  }
}
