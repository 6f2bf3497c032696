package dev.synthserve;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.PreconditionFailure;
import com.google.rpc.QuotaFailure;
import com.google.rpc.ResourceInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import io.grpc.Status.Code;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An error of a call or of its arguments.
 *
 * <p>Programs distinguish errors by {@link #code} and {@link #reason}, never by the message:
 *
 * <ul>
 *   <li>{@code INVALID_ARGUMENT}: a value that is not allowed, see {@link #fieldViolations}
 *   <li>{@code NOT_FOUND}: no such model or version, see {@link #resourceName}
 *   <li>{@code FAILED_PRECONDITION}: the model could not be loaded, or is being unloaded
 *   <li>{@code UNAVAILABLE}: no server, or it is shutting down; raised after all attempts
 *   <li>{@code RESOURCE_EXHAUSTED}: over a limit, see {@link #quotaViolations}; raised after all
 *       attempts where the server said when to come back, or a message that is too large
 *   <li>{@code DEADLINE_EXCEEDED}: the timeout ran out
 *   <li>{@code CANCELLED}: the stream or the client was closed while in use, or the thread that
 *       waited was interrupted (its interrupt status is then set)
 *   <li>{@code UNAUTHENTICATED}, {@code PERMISSION_DENIED}: no credentials, wrong ones, or too few
 *       rights
 *   <li>{@code INTERNAL}: a fault of the server; without a reason also an answer that breaks the
 *       protocol, such as rows out of order
 * </ul>
 */
public final class SynthserveException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The longest that {@code google.protobuf.Duration} allows. */
  private static final Duration MAX_DELAY = Duration.ofDays(3_652_500);

  private final Status status;
  private final String requestId;

  SynthserveException(Status status, String requestId, Throwable cause) {
    super(status.getMessage(), cause);
    this.status = status;
    this.requestId = requestId;
  }

  static SynthserveException of(Code code, String message, Throwable cause) {
    Status status = Status.newBuilder().setCode(code.value()).setMessage(message).build();
    return new SynthserveException(status, "", cause);
  }

  /** The error for a field whose value cannot be sent. */
  static SynthserveException invalid(String field, String description) {
    BadRequest.FieldViolation violation =
        BadRequest.FieldViolation.newBuilder().setField(field).setDescription(description).build();
    Status status =
        Status.newBuilder()
            .setCode(Code.INVALID_ARGUMENT.value())
            .setMessage(field + ": " + description)
            .addDetails(Any.pack(BadRequest.newBuilder().addFieldViolations(violation).build()))
            .build();
    return new SynthserveException(status, "", null);
  }

  /** The error for a response that violates the contract. */
  static SynthserveException protocol(String message) {
    return of(Code.INTERNAL, message, null);
  }

  /** The same error with a note added to the message. */
  SynthserveException withNote(String note) {
    Status noted = status.toBuilder().setMessage(status.getMessage() + "; " + note).build();
    return new SynthserveException(noted, requestId, getCause());
  }

  /**
   * Returns the kind of error.
   *
   * @return the gRPC code
   */
  public Code code() {
    return io.grpc.Status.fromCodeValue(status.getCode()).getCode();
  }

  /**
   * Returns the reason, which is more specific than the code, such as {@code MODEL_NOT_FOUND}.
   *
   * @return {@code google.rpc.ErrorInfo.reason}; empty if the server sent none
   */
  public String reason() {
    return detail(ErrorInfo.class).map(ErrorInfo::getReason).orElse("");
  }

  /**
   * Returns the metadata of the reason.
   *
   * @return {@code google.rpc.ErrorInfo.metadata}
   */
  public Map<String, String> metadata() {
    return detail(ErrorInfo.class).map(ErrorInfo::getMetadataMap).orElse(Map.of());
  }

  /**
   * Returns the id of the request in the server's log and traces.
   *
   * @return the request id; empty if the server did not answer
   */
  public String requestId() {
    return requestId;
  }

  /**
   * Returns the invalid fields of the request.
   *
   * @return the violations of {@code google.rpc.BadRequest}; can be empty
   */
  public List<BadRequest.FieldViolation> fieldViolations() {
    return detail(BadRequest.class).map(BadRequest::getFieldViolationsList).orElse(List.of());
  }

  /**
   * Returns the name of the resource that was not found.
   *
   * @return the name in {@code google.rpc.ResourceInfo}
   */
  public Optional<String> resourceName() {
    return detail(ResourceInfo.class).map(ResourceInfo::getResourceName);
  }

  /**
   * Returns the delay before a retry that the server asks for.
   *
   * @return the delay in {@code google.rpc.RetryInfo}, clamped to the range of Protobuf from zero
   *     to 10,000 years; empty if the server did not send it
   */
  public Optional<Duration> retryDelay() {
    return detail(RetryInfo.class)
        .map(RetryInfo::getRetryDelay)
        .map(
            delay -> {
              // Nanoseconds that Protobuf does not allow add at most three seconds.
              long farthest = MAX_DELAY.toSeconds() + 3;
              long seconds = Math.max(-farthest, Math.min(delay.getSeconds(), farthest));
              Duration told = Duration.ofSeconds(seconds, delay.getNanos());
              if (told.isNegative()) {
                return Duration.ZERO;
              }
              return told.compareTo(MAX_DELAY) > 0 ? MAX_DELAY : told;
            });
  }

  /**
   * Returns the limits that the request exceeded, with their owners ({@code caller:NAME} or {@code
   * server}).
   *
   * @return the violations of {@code google.rpc.QuotaFailure}; can be empty
   */
  public List<QuotaFailure.Violation> quotaViolations() {
    return detail(QuotaFailure.class).map(QuotaFailure::getViolationsList).orElse(List.of());
  }

  /**
   * Returns the preconditions that do not hold.
   *
   * @return the violations of {@code google.rpc.PreconditionFailure}; can be empty
   */
  public List<PreconditionFailure.Violation> preconditionViolations() {
    return detail(PreconditionFailure.class)
        .map(PreconditionFailure::getViolationsList)
        .orElse(List.of());
  }

  private <T extends Message> Optional<T> detail(Class<T> type) {
    for (Any detail : status.getDetailsList()) {
      if (detail.is(type)) {
        try {
          return Optional.of(detail.unpack(type));
        } catch (InvalidProtocolBufferException e) {
          return Optional.empty(); // Ignore a malformed detail.
        }
      }
    }
    return Optional.empty();
  }
}
