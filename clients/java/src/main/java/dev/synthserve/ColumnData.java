package dev.synthserve;

import dev.synthserve.v1.BoolValues;
import dev.synthserve.v1.CategoryCodes;
import dev.synthserve.v1.Column;
import dev.synthserve.v1.ColumnValues;
import dev.synthserve.v1.DateValues;
import dev.synthserve.v1.DoubleValues;
import dev.synthserve.v1.Int64Values;
import dev.synthserve.v1.StringValues;
import dev.synthserve.v1.TimestampValues;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.NoSuchElementException;

/**
 * The values of one column in one batch: {@link Doubles}, {@link Int64s}, {@link Bools}, {@link
 * Categories}, {@link Strings}, {@link Dates}, {@link Instants} or {@link LocalDateTimes}.
 * Immutable; rows are counted from 0 within the batch.
 */
public abstract sealed class ColumnData {
  private final Column column;
  private final ColumnValues values;
  private final int size;

  private ColumnData(Column column, ColumnValues values, int size) {
    this.column = column;
    this.values = values;
    this.size = size;
  }

  /**
   * Returns the column's specification.
   *
   * @return the column, as in the schema
   */
  public Column column() {
    return column;
  }

  /**
   * Returns the column's name.
   *
   * @return the name
   */
  public String name() {
    return column.getName();
  }

  /**
   * Returns the number of rows.
   *
   * @return the number, at least 1
   */
  public int size() {
    return size;
  }

  /**
   * Returns whether values can be missing.
   *
   * @return false only if no value is missing
   */
  public boolean hasMissing() {
    return values.getValidityCount() > 0;
  }

  /**
   * Returns whether a value is missing.
   *
   * @param row the row
   * @return true if the value is missing
   * @throws IndexOutOfBoundsException if the row does not exist
   */
  public boolean isMissing(int row) {
    return hasMissing() && !values.getValidity(row);
  }

  /**
   * Returns a value as an object.
   *
   * @param row the row
   * @return a {@link Double}, {@link Long}, {@link Boolean}, {@link String}, {@link LocalDate},
   *     {@link Instant} or {@link LocalDateTime}, as {@code get(row)} returns; null if the value is
   *     missing
   * @throws IndexOutOfBoundsException if the row does not exist
   */
  public abstract Object value(int row);

  final void require(int row) {
    if (isMissing(row)) {
      throw new NoSuchElementException("column '" + name() + "' has no value in row " + row);
    }
  }

  /** Values of a {@code DOUBLE} column. */
  public static final class Doubles extends ColumnData {
    private final DoubleValues doubles;

    Doubles(Column column, ColumnValues values) {
      super(column, values, values.getDoubles().getValuesCount());
      doubles = values.getDoubles();
    }

    /**
     * Returns a value.
     *
     * @param row the row
     * @return the value
     * @throws NoSuchElementException if the value is missing
     */
    public double get(int row) {
      require(row);
      return doubles.getValues(row);
    }

    @Override
    public Double value(int row) {
      return isMissing(row) ? null : (Double) doubles.getValues(row);
    }

    /** {@return a copy of the values, NaN where one is missing} */
    public double[] toArray() {
      double[] array = new double[size()];
      Arrays.setAll(array, row -> isMissing(row) ? Double.NaN : doubles.getValues(row));
      return array;
    }
  }

  /** Values of an {@code INT64} column. */
  public static final class Int64s extends ColumnData {
    private final Int64Values int64s;

    Int64s(Column column, ColumnValues values) {
      super(column, values, values.getInt64S().getValuesCount());
      int64s = values.getInt64S();
    }

    /**
     * Returns a value.
     *
     * @param row the row
     * @return the value
     * @throws NoSuchElementException if the value is missing
     */
    public long get(int row) {
      require(row);
      return int64s.getValues(row);
    }

    @Override
    public Long value(int row) {
      return isMissing(row) ? null : (Long) int64s.getValues(row);
    }

    /** {@return a copy of the values, 0 where one is missing} */
    public long[] toArray() {
      long[] array = new long[size()];
      Arrays.setAll(array, row -> isMissing(row) ? 0 : int64s.getValues(row));
      return array;
    }
  }

  /** Values of a {@code BOOL} column. */
  public static final class Bools extends ColumnData {
    private final BoolValues bools;

    Bools(Column column, ColumnValues values) {
      super(column, values, values.getBools().getValuesCount());
      bools = values.getBools();
    }

    /**
     * Returns a value.
     *
     * @param row the row
     * @return the value
     * @throws NoSuchElementException if the value is missing
     */
    public boolean get(int row) {
      require(row);
      return bools.getValues(row);
    }

    @Override
    public Boolean value(int row) {
      return isMissing(row) ? null : (Boolean) bools.getValues(row);
    }

    /** {@return a copy of the values, false where one is missing} */
    public boolean[] toArray() {
      boolean[] array = new boolean[size()];
      for (int row = 0; row < array.length; row++) {
        array[row] = !isMissing(row) && bools.getValues(row);
      }
      return array;
    }
  }

