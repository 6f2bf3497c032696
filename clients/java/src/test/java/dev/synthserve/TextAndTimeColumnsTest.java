package dev.synthserve;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.synthserve.v1.Column;
import dev.synthserve.v1.ColumnBatch;
import dev.synthserve.v1.ColumnType;
import dev.synthserve.v1.ColumnValues;
import dev.synthserve.v1.DateValues;
import dev.synthserve.v1.GenerateRowsResponse;
import dev.synthserve.v1.StringValues;
import dev.synthserve.v1.TableSchema;
import dev.synthserve.v1.TimestampValues;
import io.grpc.Status.Code;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Columns of text, dates and timestamps. */
class TextAndTimeColumnsTest {
  private static final List<Boolean> SECOND_MISSING = List.of(true, false);

  private static final Column NAME = column("name", ColumnType.COLUMN_TYPE_STRING).build();
  private static final Column BORN = column("born", ColumnType.COLUMN_TYPE_DATE).build();
  private static final Column SEEN =
      column("seen", ColumnType.COLUMN_TYPE_TIMESTAMP).setUtc(true).build();
  private static final Column DUE = column("due", ColumnType.COLUMN_TYPE_TIMESTAMP).build();

  private static Column.Builder column(String name, ColumnType type) {
    return Column.newBuilder().setName(name).setType(type).setNullable(true);
  }

  private static ColumnValues.Builder strings(byte[] data, Integer... offsets) {
    return ColumnValues.newBuilder()
        .setStrings(
            StringValues.newBuilder()
                .addAllOffsets(List.of(offsets))
                .setData(ByteString.copyFrom(data)));
  }

  private static ColumnValues.Builder strings(String data, Integer... offsets) {
    return strings(data.getBytes(StandardCharsets.UTF_8), offsets);
  }

  private static ColumnValues.Builder dates(Integer... days) {
    return ColumnValues.newBuilder().setDates(DateValues.newBuilder().addAllDays(List.of(days)));
  }

  private static ColumnValues.Builder timestamps(long... micros) {
    return ColumnValues.newBuilder()
        .setTimestamps(
            TimestampValues.newBuilder()
                .addAllMicroseconds(LongStream.of(micros).boxed().toList()));
  }

  private static ColumnData read(Column column, ColumnValues.Builder values) {
    return ColumnReader.read(column, values.build(), 2);
  }

  private static RowBatch batch() {
    return RowBatch.of(
        GenerateRowsResponse.newBuilder()
            .setRowCount(2)
            .setColumns(
                ColumnBatch.newBuilder()
                    .addColumns(strings("東京", 0, 6, 6).addAllValidity(SECOND_MISSING))
                    .addColumns(dates(19_782, 0).addAllValidity(SECOND_MISSING))
                    .addColumns(timestamps(-1, 0).addAllValidity(SECOND_MISSING))
                    .addColumns(timestamps(1_709_209_800_000_000L, -1_000_000)))
            .build(),
        TableSchema.newBuilder()
            .addColumns(NAME)
            .addColumns(BORN)
            .addColumns(SEEN)
            .addColumns(DUE)
            .build());
  }

  @Test
  void rowsHaveNativeValues() {
    Row row = batch().rows().get(0);
    assertEquals("東京", row.getString("name"));
    assertEquals(LocalDate.of(2024, 2, 29), row.getLocalDate("born"));
    assertEquals(Instant.parse("1969-12-31T23:59:59.999999Z"), row.getInstant("seen"));
    assertEquals(LocalDateTime.of(2024, 2, 29, 12, 30), row.getLocalDateTime("due"));
    Map<String, Object> second = new LinkedHashMap<>();
    second.put("name", null);
    second.put("born", null);
    second.put("seen", null);
    second.put("due", LocalDateTime.of(1969, 12, 31, 23, 59, 59));
    assertEquals(second, batch().rows().get(1).toMap());
  }

  @Test
  void missingValuesAreNotGiven() {
    Row row = batch().rows().get(1);
    assertThrows(NoSuchElementException.class, () -> row.getString("name"));
    assertThrows(NoSuchElementException.class, () -> row.getLocalDate("born"));
    assertThrows(NoSuchElementException.class, () -> row.getInstant("seen"));
  }

  @Test
  void aTimestampIsNotGivenInTheWrongZone() {
    Row row = batch().rows().get(0);
    String wrong =
        assertThrows(IllegalArgumentException.class, () -> row.getInstant("due")).getMessage();
    assertEquals("column 'due' has LocalDateTimes, not Instants", wrong);
    assertThrows(IllegalArgumentException.class, () -> row.getLocalDateTime("seen"));
    assertThrows(IllegalArgumentException.class, () -> row.getString("born"));
  }

  @Test
  void columnsAreCopiedInBulk() {
    RowBatch batch = batch();
    var name = assertInstanceOf(ColumnData.Strings.class, batch.column("name"));
    assertArrayEquals(new String[] {"東京", null}, name.toArray());
    var born = assertInstanceOf(ColumnData.Dates.class, batch.column("born"));
    assertArrayEquals(new int[] {19_782, 0}, born.toEpochDayArray());
    var seen = assertInstanceOf(ColumnData.Instants.class, batch.column("seen"));
    assertArrayEquals(new long[] {-1, 0}, seen.toEpochMicroArray());
    var due = assertInstanceOf(ColumnData.LocalDateTimes.class, batch.column("due"));
    assertArrayEquals(new long[] {1_709_209_800_000_000L, -1_000_000}, due.toEpochMicroArray());
  }

