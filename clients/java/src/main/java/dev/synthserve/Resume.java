package dev.synthserve;

import com.google.protobuf.Message;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The state of one logical stream, which may take several calls: pure, no I/O, no clock.
 *
 * <p>Sample {@code i} depends only on the model version, the seed, {@code i} and the conditions. So
 * a stream that broke goes on, with nothing lost and nothing repeated, by asking for the rest: the
 * next index, the version and the seed of the first response. A stream that broke before its first
 * response is simply asked for again; where no seed was given, none of the drawn ones was seen.
 */
final class Resume {
  /** The end of the indices: no sample has this one. */
  private static final long END = Long.MAX_VALUE;

  /** What to ask for. */
  record Ask(String model, OptionalLong seed, long offset, OptionalLong count) {}

  /** What holds for a whole stream. */
  record Info(String model, long seed, Message schema) {}

  /** What matters of a response: {@code info} is there in the first one of a call. */
  record Part(Optional<Info> info, long firstIndex, long size) {}

  private final RetryPolicy policy;
  private Ask rest;
  private Optional<Info> info = Optional.empty();
  private int failures;

  Resume(Ask ask, RetryPolicy policy) {
    this.rest = ask;
    this.policy = policy;
  }

  /** What is missing, as it is to be asked for. */
  Ask rest() {
    return rest;
  }

  /** What the first response said. */
  Optional<Info> info() {
    return info;
  }

  /**
   * Whether everything that was asked for has come: without a count, every sample that there is. So
   * a stream without a count that gets there just ends, whatever the server calls it.
   */
  private boolean complete() {
    return info.isPresent()
        && (rest.count().isPresent() ? rest.count().getAsLong() == 0 : rest.offset() == END);
  }

  /** Takes the next response of the running call. */
  void accept(Part part) {
    part.info().ifPresent(this::acceptInfo);
    if (info.isEmpty()) {
      throw SynthserveException.protocol("the first response says neither model version nor seed");
    }
    long left = rest.count().orElse(END - rest.offset());
    if (part.firstIndex() != rest.offset() || part.size() < 0) {
      throw SynthserveException.protocol(
          "expected samples from index %s, got %s from %s"
              .formatted(rest.offset(), part.size(), part.firstIndex()));
    }
    if (part.size() > left) {
      throw SynthserveException.protocol(
          "%s samples were missing from index %s on, got %s"
              .formatted(left, rest.offset(), part.size()));
    }
    OptionalLong count =
        rest.count().isPresent() ? OptionalLong.of(left - part.size()) : OptionalLong.empty();
    rest = new Ask(rest.model(), rest.seed(), rest.offset() + part.size(), count);
    if (part.size() > 0) {
      failures = 0;
    }
  }

  private void acceptInfo(Info got) {
    boolean version = rest.model().contains("/versions/");
    if ((version && !rest.model().equals(got.model()))
        || rest.seed().orElse(got.seed()) != got.seed()) {
      throw SynthserveException.protocol(
          "asked for %s with seed %s, got %s with seed %s"
              .formatted(
                  rest.model(),
                  rest.seed().isPresent() ? rest.seed().getAsLong() : "of its choice",
                  got.model(),
                  got.seed()));
    }
    if (info.isPresent() && !info.get().schema().equals(got.schema())) {
      throw SynthserveException.protocol(
          got.model() + " has another schema than before the stream broke");
    }
    info = Optional.of(got);
    rest = new Ask(got.model(), OptionalLong.of(got.seed()), rest.offset(), rest.count());
  }

  /** Takes note that the running call ended without an error; refuses it if that is too early. */
  void finish() {
    if (!complete()) {
      throw SynthserveException.protocol(
          "the stream ended at index %s, and %s"
              .formatted(
                  rest.offset(),
                  rest.count().isPresent()
                      ? rest.count().getAsLong() + " samples are missing"
                      : "the call was not cancelled"));
    }
  }

  /**
   * Takes note that the running call failed.
   *
   * @param jitter as in {@link RetryPolicy#delay}
   * @return how long to wait before the next call; empty if nothing is missing, so that the error
   *     does not matter
   * @throws SynthserveException {@code error}, when the stream cannot go on
   */
  Optional<Duration> broken(SynthserveException error, double jitter) {
    if (complete()) {
      return Optional.empty();
    }
    failures++;
    try {
      return Optional.of(policy.delay(failures, error, info.isPresent(), jitter));
    } catch (SynthserveException last) {
      throw info.isPresent() ? last.withNote("the stream broke at index " + rest.offset()) : last;
    }
  }
}
