package dev.synthserve;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import io.grpc.CallOptions;
import io.grpc.Deadline;
import io.grpc.Status.Code;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Optional;

/** What a logical call, with all its attempts and waits, must not go past. */
final class TimeLimit {
  private final Optional<Duration> timeout;
  private final Optional<Deadline> deadline;

  private TimeLimit(Optional<Duration> timeout) {
    this.timeout = timeout;
    // This conversion saturates, where Duration.toNanos() would overflow.
    this.deadline = timeout.map(t -> Deadline.after(NANOSECONDS.convert(t), NANOSECONDS));
  }

  /** A limit that begins now. */
  static TimeLimit start(Optional<Duration> timeout) {
    return new TimeLimit(timeout);
  }

  /** The options of a call that obeys it. */
  CallOptions callOptions() {
    return deadline.map(CallOptions.DEFAULT::withDeadline).orElse(CallOptions.DEFAULT);
  }

  /** Whether it is over. */
  boolean isOver() {
    return deadline.map(Deadline::isExpired).orElse(false);
  }

  /** Whether so long a wait ends in time. */
  boolean allows(Duration wait) {
    return deadline
        .map(end -> wait.compareTo(Duration.ofNanos(end.timeRemaining(NANOSECONDS))) < 0)
        .orElse(true);
  }

  /** A time as people read it, however long: most conversions of {@link Duration} overflow. */
  static String seconds(Duration time) {
    return BigDecimal.valueOf(time.getSeconds())
        .add(BigDecimal.valueOf(time.getNano(), 9))
        .stripTrailingZeros()
        .toPlainString();
  }

  /**
   * The error for a call that was not done in time.
   *
   * @param failure what went wrong last, null if nothing did
   * @param cause what told, null if nothing did
   */
  SynthserveException exceeded(SynthserveException failure, Throwable cause) {
    String message = "not done within " + seconds(timeout.orElseThrow()) + " s";
    return SynthserveException.of(
        Code.DEADLINE_EXCEEDED,
        failure == null ? message : message + "; what failed last: " + failure.getMessage(),
        cause == null ? failure : cause);
  }
}
