package dev.synthserve;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A request for a stream. Immutable. Every use of a request with a seed and a model version returns
 * the same samples.
 */
public abstract sealed class StreamRequest permits RowsRequest, ImagesRequest {
  final Resume.Ask ask;
  final List<dev.synthserve.v1.Condition> conditions;
  final Optional<Duration> timeout;

  StreamRequest(Builder<?> builder) {
    ask = new Resume.Ask(builder.model, builder.seed, builder.offset, builder.count);
    conditions = List.copyOf(builder.conditions.values());
    timeout = builder.timeout;
  }

  /**
   * The common part of the builders of requests for rows and images.
   *
   * <p>The server checks the values: an invalid value ends the stream with {@code
   * INVALID_ARGUMENT}.
   *
   * @param <B> the builder itself
   */
  public abstract static sealed class Builder<B extends Builder<B>>
      permits RowsRequest.Builder, ImagesRequest.Builder {
    private final String model;
    private final Map<String, dev.synthserve.v1.Condition> conditions = new LinkedHashMap<>();
    private OptionalLong count = OptionalLong.empty();
    private OptionalLong seed = OptionalLong.empty();
    private long offset;
    private Optional<Duration> timeout = Optional.empty();

    Builder(String model) {
      this.model = ModelNames.resource(model);
    }

    abstract B self();

    /**
     * Sets the number of samples. Without it the stream continues until it is closed, or to the
     * last index, 2^63 - 2.
     *
     * @param count from 0 up to the server's limit
     * @return this builder
     */
    public B count(long count) {
      this.count = OptionalLong.of(count);
      return self();
    }

    /**
     * Sets the seed. Without it the server draws one, which {@link SampleStream#seed} returns.
     *
     * @param seed from 0 to 2^63 - 1
     * @return this builder
     */
    public B seed(long seed) {
      this.seed = OptionalLong.of(seed);
      return self();
    }

    /**
     * Sets the index of the first sample. A large index costs no more than a small one.
     *
     * @param offset from 0 (the default) to 2^63 - 1
     * @return this builder
     */
    public B offset(long offset) {
      this.offset = offset;
      return self();
    }

    /**
     * Adds a condition that holds for all samples. It replaces an earlier one on the same column.
     *
     * @param column one of {@code Model.conditions}
     * @param value the value of the column, or a {@link Condition} on it
     * @return this builder
     * @throws SynthserveException with {@code INVALID_ARGUMENT} if the value is invalid for every
     *     column
     */
    public B where(String column, Object value) {
      conditions.put(Objects.requireNonNull(column, "column"), Condition.of(value).on(column));
      return self();
    }

    /**
     * Adds conditions that hold for all samples, together with those on other columns.
     *
     * @param conditions column name to value or {@link Condition}
     * @return this builder
     * @throws SynthserveException with {@code INVALID_ARGUMENT} if a value is invalid for every
     *     column
     */
    public B where(Map<String, ?> conditions) {
      Objects.requireNonNull(conditions, "conditions").forEach(this::where);
      return self();
    }

    /**
     * Sets the time limit of the whole stream, from when it is opened, including all retries.
     * Without it the stream has no time limit.
     *
     * @param timeout the limit; past it the stream fails with {@code DEADLINE_EXCEEDED}, at once if
     *     it is not positive; one of more than 100 years counts as that
     * @return this builder
     */
    public B timeout(Duration timeout) {
      this.timeout = Optional.of(Objects.requireNonNull(timeout, "timeout"));
      return self();
    }
  }
}
