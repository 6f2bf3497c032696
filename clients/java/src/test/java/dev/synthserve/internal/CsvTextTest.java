package dev.synthserve.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class CsvTextTest {
  private static Stream<Arguments> values() {
    return Stream.of(
        Arguments.of("", ""),
        Arguments.of(" a,\"b\"\n", " a,\"b\"\n"),
        Arguments.of("𝄞", "𝄞"),
        Arguments.of(true, "true"),
        Arguments.of(false, "false"),
        Arguments.of((byte) -1, "-1"),
        Arguments.of((short) 2, "2"),
        Arguments.of(30, "30"),
        Arguments.of(Long.MIN_VALUE, "-9223372036854775808"),
        Arguments.of(BigInteger.TEN.pow(20), "100000000000000000000"),
        Arguments.of(new BigDecimal("30.00"), "30"),
        Arguments.of(new BigDecimal("1E+1000000000"), "1E+1000000000"),
        Arguments.of(LocalDate.of(2024, 2, 29), "2024-02-29"),
        Arguments.of(LocalDate.of(1, 1, 1), "0001-01-01"),
        Arguments.of(LocalDate.of(9999, 12, 31), "9999-12-31"),
        Arguments.of(LocalDateTime.of(2024, 2, 29, 12, 30), "2024-02-29T12:30:00"),
        Arguments.of(LocalDateTime.of(1, 1, 1, 0, 0, 0, 1_000), "0001-01-01T00:00:00.000001"),
        Arguments.of(Instant.parse("2024-02-29T12:30:00Z"), "2024-02-29T12:30:00Z"),
        Arguments.of(Instant.parse("1969-12-31T23:59:59.5Z"), "1969-12-31T23:59:59.500000Z"),
        Arguments.of(Instant.parse("9999-12-31T23:59:59.999999Z"), "9999-12-31T23:59:59.999999Z"));
  }

  @ParameterizedTest
  @MethodSource("values")
  void writesAsCsvFilesHaveIt(Object value, String text) {
    assertEquals(text, CsvText.of(value));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "-0.0, 0",
    "30, 30",
    "-1.5, -1.5",
    "0.1, 0.1",
    "2e23, 2E+23",
    "1e10, 10000000000",
    "123456789012345680000, 123456789012345680000",
    "0.000001, 0.000001",
    "1e-7, 1E-7",
    "2.2250738585072014E-308, 2.2250738585072014E-308",
    "4.9E-324, 5E-324",
    "1.7976931348623157E308, 1.7976931348623157E+308",
  })
  void writesTheFewestDigits(double number, String text) {
    assertEquals(text, CsvText.of(number));
  }

  @Test
  void writesFloatsWithTheDigitsOfAFloat() {
    assertEquals("0.1", CsvText.of(0.1f));
    assertEquals("16777216", CsvText.of(16_777_216f));
  }

  @Test
  void writesNumbersThatReadBack() {
    SplittableRandom random = new SplittableRandom(7);
    for (int drawn = 0; drawn < 10_000; drawn++) {
      double number = Double.longBitsToDouble(random.nextLong());
      if (Double.isFinite(number)) {
        String text = CsvText.of(number);
        assertEquals(number, Double.parseDouble(text));
        assertTrue(digits(text) <= digits(Double.toString(number)), text);
      }
    }
  }

  private static int digits(String number) {
    return new BigDecimal(number).stripTrailingZeros().precision();
  }

  private static Stream<Object> noValues() {
    return Stream.of(
        Double.NaN,
        Double.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        LocalDate.of(0, 12, 31),
        LocalDate.of(10_000, 1, 1),
        LocalDate.MIN,
        LocalDateTime.of(0, 12, 31, 23, 59, 59, 999_999_000),
        LocalDateTime.of(10_000, 1, 1, 0, 0),
        LocalDateTime.MAX,
        LocalDateTime.of(2024, 2, 29, 0, 0, 0, 1),
        Instant.MIN,
        Instant.MAX,
        Instant.ofEpochSecond(0, 1_999),
        OffsetDateTime.parse("2024-02-29T12:30:00Z"),
        'a',
        new int[] {1},
        "\ud834");
  }

  @ParameterizedTest
  @MethodSource("noValues")
  void refusesWhatNoColumnHas(Object value) {
    String why = assertThrows(IllegalArgumentException.class, () -> CsvText.of(value)).getMessage();
    assertTrue(why.startsWith("must be "), why);
  }
}
