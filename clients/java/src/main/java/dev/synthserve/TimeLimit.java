package dev.synthserve;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import io.grpc.CallOptions;
import io.grpc.Deadline;
import io.grpc.Status.Code;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Optional;

/** The time limit of a logical call, including all attempts and waits. */
final class TimeLimit {
  private final Optional<Duration> timeout;
  private final Optional<Deadline> deadline;

  private TimeLimit(Optional<Duration> timeout) {
    this.timeout = timeout;
    // This conversion saturates, where Duration.toNanos() would overflow.
    this.deadline = timeout.map(t -> Deadline.after(NANOSECONDS.convert(t), NANOSECONDS));
  }

  /** A limit that starts now. */
  static TimeLimit start(Optional<Duration> timeout) {
    return new TimeLimit(timeout);
  }

  /** Call options with the remaining time as deadline. */
  CallOptions callOptions() {
    return deadline.map(CallOptions.DEFAULT::withDeadline).orElse(CallOptions.DEFAULT);
  }

  /** Whether the limit has passed. */
  boolean isOver() {
    return deadline.map(Deadline::isExpired).orElse(false);
  }

  /** Whether a wait of this length ends before the limit. */
  boolean allows(Duration wait) {
    return deadline
        .map(end -> wait.compareTo(Duration.ofNanos(end.timeRemaining(NANOSECONDS))) < 0)
        .orElse(true);
  }

  /** A duration as text. Most conversions of {@link Duration} overflow for long ones. */
  static String seconds(Duration time) {
    return BigDecimal.valueOf(time.getSeconds())
        .add(BigDecimal.valueOf(time.getNano(), 9))
        .stripTrailingZeros()
        .toPlainString();
  }

  /**
   * The error for a call that was not done in time.
   *
   * @param failure the error of the last attempt, or null
   * @param cause the exception that reported the timeout, or null
   */
  SynthserveException exceeded(SynthserveException failure, Throwable cause) {
    String message = "not done within " + seconds(timeout.orElseThrow()) + " s";
    return SynthserveException.of(
        Code.DEADLINE_EXCEEDED,
        failure == null ? message : message + "; what failed last: " + failure.getMessage(),
        cause == null ? failure : cause);
  }
}
