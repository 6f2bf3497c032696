package dev.synthserve;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NoSuchElementException;

/**
 * One row of a batch. Its methods get values by the name of their column.
 *
 * <p>They throw {@link IllegalArgumentException} if the column does not exist or has another type.
 * The typed getters throw {@link NoSuchElementException} if the value is missing.
 */
public final class Row {
  private final RowBatch batch;
  private final int position;

  Row(RowBatch batch, int position) {
    this.batch = batch;
    this.position = position;
  }

  /**
   * Returns the row's index.
   *
   * @return the index, from 0 to 2^63 - 2
   */
  public long index() {
    return batch.firstIndex() + position;
  }

  /**
   * Returns whether a value is missing.
   *
   * @param column the column's name
   * @return true if the value is missing
   */
  public boolean isMissing(String column) {
    return batch.column(column).isMissing(position);
  }

  /**
   * Returns a value of any type.
   *
   * @param column the column's name
   * @return a value of the types of {@link ColumnData#value}; null if the value is missing
   */
  public Object get(String column) {
    return batch.column(column).value(position);
  }

  /**
   * Returns the value of a {@code DOUBLE} column.
   *
   * @param column the column's name
   * @return the value
   */
  public double getDouble(String column) {
    return find(column, ColumnData.Doubles.class).get(position);
  }

  /**
   * Returns the value of an {@code INT64} column.
   *
   * @param column the column's name
   * @return the value
   */
  public long getLong(String column) {
    return find(column, ColumnData.Int64s.class).get(position);
  }

  /**
   * Returns the value of a {@code CATEGORY} or {@code STRING} column.
   *
   * @param column the column's name
   * @return the value
   */
  public String getString(String column) {
    return find(column, ColumnData.Texts.class).get(position);
  }

  /**
   * Returns the value of a {@code BOOL} column.
   *
   * @param column the column's name
   * @return the value
   */
  public boolean getBoolean(String column) {
    return find(column, ColumnData.Bools.class).get(position);
  }

  /**
   * Returns the value of a {@code DATE} column.
   *
   * @param column the column's name
   * @return the value
   */
  public LocalDate getLocalDate(String column) {
    return find(column, ColumnData.Dates.class).get(position);
  }

  /**
   * Returns the value of a {@code TIMESTAMP} column of instants ({@code Column.utc}).
   *
   * @param column the column's name
   * @return the value
   */
  public Instant getInstant(String column) {
    return find(column, ColumnData.Instants.class).get(position);
  }

  /**
   * Returns the value of a {@code TIMESTAMP} column without a time zone.
   *
   * @param column the column's name
   * @return the value
   */
  public LocalDateTime getLocalDateTime(String column) {
    return find(column, ColumnData.LocalDateTimes.class).get(position);
  }

  /**
   * Returns the whole row.
   *
   * @return column name to value, in the order of the schema; null where a value is missing
   */
  public Map<String, Object> toMap() {
    Map<String, Object> values = new LinkedHashMap<>();
    for (ColumnData column : batch.columns()) {
      values.put(column.name(), column.value(position));
    }
    return values;
  }

  @Override
  public String toString() {
    return index() + ": " + toMap();
  }

  private <C extends ColumnData> C find(String name, Class<C> type) {
    ColumnData column = batch.column(name);
    if (!type.isInstance(column)) {
      throw new IllegalArgumentException(
          "column '%s' has %s, not %s"
              .formatted(name, column.getClass().getSimpleName(), type.getSimpleName()));
    }
    return type.cast(column);
  }
}