  private static final long FIRST_MICRO = -62_135_596_800_000_000L;
  private static final long LAST_MICRO = 253_402_300_799_999_999L;

  @Test
  void reachesFromTheYear1To9999() {
    ColumnData days = read(BORN, dates(-719_162, 2_932_896));
    assertEquals(
        List.of(LocalDate.of(1, 1, 1), LocalDate.of(9999, 12, 31)),
        List.of(days.value(0), days.value(1)));
    ColumnData instants = read(SEEN, timestamps(FIRST_MICRO, LAST_MICRO));
    assertEquals(
        List.of(
            Instant.parse("0001-01-01T00:00:00Z"), Instant.parse("9999-12-31T23:59:59.999999Z")),
        List.of(instants.value(0), instants.value(1)));
    ColumnData locals = read(DUE, timestamps(FIRST_MICRO, LAST_MICRO));
    assertEquals(
        List.of(
            LocalDateTime.of(1, 1, 1, 0, 0),
            LocalDateTime.of(9999, 12, 31, 23, 59, 59, 999_999_000)),
        List.of(locals.value(0), locals.value(1)));
  }

  @Test
  void whatComesInPlaceOfAMissingValueMeansNothing() {
    for (ColumnData data :
        List.of(
            read(NAME, strings(new byte[] {'a', -1}, 0, 1, 2).addAllValidity(SECOND_MISSING)),
            read(BORN, dates(0, Integer.MIN_VALUE).addAllValidity(SECOND_MISSING)),
            read(SEEN, timestamps(0, Long.MIN_VALUE).addAllValidity(SECOND_MISSING)),
            read(DUE, timestamps(0, Long.MAX_VALUE).addAllValidity(SECOND_MISSING)))) {
      assertEquals(Arrays.asList(false, true), List.of(data.isMissing(0), data.isMissing(1)));
      assertEquals(null, data.value(1));
    }
  }

  private static Stream<Arguments> refused() {
    return Stream.of(
        Arguments.of(NAME, strings("ab")),
        Arguments.of(NAME, strings("ab", 0, 2)),
        Arguments.of(NAME, strings("ab", 0, 1, 1, 2)),
        Arguments.of(NAME, strings("ab", 1, 1, 2)),
        Arguments.of(NAME, strings("ab", -1, 1, 2)),
        Arguments.of(NAME, strings("ab", 0, 2, 1)),
        Arguments.of(NAME, strings("ab", 0, Integer.MIN_VALUE, 2)),
        Arguments.of(NAME, strings("ab", 0, 3, 2)),
        Arguments.of(NAME, strings("ab", 0, 1, 1)),
        Arguments.of(NAME, strings("ab", 0, 1, Integer.MAX_VALUE)),
        Arguments.of(NAME, strings(new byte[] {'a', -1}, 0, 1, 2)),
        Arguments.of(NAME, strings("é", 0, 1, 2)),
        Arguments.of(NAME, strings("ab", 0, 1, 2).addValidity(true)),
        Arguments.of(NAME, dates(0, 0)),
        Arguments.of(NAME, ColumnValues.newBuilder()),
        Arguments.of(BORN, dates(0)),
        Arguments.of(BORN, dates(0, 0, 0)),
        Arguments.of(BORN, dates(0, -719_163)),
        Arguments.of(BORN, dates(0, 2_932_897)),
        Arguments.of(BORN, timestamps(0, 0)),
        Arguments.of(SEEN, timestamps(0)),
        Arguments.of(SEEN, timestamps(0, FIRST_MICRO - 1)),
        Arguments.of(DUE, timestamps(0, LAST_MICRO + 1)),
        Arguments.of(DUE, timestamps(0, Long.MAX_VALUE)),
        Arguments.of(DUE, dates(0, 0)),
        Arguments.of(Column.newBuilder().setName("newer").setTypeValue(99).build(), dates(0, 0)),
        Arguments.of(Column.newBuilder().setName("untold").build(), dates(0, 0)));
  }

  @ParameterizedTest
  @MethodSource("refused")
  void whatDoesNotFitIsRefused(Column column, ColumnValues.Builder values) {
    SynthserveException error = assertThrows(SynthserveException.class, () -> read(column, values));
    assertEquals(Code.INTERNAL, error.code());
    assertTrue(
        error.getMessage().startsWith("column '" + column.getName() + "': "), error.getMessage());
  }

  @Test
  void rowsNeedAColumn() {
    GenerateRowsResponse rows = GenerateRowsResponse.newBuilder().setRowCount(1L << 40).build();
    SynthserveException error =
        assertThrows(
            SynthserveException.class, () -> RowBatch.of(rows, TableSchema.getDefaultInstance()));
    assertEquals(Code.INTERNAL, error.code());
  }
}
