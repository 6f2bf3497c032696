package dev.synthserve.internal;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.function.Predicate;

/** Formats values as in a CSV file of a model. Pure. */
public final class CsvText {
  private static final DateTimeFormatter SECONDS =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss", Locale.ROOT);
  private static final DateTimeFormatter MICROSECONDS =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS", Locale.ROOT);

  // Larger powers of ten are easier to read with an exponent.
  private static final int MOST_ZEROS = 20;

  private CsvText() {}

  /**
   * Writes a value.
   *
   * @param value a {@link String}, an integer or a decimal number of {@code java.lang} or {@code
   *     java.math}, a {@link Boolean}, {@link LocalDate}, {@link LocalDateTime} or {@link Instant}
   * @return the text
   * @throws IllegalArgumentException if the value is invalid for every column; the message says why
   */
  public static String of(Object value) {
    if (value instanceof String text) {
      return text(text);
    }
    if (value instanceof Boolean || isInteger(value)) {
      return value.toString();
    }
    if (value instanceof Double number) {
      return shortest(number, rounded -> rounded.doubleValue() == number);
    }
    if (value instanceof Float number) {
      return shortest(number, rounded -> rounded.floatValue() == number);
    }
    if (value instanceof BigDecimal number) {
      return decimal(number);
    }
    if (value instanceof LocalDate date) {
      return date(date);
    }
    if (value instanceof LocalDateTime time) {
      return timestamp(time);
    }
    if (value instanceof Instant time) {
      requireYears(Years.haveSecond(time.getEpochSecond()), time);
      return timestamp(LocalDateTime.ofInstant(time, ZoneOffset.UTC)) + "Z";
    }
    throw new IllegalArgumentException(
        "must be a String, a number, a Boolean, a LocalDate, a LocalDateTime or an Instant, not a "
            + value.getClass().getName());
  }

  private static boolean isInteger(Object value) {
    return value instanceof Integer
        || value instanceof Long
        || value instanceof Short
        || value instanceof Byte
        || value instanceof BigInteger;
  }

  private static String text(String text) {
    // Protobuf would send a question mark in place of half a surrogate pair.
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw new IllegalArgumentException("must be text, not half a surrogate pair");
    }
    return text;
  }

  /** The fewest digits that parse to the same number; {@link Double#toString} can have more. */
  private static String shortest(double number, Predicate<BigDecimal> readsBack) {
    if (!Double.isFinite(number)) {
      throw new IllegalArgumentException("must be a finite number, not " + number);
    }
    BigDecimal exact = new BigDecimal(number);
    int digits = 1;
    while (!readsBack.test(exact.round(new MathContext(digits)))) {
      digits++;
    }
    return decimal(exact.round(new MathContext(digits)));
  }

  private static String decimal(BigDecimal number) {
    BigDecimal bare = number.stripTrailingZeros();
    int zeros = -bare.scale();
    return 0 < zeros && zeros <= MOST_ZEROS ? bare.toPlainString() : bare.toString();
  }

  private static String date(LocalDate date) {
    requireYears(Years.haveDay(date.toEpochDay()), date);
    return date.toString();
  }

  private static String timestamp(LocalDateTime time) {
    requireYears(Years.haveSecond(time.toEpochSecond(ZoneOffset.UTC)), time);
    if (!time.truncatedTo(ChronoUnit.MICROS).equals(time)) {
      throw new IllegalArgumentException("must be of whole microseconds, not " + time);
    }
    boolean whole = time.truncatedTo(ChronoUnit.SECONDS).equals(time);
    return (whole ? SECONDS : MICROSECONDS).format(time);
  }

  private static void requireYears(boolean within, Object value) {
    if (!within) {
      throw new IllegalArgumentException("must be of the years 1 to 9999, not " + value);
    }
  }
}
