package dev.synthserve;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Message;
import dev.synthserve.Resume.Ask;
import dev.synthserve.Resume.Info;
import dev.synthserve.Resume.Part;
import dev.synthserve.v1.ImageSchema;
import io.grpc.Status.Code;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class ResumeTest {
  private static final long END = Long.MAX_VALUE;
  private static final String VERSION = "models/m/versions/2";
  private static final Message SCHEMA = ImageSchema.newBuilder().setHeight(28).build();
  private static final Info INFO = new Info(VERSION, 7, SCHEMA);
  private final SynthserveException unavailable = Errors.typed(Code.UNAVAILABLE);

  private static Ask ask(long offset, OptionalLong count) {
    return new Ask("models/m", OptionalLong.empty(), offset, count);
  }

  private static Resume resume(long offset, long count) {
    return new Resume(ask(offset, OptionalLong.of(count)), RetryPolicy.standard());
  }

  private static Part first(long index, long size) {
    return new Part(Optional.of(INFO), index, size);
  }

  private static Part later(long index, long size) {
    return new Part(Optional.empty(), index, size);
  }

  private static String refusal(Runnable action) {
    SynthserveException error = assertThrows(SynthserveException.class, action::run);
    assertEquals(Code.INTERNAL, error.code());
    return error.getMessage();
  }

  @Test
  void asksFirstForWhatWasAskedFor() {
    Ask given = new Ask("models/m", OptionalLong.of(3), 5, OptionalLong.of(9));
    assertEquals(given, new Resume(given, RetryPolicy.standard()).rest());
  }

  @Test
  void goesOnWithVersionAndSeedOfTheFirstResponse() {
    Resume resume = resume(10, 100);
    resume.accept(first(10, 1));
    resume.accept(later(11, 29));
    resume.broken(unavailable, 1);
    assertEquals(new Ask(VERSION, OptionalLong.of(7), 40, OptionalLong.of(70)), resume.rest());
    resume.accept(first(40, 70));
    assertDoesNotThrow(resume::finish);
  }

  @Test
  void goesOnWithoutACount() {
    Resume resume = new Resume(ask(0, OptionalLong.empty()), RetryPolicy.standard());
    resume.accept(first(0, 8));
    assertEquals(new Ask(VERSION, OptionalLong.of(7), 8, OptionalLong.empty()), resume.rest());
    assertTrue(refusal(resume::finish).contains("was not cancelled"));
  }

  @Test
  void asksTheSameAgainWhereNothingCame() {
    Resume resume = resume(0, 10);
    resume.broken(unavailable, 1);
    assertEquals(ask(0, OptionalLong.of(10)), resume.rest());
  }

  @Test
  void countsAttemptsSinceTheLastSample() {
    Resume resume = resume(0, 100);
    for (int failures = 1; failures < 4; failures++) {
      resume.broken(unavailable, 1);
    }
    resume.accept(first(0, 1));
    for (int failures = 1; failures < 12; failures++) {
      resume.broken(unavailable, 1);
    }
    resume.accept(first(1, 1));
    assertEquals(Optional.of(Duration.ofMillis(100)), resume.broken(unavailable, 1));
  }

  @Test
  void anAnswerWithoutSamplesIsNoProgress() {
    Resume resume =
        new Resume(
            ask(0, OptionalLong.of(1)), new RetryPolicy(2, 2, Duration.ZERO, Duration.ZERO, 1));
    resume.broken(unavailable, 1);
    resume.accept(first(0, 0));
    assertThrows(SynthserveException.class, () -> resume.broken(unavailable, 1));
  }

  @Test
  void givesUpBeforeTheStart() {
    Resume resume = resume(0, 1);
    for (int failures = 1; failures < 4; failures++) {
      resume.broken(unavailable, 1);
    }
    SynthserveException last =
        assertThrows(SynthserveException.class, () -> resume.broken(unavailable, 1));
    assertTrue(last.getMessage().endsWith("gave up after 4 attempts"), last.getMessage());
  }

  @Test
  void tellsWhereItBroke() {
    Resume resume = resume(0, 10);
    resume.accept(first(0, 4));
    SynthserveException denied = Errors.typed(Code.PERMISSION_DENIED);
    SynthserveException last =
        assertThrows(SynthserveException.class, () -> resume.broken(denied, 1));
    assertEquals(Code.PERMISSION_DENIED, last.code());
    assertTrue(last.getMessage().endsWith("broke at index 4"), last.getMessage());
  }

  @Test
  void raisesWhatCannotBeMended() {
    SynthserveException denied = Errors.typed(Code.PERMISSION_DENIED);
    assertSame(
        denied, assertThrows(SynthserveException.class, () -> resume(0, 1).broken(denied, 1)));
  }

  @Test
  void anErrorDoesNotMatterWhenNothingIsMissing() {
    Resume resume = resume(0, 4);
    resume.accept(first(0, 4));
    assertEquals(Optional.empty(), resume.broken(Errors.typed(Code.INTERNAL), 1));
  }

  @Test
  void anEmptyStreamIsCompleteWithItsInfo() {
    Resume resume = resume(0, 0);
    refusal(resume::finish);
    assertTrue(resume.broken(unavailable, 1).isPresent());
    resume.accept(first(0, 0));
    assertDoesNotThrow(resume::finish);
  }

  @Test
  void theLastIndexEndsAStreamWithoutACount() {
    Resume resume = new Resume(ask(END - 3, OptionalLong.empty()), RetryPolicy.standard());
    resume.accept(first(END - 3, 3));
    assertEquals(Optional.empty(), resume.broken(Errors.typed(Code.OUT_OF_RANGE), 1));
    assertDoesNotThrow(resume::finish);
  }

  @Test
  void refusesSamplesPastTheLastIndex() {
    Resume resume = new Resume(ask(END - 3, OptionalLong.empty()), RetryPolicy.standard());
    refusal(() -> resume.accept(first(END - 3, 4)));
  }

  @Test
  void refusesAnEarlyEnd() {
    Resume resume = resume(0, 10);
    resume.accept(first(0, 9));
    assertTrue(refusal(resume::finish).contains("1 samples are missing"));
  }

  @Test
  void refusesAFirstResponseWithoutInfo() {
    refusal(() -> resume(0, 10).accept(later(0, 1)));
  }

  @Test
  void refusesAGapARepetitionAndANegativeSize() {
    refusal(() -> resume(0, 10).accept(first(1, 1)));
    Resume resume = resume(0, 10);
    resume.accept(first(0, 5));
    refusal(() -> resume.accept(later(6, 1)));
    refusal(() -> resume.accept(later(4, 1)));
    refusal(() -> resume.accept(later(5, -1)));
  }

  @Test
  void refusesMoreThanWasAskedFor() {
    Resume resume = resume(0, 10);
    resume.accept(first(0, 9));
    refusal(() -> resume.accept(later(9, 2)));
    refusal(() -> resume(0, 10).accept(first(0, Long.MAX_VALUE)));
  }

  @Test
  void refusesAnotherVersionSeedOrSchemaThanBefore() {
    Resume resume = resume(0, 10);
    resume.accept(first(0, 1));
    resume.broken(unavailable, 1);
    Message other = ImageSchema.newBuilder().setHeight(29).build();
    for (Info info :
        new Info[] {
          new Info("models/m/versions/3", 7, SCHEMA),
          new Info(VERSION, 8, SCHEMA),
          new Info(VERSION, 7, other)
        }) {
      refusal(() -> resume.accept(new Part(Optional.of(info), 1, 1)));
    }
  }

  @Test
  void refusesAnotherVersionOrSeedThanAskedFor() {
    Ask version = new Ask(VERSION, OptionalLong.empty(), 0, OptionalLong.of(1));
    Ask seed = new Ask("models/m", OptionalLong.of(7), 0, OptionalLong.of(1));
    Part otherVersion = new Part(Optional.of(new Info("models/m/versions/3", 7, SCHEMA)), 0, 1);
    Part otherSeed = new Part(Optional.of(new Info(VERSION, 8, SCHEMA)), 0, 1);
    refusal(() -> new Resume(version, RetryPolicy.standard()).accept(otherVersion));
    refusal(() -> new Resume(seed, RetryPolicy.standard()).accept(otherSeed));
  }

  /** However the server cuts its answers, and wherever they break: each sample comes once. */
  @RepeatedTest(200)
  void everySampleComesOnce(RepetitionInfo repetition) {
    SplittableRandom random = new SplittableRandom(repetition.getCurrentRepetition());
    long offset = random.nextBoolean() ? random.nextLong(100) : END - 1_000 - random.nextLong(100);
    long count = random.nextLong(1_000);
    boolean counted = offset < 100 || random.nextBoolean();
    long end = counted ? offset + count : END;
    RetryPolicy policy = new RetryPolicy(1_000, 1_000, Duration.ZERO, Duration.ZERO, 1);
    OptionalLong asked = counted ? OptionalLong.of(count) : OptionalLong.empty();
    Resume resume = new Resume(ask(offset, asked), policy);

    long next = offset;
    boolean ended = false;
    while (!ended) {
      Ask call = resume.rest();
      assertEquals(next, call.offset());
      assertEquals(counted ? OptionalLong.of(end - next) : OptionalLong.empty(), call.count());
      long messages = random.nextLong(4);
      boolean begun = false;
      while (!ended && messages-- > 0) {
        long size = Math.min(random.nextLong(1, 400), end - next);
        resume.accept(begun ? later(next, size) : first(next, size));
        next += size;
        begun = true;
        if (next == end && random.nextBoolean()) {
          resume.finish();
          ended = true;
        }
      }
      if (!ended) {
        ended = resume.broken(unavailable, 1).isEmpty();
      }
    }
    assertEquals(end, next);
  }
}
