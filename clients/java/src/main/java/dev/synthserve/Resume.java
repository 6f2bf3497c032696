package dev.synthserve;

import com.google.protobuf.Message;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The state of one logical stream, which can consist of several calls. Pure: no I/O, no clock.
 *
 * <p>Sample {@code i} depends only on the model version, the seed, {@code i} and the conditions. So
 * a stream that broke resumes, without lost or repeated samples, with a request for the rest: the
 * next index, the version and the seed of the first response. A stream that broke before its first
 * response is requested again unchanged; without a given seed, the server then draws another one.
 */
final class Resume {
  /** The end of the indices: no sample has this one. */
  private static final long END = Long.MAX_VALUE;

  /** A request for samples. */
  record Ask(String model, OptionalLong seed, long offset, OptionalLong count) {}

  /** The information that applies to a whole stream. */
  record Info(String model, long seed, Message schema) {}

  /** The relevant part of a response; {@code info} is set in the first response of a call. */
  record Part(Optional<Info> info, long firstIndex, long size) {}

  private final RetryPolicy policy;
  private Ask rest;
  private Optional<Info> info = Optional.empty();
  private int failures;

  Resume(Ask ask, RetryPolicy policy) {
    this.rest = ask;
    this.policy = policy;
  }

  /** The request for the missing samples. */
  Ask rest() {
    return rest;
  }

  /** The information of the first response. */
  Optional<Info> info() {
    return info;
  }

  /**
   * Whether all requested samples were received; without a count, all samples up to the last index.
   * A stream without a count that reaches the last index ends normally, even if the server reports
   * an error.
   */
  private boolean complete() {
    return info.isPresent()
        && (rest.count().isPresent() ? rest.count().getAsLong() == 0 : rest.offset() == END);
  }

  /** Records the next response of the running call. */
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

  /** Records that the running call ended without an error; fails if samples are missing. */
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
   * Records that the running call failed.
   *
   * @param jitter as in {@link RetryPolicy#delay}
   * @return the wait before the next call; empty if no sample is missing, so that the error does
   *     not matter
   * @throws SynthserveException {@code error}, if the stream cannot resume
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
