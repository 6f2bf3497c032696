package dev.synthserve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.PreconditionFailure;
import com.google.rpc.QuotaFailure;
import com.google.rpc.ResourceInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.net.ConnectException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class FailuresTest {
  private static final Metadata.Key<String> REQUEST_ID =
      Metadata.Key.of("x-request-id", Metadata.ASCII_STRING_MARSHALLER);

  private static SynthserveException from(Status status) {
    return Failures.from(status.asRuntimeException(), Errors.HOST, false);
  }

  @Test
  void readsAllDetails() {
    SynthserveException error =
        Errors.typed(
            Code.FAILED_PRECONDITION,
            ErrorInfo.newBuilder().setReason("MODEL_FAILED").putMetadata("model", "m").build(),
            BadRequest.newBuilder()
                .addFieldViolations(BadRequest.FieldViolation.newBuilder().setField("count"))
                .build(),
            QuotaFailure.newBuilder()
                .addViolations(QuotaFailure.Violation.newBuilder().setSubject("server"))
                .build(),
            PreconditionFailure.newBuilder()
                .addViolations(PreconditionFailure.Violation.newBuilder().setSubject("models/m"))
                .build(),
            ResourceInfo.newBuilder().setResourceName("models/n").build(),
            Errors.retryAfter(Duration.ofMillis(1_500)));
    assertEquals(Code.FAILED_PRECONDITION, error.code());
    assertEquals("what happened", error.getMessage());
    assertEquals("MODEL_FAILED", error.reason());
    assertEquals(Map.of("model", "m"), error.metadata());
    assertEquals("count", error.fieldViolations().get(0).getField());
    assertEquals("server", error.quotaViolations().get(0).getSubject());
    assertEquals("models/m", error.preconditionViolations().get(0).getSubject());
    assertEquals(Optional.of("models/n"), error.resourceName());
    assertEquals(Optional.of(Duration.ofMillis(1_500)), error.retryDelay());
  }

  @Test
  void doesWithoutDetails() {
    SynthserveException error = from(Status.PERMISSION_DENIED.withDescription("no"));
    assertEquals(Code.PERMISSION_DENIED, error.code());
    assertEquals("no", error.getMessage());
    assertEquals("", error.reason());
    assertEquals(Map.of(), error.metadata());
    assertEquals("", error.requestId());
    assertEquals(List.of(), error.fieldViolations());
    assertEquals(Optional.empty(), error.resourceName());
    assertEquals(Optional.empty(), error.retryDelay());
  }

  @Test
  void leavesOutTheDetailsOfAnotherStatus() {
    Metadata trailers =
        Errors.raised(Code.NOT_FOUND, Errors.reason("MODEL_NOT_FOUND")).getTrailers();
    StatusRuntimeException changed = Status.INTERNAL.asRuntimeException(trailers);
    SynthserveException error = Failures.from(changed, Errors.HOST, false);
    assertEquals(Code.INTERNAL, error.code());
    assertEquals("", error.reason());
  }

  @Test
  void keepsTheRequestId() {
    Metadata trailers = new Metadata();
    trailers.put(REQUEST_ID, "r-1");
    StatusRuntimeException raised =
        Status.INTERNAL.withDescription("a bug").asRuntimeException(trailers);
    SynthserveException error = Failures.from(raised, Errors.HOST, false);
    assertEquals("r-1", error.requestId());
    assertEquals("a bug (request r-1)", error.getMessage());
    assertEquals("r-1", error.withNote("noted").requestId());
  }

  @Test
  void aCallThatTheServerDroppedIsUnavailable() {
    assertEquals(Code.UNAVAILABLE, from(Status.CANCELLED).code());
  }

  @Test
  void aCallThatTheServerCancelledForAReasonIsCancelled() {
    assertEquals(Code.CANCELLED, Errors.typed(Code.CANCELLED, Errors.reason("CANCELLED")).code());
  }

  @Test
  void aCallThatWasCancelledHereIsCancelled() {
    StatusRuntimeException raised = Status.CANCELLED.asRuntimeException();
    assertEquals(Code.CANCELLED, Failures.from(raised, Errors.HOST, true).code());
  }

  @Test
  void saysWhyThereIsNoConnection() {
    Status refused =
        Status.UNAVAILABLE
            .withDescription("io exception\nChannel Pipeline: [...]")
            .withCause(new IOException("outer", new ConnectException("Connection refused")));
    assertEquals(
        "no server at host:1 (connection refused): is it running? else check the address",
        from(refused).getMessage());
    Status nameless =
        Status.UNAVAILABLE.withDescription("io exception").withCause(new ConnectException());
    assertEquals(
        "cannot connect to host:1 (java.net.ConnectException): check the address, and the network on"
            + " the way",
        from(nameless).getMessage());
    Status lost = Status.UNAVAILABLE.withDescription("Network broke\nmore");
    assertEquals("host:1 cannot be reached: Network broke more", from(lost).getMessage());
    assertEquals(
        "host:1 cannot be reached: no reason given", from(Status.UNAVAILABLE).getMessage());
  }

  @Test
  void leavesTheWordsOfAServerThatIsUnavailable() {
    SynthserveException error = Errors.typed(Code.UNAVAILABLE, Errors.reason("SHUTTING_DOWN"));
    assertEquals("what happened", error.getMessage());
  }

  @Test
  void namesTheServerThatHasNoSuchMethod() {
    assertTrue(from(Status.UNIMPLEMENTED).getMessage().contains("host:1"));
  }

  private static Optional<Duration> retryDelay(long seconds, int nanos) {
    com.google.protobuf.Duration delay =
        com.google.protobuf.Duration.newBuilder().setSeconds(seconds).setNanos(nanos).build();
    return Errors.typed(Code.UNAVAILABLE, RetryInfo.newBuilder().setRetryDelay(delay).build())
        .retryDelay();
  }

  @Test
  void boundsTheDelaysThatAServerMakesUp() {
    Optional<Duration> longest = Optional.of(Duration.ofDays(3_652_500));
    assertEquals(Optional.of(Duration.ofSeconds(7, 5)), retryDelay(7, 5));
    assertEquals(Optional.of(Duration.ofMillis(1_500)), retryDelay(0, 1_500_000_000));
    assertEquals(longest, retryDelay(315_576_000_000L, 0));
    assertEquals(longest, retryDelay(1_000_000_000_000_000L, 0));
    assertEquals(longest, retryDelay(Long.MAX_VALUE, Integer.MAX_VALUE));
    assertEquals(Optional.of(Duration.ZERO), retryDelay(-1, 0));
    assertEquals(Optional.of(Duration.ZERO), retryDelay(Long.MIN_VALUE, Integer.MIN_VALUE));
    assertEquals(Optional.of(Duration.ZERO), retryDelay(0, -1));
  }

  @Test
  void canBeSerialized() throws IOException, ClassNotFoundException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(SynthserveException.invalid("count", "must be at least 0"));
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      SynthserveException read = (SynthserveException) in.readObject();
      assertEquals(Code.INVALID_ARGUMENT, read.code());
      assertEquals("count: must be at least 0", read.getMessage());
      assertEquals("count", read.fieldViolations().get(0).getField());
    }
  }
}
