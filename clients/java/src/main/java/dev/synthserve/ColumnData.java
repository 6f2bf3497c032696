package dev.synthserve;

import dev.synthserve.v1.BoolValues;
import dev.synthserve.v1.CategoryCodes;
import dev.synthserve.v1.Column;
import dev.synthserve.v1.ColumnType;
import dev.synthserve.v1.ColumnValues;
import dev.synthserve.v1.DoubleValues;
import dev.synthserve.v1.Int64Values;
import java.util.Arrays;
import java.util.NoSuchElementException;

/**
 * The values of one column in one batch: {@link Doubles}, {@link Int64s}, {@link Categories} or
 * {@link Bools}. Immutable; rows are counted from 0 within the batch.
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
   * Reads the values of a column.
   *
   * @throws SynthserveException if they do not fit the column or the number of rows
   */
  static ColumnData of(Column column, ColumnValues values, long rows) {
    ColumnData data =
        switch (values.getValuesCase()) {
          case DOUBLES -> new Doubles(column, values);
          case INT64S -> new Int64s(column, values);
          case CATEGORIES -> new Categories(column, values);
          case BOOLS -> new Bools(column, values);
          case VALUES_NOT_SET -> throw misfit(column, "no values");
        };
    if (data.type() != column.getType()) {
      throw misfit(column, column.getType() + " was told, " + data.type() + " came");
    }
    int marks = values.getValidityCount();
    if (data.size != rows || (marks != 0 && marks != rows)) {
      throw misfit(
          column, data.size + " values and " + marks + " validity marks for " + rows + " rows");
    }
    if (data instanceof Categories categories) {
      categories.check();
    }
    return data;
  }

  private static SynthserveException misfit(Column column, String what) {
    return SynthserveException.protocol("column '" + column.getName() + "': " + what);
  }

  abstract ColumnType type();

  /**
   * Tells what the column means.
   *
   * @return its description, as in the schema
   */
  public Column column() {
    return column;
  }

  /**
   * Tells the column's name.
   *
   * @return the name
   */
  public String name() {
    return column.getName();
  }

  /**
   * Tells how many rows there are.
   *
   * @return the number, at least 1
   */
  public int size() {
    return size;
  }

  /**
   * Tells whether any value is missing.
   *
   * @return false if surely none is
   */
  public boolean hasMissing() {
    return values.getValidityCount() > 0;
  }

  /**
   * Tells whether a value is missing.
   *
   * @param row the row
   * @return whether it is
   * @throws IndexOutOfBoundsException if there is no such row
   */
  public boolean isMissing(int row) {
    return hasMissing() && !values.getValidity(row);
  }

  /**
   * Gives a value as an object.
   *
   * @param row the row
   * @return a {@link Double}, {@link Long}, {@link String} or {@link Boolean}; null if it is
   *     missing
   * @throws IndexOutOfBoundsException if there is no such row
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

    private Doubles(Column column, ColumnValues values) {
      super(column, values, values.getDoubles().getValuesCount());
      doubles = values.getDoubles();
    }

    @Override
    ColumnType type() {
      return ColumnType.COLUMN_TYPE_DOUBLE;
    }

    /**
     * Gives a value.
     *
     * @param row the row
     * @return the value
     * @throws NoSuchElementException if it is missing
     */
    public double get(int row) {
      require(row);
      return doubles.getValues(row);
    }

    @Override
    public Double value(int row) {
      return isMissing(row) ? null : (Double) doubles.getValues(row);
    }

    /**
     * Copies the values.
     *
     * @return one for each row, NaN where it is missing
     */
    public double[] toArray() {
      double[] array = new double[size()];
      Arrays.setAll(array, row -> isMissing(row) ? Double.NaN : doubles.getValues(row));
      return array;
    }
  }

  /** Values of an {@code INT64} column. */
  public static final class Int64s extends ColumnData {
    private final Int64Values int64s;

    private Int64s(Column column, ColumnValues values) {
      super(column, values, values.getInt64S().getValuesCount());
      int64s = values.getInt64S();
    }

    @Override
    ColumnType type() {
      return ColumnType.COLUMN_TYPE_INT64;
    }

    /**
     * Gives a value.
     *
     * @param row the row
     * @return the value
     * @throws NoSuchElementException if it is missing
     */
    public long get(int row) {
      require(row);
      return int64s.getValues(row);
    }

    @Override
    public Long value(int row) {
      return isMissing(row) ? null : (Long) int64s.getValues(row);
    }

    /**
     * Copies the values.
     *
     * @return one for each row, 0 where it is missing
     */
    public long[] toArray() {
      long[] array = new long[size()];
      Arrays.setAll(array, row -> isMissing(row) ? 0 : int64s.getValues(row));
      return array;
    }
  }

  /** Values of a {@code CATEGORY} column. */
  public static final class Categories extends ColumnData {
    private final CategoryCodes codes;

    private Categories(Column column, ColumnValues values) {
      super(column, values, values.getCategories().getCodesCount());
      codes = values.getCategories();
    }

    private void check() {
      int categories = column().getCategoriesCount();
      for (int row = 0; row < size(); row++) {
        int code = codes.getCodes(row);
        if ((code < 0 || code >= categories) && !isMissing(row)) {
          throw misfit(column(), "code " + code + " is outside its " + categories + " categories");
        }
      }
    }

    @Override
    ColumnType type() {
      return ColumnType.COLUMN_TYPE_CATEGORY;
    }

    /**
     * Gives a value as text.
     *
     * @param row the row
     * @return one of the column's categories
     * @throws NoSuchElementException if it is missing
     */
    public String get(int row) {
      return column().getCategories(code(row));
    }

    /**
     * Gives a value as a number.
     *
     * @param row the row
     * @return the index into the column's categories
     * @throws NoSuchElementException if it is missing
     */
    public int code(int row) {
      require(row);
      return codes.getCodes(row);
    }

    @Override
    public String value(int row) {
      return isMissing(row) ? null : get(row);
    }

    /**
     * Copies the codes.
     *
     * @return an index into the column's categories for each row, -1 where the value is missing
     */
    public int[] toCodeArray() {
      int[] array = new int[size()];
      Arrays.setAll(array, row -> isMissing(row) ? -1 : codes.getCodes(row));
      return array;
    }
  }

  /** Values of a {@code BOOL} column. */
  public static final class Bools extends ColumnData {
    private final BoolValues bools;

    private Bools(Column column, ColumnValues values) {
      super(column, values, values.getBools().getValuesCount());
      bools = values.getBools();
    }

    @Override
    ColumnType type() {
      return ColumnType.COLUMN_TYPE_BOOL;
    }

    /**
     * Gives a value.
     *
     * @param row the row
     * @return the value
     * @throws NoSuchElementException if it is missing
     */
    public boolean get(int row) {
      require(row);
      return bools.getValues(row);
    }

    @Override
    public Boolean value(int row) {
      return isMissing(row) ? null : (Boolean) bools.getValues(row);
    }

    /**
     * Copies the values.
     *
     * @return one for each row, false where it is missing
     */
    public boolean[] toArray() {
      boolean[] array = new boolean[size()];
      for (int row = 0; row < array.length; row++) {
        array[row] = !isMissing(row) && bools.getValues(row);
      }
      return array;
    }
  }
}
