package dev.synthserve;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;

/** Errors as a server makes them. */
final class Errors {
  /** A server that no proxy and no TLS stand before. */
  static final Peer HOST = new Peer("host:1", Peer.Security.PLAIN_TEXT, Proxies.none());

  private Errors() {}

  static StatusRuntimeException raised(Code code, Message... details) {
    Status.Builder status = Status.newBuilder().setCode(code.value()).setMessage("what happened");
    for (Message detail : details) {
      status.addDetails(Any.pack(detail));
    }
    return StatusProto.toStatusRuntimeException(status.build());
  }

  static SynthserveException typed(Code code, Message... details) {
    return Failures.from(raised(code, details), HOST, false);
  }

  static ErrorInfo reason(String reason) {
    return ErrorInfo.newBuilder().setDomain("synthserve").setReason(reason).build();
  }

  static RetryInfo retryAfter(Duration delay) {
    com.google.protobuf.Duration.Builder wire =
        com.google.protobuf.Duration.newBuilder()
            .setSeconds(delay.getSeconds())
            .setNanos(delay.getNano());
    return RetryInfo.newBuilder().setRetryDelay(wire).build();
  }
}
