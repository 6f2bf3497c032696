package dev.synthserve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Status.Code;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

class RetryPolicyTest {
  private static final RetryPolicy STANDARD = RetryPolicy.standard();
  private final SynthserveException unavailable = Errors.typed(Code.UNAVAILABLE);

  @Test
  void waitsGrowToTheLongest() {
    List<Long> waits =
        IntStream.rangeClosed(1, 11)
            .mapToObj(failures -> STANDARD.delay(failures, unavailable, true, 1).toMillis())
            .toList();
    assertEquals(
        List.of(100L, 200L, 400L, 800L, 1600L, 3200L, 5000L, 5000L, 5000L, 5000L, 5000L), waits);
  }

  @Test
  void jitterShortens() {
    assertEquals(Duration.ofMillis(50), STANDARD.delay(1, unavailable, true, 0.5));
    assertEquals(Duration.ofMillis(150), STANDARD.delay(2, unavailable, true, 0.75));
  }

  @Test
  void givesUpSoonerBeforeAnythingCame() {
    assertEquals(Duration.ofMillis(400), STANDARD.delay(3, unavailable, false, 1));
    SynthserveException last =
        assertThrows(SynthserveException.class, () -> STANDARD.delay(4, unavailable, false, 1));
    assertEquals(Code.UNAVAILABLE, last.code());
    assertTrue(last.getMessage().endsWith("; gave up after 4 attempts"), last.getMessage());
    assertThrows(SynthserveException.class, () -> STANDARD.delay(12, unavailable, true, 1));
  }

  @Test
  void noneTriesNothingAgain() {
    for (boolean started : new boolean[] {false, true}) {
      SynthserveException same =
          assertThrows(
              SynthserveException.class,
              () -> RetryPolicy.none().delay(1, unavailable, started, 1));
      assertSame(unavailable, same);
    }
  }

  @Test
  void waitsAtLeastAsLongAsTheServerSays() {
    var longer = Errors.typed(Code.UNAVAILABLE, Errors.retryAfter(Duration.ofSeconds(7)));
    var shorter = Errors.typed(Code.UNAVAILABLE, Errors.retryAfter(Duration.ofMillis(1)));
    assertEquals(Duration.ofSeconds(7), STANDARD.delay(1, longer, false, 1));
    assertEquals(Duration.ofMillis(100), STANDARD.delay(1, shorter, false, 1));
  }

  @Test
  void waitsLongerThanTheServerSaysWhenOverALimit() {
    var limited = Errors.typed(Code.RESOURCE_EXHAUSTED, Errors.retryAfter(Duration.ofSeconds(1)));
    assertEquals(Duration.ofMillis(1200), STANDARD.delay(2, limited, false, 1));
  }

  @Test
  void doesNotComeBackToALimitUnasked() {
    var tooLarge = Errors.typed(Code.RESOURCE_EXHAUSTED);
    assertSame(
        tooLarge,
        assertThrows(SynthserveException.class, () -> STANDARD.delay(1, tooLarge, true, 1)));
  }

  @ParameterizedTest
  @EnumSource(
      value = Code.class,
      names = {"OK", "UNAVAILABLE", "RESOURCE_EXHAUSTED", "CANCELLED"},
      mode = Mode.EXCLUDE)
  void doesNotTryOthersAgain(Code code) {
    var error = Errors.typed(code, Errors.retryAfter(Duration.ofSeconds(1)));
    assertSame(
        error, assertThrows(SynthserveException.class, () -> STANDARD.delay(1, error, true, 1)));
  }

  @Test
  void everyWaitIsWithinItsBounds() {
    SplittableRandom random = new SplittableRandom(7);
    for (int round = 0; round < 10_000; round++) {
      Duration initial = Duration.ofNanos(random.nextLong(1_000_000_000));
      Duration longest = initial.plusNanos(random.nextLong(1_000_000_000));
      RetryPolicy policy =
          new RetryPolicy(1, Integer.MAX_VALUE, initial, longest, 1 + random.nextDouble());
      int failures = random.nextInt(1, 1_000_000);
      double jitter = random.nextDouble(0.5, 1);
      Duration wait = policy.delay(failures, unavailable, true, jitter);
      assertTrue(wait.compareTo(longest) <= 0, policy + " waits " + wait);
      assertTrue(wait.multipliedBy(2).plusNanos(2).compareTo(initial) >= 0, policy + ": " + wait);
    }
  }

  @Test
  void refusesValuesOutOfRange() {
    Duration second = Duration.ofSeconds(1);
    assertRefused(0, 1, second, second, 1);
    assertRefused(1, 0, second, second, 1);
    assertRefused(1, 1, second.negated(), second, 1);
    assertRefused(1, 1, second, Duration.ZERO, 1);
    assertRefused(1, 1, second, second, 0.5);
    assertRefused(1, 1, second, second, Double.NaN);
    assertRefused(1, 1, second, second, Double.POSITIVE_INFINITY);
    assertEquals(
        "resumeAttempts must be at least 1, not -2147483648",
        assertThrows(
                IllegalArgumentException.class,
                () -> new RetryPolicy(1, Integer.MIN_VALUE, second, second, 1))
            .getMessage());
  }

  @Test
  void takesDelaysOfTheServerThatNanosecondsCannotHold() {
    Duration years = Duration.ofDays(3_652_500);
    var limited = Errors.typed(Code.RESOURCE_EXHAUSTED, Errors.retryAfter(years.plusDays(1)));
    assertEquals(years.plusMillis(100), STANDARD.delay(1, limited, false, 1));
    var negative = Errors.typed(Code.RESOURCE_EXHAUSTED, Errors.retryAfter(Duration.ofHours(-1)));
    assertEquals(Duration.ofMillis(100), STANDARD.delay(1, negative, false, 1));
  }

  @Test
  void waitsStayInBoundsHoweverOftenItFails() {
    Duration forever = Duration.ofSeconds(Long.MAX_VALUE);
    RetryPolicy policy =
        new RetryPolicy(
            Integer.MAX_VALUE, Integer.MAX_VALUE, Duration.ofNanos(1), forever, Double.MAX_VALUE);
    assertEquals(
        Duration.ofNanos(Long.MAX_VALUE), policy.delay(2_000_000_000, unavailable, false, 1));
    RetryPolicy none =
        new RetryPolicy(Integer.MAX_VALUE, 1, Duration.ZERO, forever, Double.MAX_VALUE);
    assertEquals(Duration.ZERO, none.delay(2_000_000_000, unavailable, false, 1));
  }

  private static void assertRefused(
      int start, int resume, Duration initial, Duration longest, double multiplier) {
    assertThrows(
        IllegalArgumentException.class,
        () -> new RetryPolicy(start, resume, initial, longest, multiplier));
  }

  @Test
  void takesWaitsThatNanosecondsCannotHold() {
    Duration forever = Duration.ofSeconds(Long.MAX_VALUE);
    RetryPolicy policy = new RetryPolicy(2, 2, Duration.ofMillis(1), forever, 2);
    assertEquals(Duration.ofMillis(1), policy.delay(1, unavailable, false, 1));
  }
}
