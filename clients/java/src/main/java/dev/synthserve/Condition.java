package dev.synthserve;

import dev.synthserve.internal.CsvText;
import dev.synthserve.v1.ValueRange;
import dev.synthserve.v1.ValueSet;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * A condition on a column of all samples of a stream; see {@link StreamRequest.Builder#where}.
 * Immutable.
 *
 * <p>A value is a {@link String}, a number ({@link Integer}, {@link Long}, {@link Short}, {@link
 * Byte}, {@link Double}, {@link Float}, {@link java.math.BigInteger}, {@link
 * java.math.BigDecimal}), a {@link Boolean}, a {@link LocalDate}, a {@link LocalDateTime} for a
 * timestamp without a time zone, or an {@link Instant} for one in UTC. Numbers must be finite,
 * dates of the years 1 to 9999, and timestamps of whole microseconds.
 *
 * <p>{@code Model.conditions} lists the conditions that a model supports.
 */
public final class Condition {
  private final Consumer<dev.synthserve.v1.Condition.Builder> test;

  private Condition(Consumer<dev.synthserve.v1.Condition.Builder> test) {
    this.test = test;
  }

  /**
   * The column has one value in all samples.
   *
   * @param value the value
   * @return the condition
   */
  public static Condition equalTo(Object value) {
    Objects.requireNonNull(value, "value");
    return new Condition(message -> message.setEquals(CsvText.of(value)));
  }

  /**
   * The column has one of several values in each sample.
   *
   * @param values the values, at least one; with null among them, the value can also be missing
   * @return the condition
   */
  public static Condition anyOf(Object... values) {
    return anyOf(Arrays.asList(values));
  }

  /**
   * The column has one of several values in each sample.
   *
   * @param values the values, at least one; with null among them, the value can also be missing
   * @return the condition
   */
  public static Condition anyOf(Collection<?> values) {
    List<Object> copy = new ArrayList<>(values);
    return new Condition(
        message -> {
          if (copy.isEmpty()) {
            throw new IllegalArgumentException("must name at least one value");
          }
          ValueSet.Builder set = message.getAnyOfBuilder();
          for (Object value : copy) {
            if (value == null) {
              set.setMissing(true);
            } else {
              set.addValues(CsvText.of(value));
            }
          }
        });
  }

  /**
   * The values of the column lie in a range, both ends included.
   *
   * @param low the smallest value; null: unbounded
   * @param high the largest value; null: unbounded
   * @return the condition; at least one end must be set
   */
  public static Condition between(Object low, Object high) {
    return new Condition(
        message -> {
          if (low == null && high == null) {
            throw new IllegalArgumentException("must have at least one end of the range");
          }
          ValueRange.Builder range = message.getBetweenBuilder();
          if (low != null) {
            range.setLow(CsvText.of(low));
          }
          if (high != null) {
            range.setHigh(CsvText.of(high));
          }
        });
  }

  /**
   * The value of the column is missing in all samples.
   *
   * @return the condition
   */
  public static Condition missing() {
    return new Condition(message -> message.setMissing(true));
  }

  /**
   * The value of the column is missing in no sample.
   *
   * @return the condition
   */
  public static Condition present() {
    return new Condition(message -> message.setMissing(false));
  }

  /** Returns a condition unchanged; turns any other value into an equality condition. */
  static Condition of(Object valueOrCondition) {
    return valueOrCondition instanceof Condition condition ? condition : equalTo(valueOrCondition);
  }

  /**
   * The message to send.
   *
   * @throws SynthserveException with {@code INVALID_ARGUMENT} if a value is invalid for every
   *     column
   */
  dev.synthserve.v1.Condition on(String column) {
    var message = dev.synthserve.v1.Condition.newBuilder().setColumn(column);
    try {
      test.accept(message);
    } catch (IllegalArgumentException e) {
      throw SynthserveException.invalid("conditions[" + column + "]", e.getMessage());
    }
    return message.build();
  }
}
