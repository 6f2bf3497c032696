package dev.synthserve;

import io.grpc.Status.Code;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Configures retries after the server was unavailable, or refused a call temporarily.
 *
 * <p>A wrong address should fail soon, but a stream that has delivered a million rows deserves
 * patience. Therefore there is one bound before the first sample, and one after it. Both count
 * attempts since the last progress. The waits between them grow up to {@code maxBackoff}, each
 * shortened by a random part of at most a half; the server can ask for longer ones. A call over a
 * limit is retried only if the server sends a delay. The policy's wait is added to that delay, so
 * that not all clients return at once.
 *
 * @param startAttempts attempts in a row before the first sample, at least 1; 1: no retries
 * @param resumeAttempts attempts in a row once a stream has begun, including the one that broke, at
 *     least 1; 1: no resuming
 * @param initialBackoff the wait before the second attempt, not negative
 * @param maxBackoff the longest wait, at least {@code initialBackoff}
 * @param multiplier growth factor of the waits, at least 1 and finite
 */
public record RetryPolicy(
    int startAttempts,
    int resumeAttempts,
    Duration initialBackoff,
    Duration maxBackoff,
    double multiplier) {

  /**
   * Creates a policy.
   *
   * @param startAttempts at least 1
   * @param resumeAttempts at least 1
   * @param initialBackoff not negative
   * @param maxBackoff at least {@code initialBackoff}
   * @param multiplier at least 1 and finite
   * @throws IllegalArgumentException if a value is out of its range
   */
  public RetryPolicy {
    Objects.requireNonNull(initialBackoff, "initialBackoff");
    Objects.requireNonNull(maxBackoff, "maxBackoff");
    require(startAttempts >= 1, "startAttempts must be at least 1, not ", startAttempts);
    require(resumeAttempts >= 1, "resumeAttempts must be at least 1, not ", resumeAttempts);
    require(!initialBackoff.isNegative(), "initialBackoff must not be negative: ", initialBackoff);
    require(
        initialBackoff.compareTo(maxBackoff) <= 0,
        "maxBackoff must be at least initialBackoff (" + initialBackoff + "), not ",
        maxBackoff);
    require(
        multiplier >= 1 && multiplier < Double.POSITIVE_INFINITY,
        "multiplier must be at least 1 and finite, not ",
        multiplier);
  }

  private static void require(boolean holds, String otherwise, Object value) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise + value);
    }
  }

  /**
   * The default policy of a client.
   *
   * @return 4 attempts before a stream has begun and 12 afterwards, waits from 0.1 s, doubled each
   *     time, up to 5 s
   */
  public static RetryPolicy standard() {
    return new RetryPolicy(4, 12, Duration.ofMillis(100), Duration.ofSeconds(5), 2);
  }

  /**
   * The policy without retries.
   *
   * @return 1 attempt
   */
  public static RetryPolicy none() {
    return new RetryPolicy(1, 1, Duration.ZERO, Duration.ZERO, 1);
  }

  /**
   * Decides what follows a failed attempt.
   *
   * @param failures failures in a row since the last progress, including this one
   * @param started whether the stream has begun
   * @param jitter factor of the policy's wait, from 0.5 to 1
   * @return the wait before the next attempt
   * @throws SynthserveException {@code error}, if a retry would not help or the attempts are used
   *     up
   */
  Duration delay(int failures, SynthserveException error, boolean started, double jitter) {
    Optional<Duration> asked = error.retryDelay();
    boolean limited = error.code() == Code.RESOURCE_EXHAUSTED && asked.isPresent();
    if (!limited && error.code() != Code.UNAVAILABLE) {
      throw error;
    }
    if (failures >= (started ? resumeAttempts : startAttempts)) {
      throw failures > 1 ? error.withNote("gave up after " + failures + " attempts") : error;
    }
    // This conversion saturates, where Duration.toNanos() would overflow.
    double first = TimeUnit.NANOSECONDS.convert(initialBackoff);
    double longest = TimeUnit.NANOSECONDS.convert(maxBackoff);
    double backoff = Math.min(first * Math.pow(multiplier, failures - 1), longest);
    Duration wait = Duration.ofNanos((long) (backoff * jitter));
    if (limited) {
      return wait.plus(asked.get());
    }
    return asked.filter(least -> least.compareTo(wait) > 0).orElse(wait);
  }
}
