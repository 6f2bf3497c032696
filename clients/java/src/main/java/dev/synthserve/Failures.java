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
   * @param peer whose failure it is, for the message
   * @param cancelledHere whether this side has cancelled the call
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
      // A server that goes down, or a proxy, drops calls like that. Nobody here wanted it.
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
      // A proxy changed the status and left the details of the old one: they mean nothing now.
    }
    return details == null ? Status.getDefaultInstance() : details;
  }

  private static boolean isNoHttp2(io.grpc.Status status) {
    Throwable cause = status.getCause();
    return cause != null && String.valueOf(cause.getMessage()).startsWith("First received frame");
  }
}