  /** Values that are text: {@link Categories} or {@link Strings}. */
  public abstract static sealed class Texts extends ColumnData {
    private Texts(Column column, ColumnValues values, int size) {
      super(column, values, size);
    }

    /**
     * Returns a value.
     *
     * @param row the row
     * @return the value
     * @throws NoSuchElementException if the value is missing
     */
    public abstract String get(int row);

    @Override
    public String value(int row) {
      return isMissing(row) ? null : get(row);
    }
  }

  /** Values of a {@code CATEGORY} column. */
  public static final class Categories extends Texts {
    private final CategoryCodes codes;

    Categories(Column column, ColumnValues values) {
      super(column, values, values.getCategories().getCodesCount());
      codes = values.getCategories();
    }

    @Override
    public String get(int row) {
      return column().getCategories(code(row));
    }

    /**
     * Returns the code of a value.
     *
     * @param row the row
     * @return the index into the column's categories
     * @throws NoSuchElementException if the value is missing
     */
    public int code(int row) {
      require(row);
      return codes.getCodes(row);
    }

    /** {@return a copy of the indices into the column's categories, -1 where a value is missing} */
    public int[] toCodeArray() {
      int[] array = new int[size()];
      Arrays.setAll(array, row -> isMissing(row) ? -1 : codes.getCodes(row));
      return array;
    }
  }

  /** Values of a {@code STRING} column. */
  public static final class Strings extends Texts {
    private final StringValues strings;

    Strings(Column column, ColumnValues values) {
      super(column, values, values.getStrings().getOffsetsCount() - 1);
      strings = values.getStrings();
    }

    @Override
    public String get(int row) {
      require(row);
      int begin = strings.getOffsets(row);
      return strings.getData().substring(begin, strings.getOffsets(row + 1)).toStringUtf8();
    }

    /** {@return a copy of the values, null where one is missing} */
    public String[] toArray() {
      String[] array = new String[size()];
      Arrays.setAll(array, this::value);
      return array;
    }
  }

  /** Values of a {@code DATE} column. */
  public static final class Dates extends ColumnData {
    private final DateValues dates;

    Dates(Column column, ColumnValues values) {
      super(column, values, values.getDates().getDaysCount());
      dates = values.getDates();
    }

    /**
     * Returns a value.
     *
     * @param row the row
     * @return the value
     * @throws NoSuchElementException if the value is missing
     */
    public LocalDate get(int row) {
      require(row);
      return LocalDate.ofEpochDay(dates.getDays(row));
    }

    @Override
    public LocalDate value(int row) {
      return isMissing(row) ? null : get(row);
    }

    /** {@return a copy of the values in days since 1970-01-01, 0 where one is missing} */
    public int[] toEpochDayArray() {
      int[] array = new int[size()];
      Arrays.setAll(array, row -> isMissing(row) ? 0 : dates.getDays(row));
      return array;
    }
  }

  /** Values of a {@code TIMESTAMP} column: {@link Instants} or {@link LocalDateTimes}. */
  public abstract static sealed class Timestamps extends ColumnData {
    static final long MICROS_PER_SECOND = 1_000_000;

    private final TimestampValues timestamps;

    private Timestamps(Column column, ColumnValues values) {
      super(column, values, values.getTimestamps().getMicrosecondsCount());
      timestamps = values.getTimestamps();
    }

    final long second(int row) {
      require(row);
      return Math.floorDiv(timestamps.getMicroseconds(row), MICROS_PER_SECOND);
    }

    final int nano(int row) {
      return (int) Math.floorMod(timestamps.getMicroseconds(row), MICROS_PER_SECOND) * 1_000;
    }

    /**
     * Copies the values.
     *
     * @return microseconds since 1970-01-01T00:00:00, in UTC or without a time zone, as the values
     *     are; 0 where one is missing
     */
    public long[] toEpochMicroArray() {
      long[] array = new long[size()];
      Arrays.setAll(array, row -> isMissing(row) ? 0 : timestamps.getMicroseconds(row));
      return array;
    }
  }

  /** Values of a {@code TIMESTAMP} column in UTC ({@code Column.utc}). */
  public static final class Instants extends Timestamps {
    Instants(Column column, ColumnValues values) {
      super(column, values);
    }

    /**
     * Returns a value.
     *
     * @param row the row
     * @return the value
     * @throws NoSuchElementException if the value is missing
     */
    public Instant get(int row) {
      return Instant.ofEpochSecond(second(row), nano(row));
    }

    @Override
    public Instant value(int row) {
      return isMissing(row) ? null : get(row);
    }
  }

  /** Values of a {@code TIMESTAMP} column without a time zone. */
  public static final class LocalDateTimes extends Timestamps {
    LocalDateTimes(Column column, ColumnValues values) {
      super(column, values);
    }

    /**
     * Returns a value.
     *
     * @param row the row
     * @return the value
     * @throws NoSuchElementException if the value is missing
     */
    public LocalDateTime get(int row) {
      return LocalDateTime.ofEpochSecond(second(row), nano(row), ZoneOffset.UTC);
    }

    @Override
    public LocalDateTime value(int row) {
      return isMissing(row) ? null : get(row);
    }
  }
}
