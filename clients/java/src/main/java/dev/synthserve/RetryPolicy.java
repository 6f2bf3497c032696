package dev.synthserve;

import io.grpc.Status.Code;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * How calls are tried again after the server was unavailable, or refused them for now.
 *
 * <p>A wrong address should be told soon, a stream that already gave a million rows deserves
 * patience: so there is one bound for calls that have given nothing yet, and one for streams that
 * have. Both count attempts since the last progress. The waits between them grow up to {@code
 * maxBackoff}, each shortened by a random part of at most a half; the server can ask for longer
 * ones. A call that is over a limit is tried again only where the server says when: then, and the
 * wait of the policy later, so that not all come at once.
 *
 * @param startAttempts attempts in a row, at least 1, before anything came; 1: no second one
 * @param resumeAttempts attempts in a row, at least 1, once a stream has begun, the one that broke
 *     counted; 1: no resuming
 * @param initialBackoff the wait before the second attempt, not negative
 * @param maxBackoff the longest wait, at least {@code initialBackoff}
 * @param multiplier growth from wait to wait, at least 1 and finite
 */
public record RetryPolicy(
    int startAttempts,
    int resumeAttempts,
    Duration initialBackoff,
    Duration maxBackoff,
    double multiplier) {

  /**
   * Makes a policy.
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
   * The policy of a client that was given none.
   *
   * @return 4 attempts before a stream has begun and 12 afterwards, waits from 0.1 s, doubled each
   *     time, up to 5 s
   */
  public static RetryPolicy standard() {
    return new RetryPolicy(4, 12, Duration.ofMillis(100), Duration.ofSeconds(5), 2);
  }

  /**
   * The policy to try nothing again.
   *
   * @return 1 attempt
   */
  public static RetryPolicy none() {
    return new RetryPolicy(1, 1, Duration.ZERO, Duration.ZERO, 1);
  }

  /**
   * Decides what follows a failed attempt.
   *
   * @param failures failures in a row since the last progress, this one counted
   * @param started whether the stream has begun
   * @param jitter what the wait of the policy is multiplied by, from 0.5 to 1
   * @return how long to wait before the next attempt
   * @throws SynthserveException {@code error}, if trying again would not help or was done often
   *     enough
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
