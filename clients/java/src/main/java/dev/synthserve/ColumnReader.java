package dev.synthserve;

import com.google.protobuf.ByteString;
import dev.synthserve.internal.Years;
import dev.synthserve.v1.Column;
import dev.synthserve.v1.ColumnValues;
import dev.synthserve.v1.StringValues;
import java.util.function.IntConsumer;

/** Reads a column of a response, and refuses values that do not match the schema. */
final class ColumnReader {
  private final Column column;
  private final ColumnValues values;

  private ColumnReader(Column column, ColumnValues values) {
    this.column = column;
    this.values = values;
  }

  /**
   * Reads a column.
   *
   * @param rows the expected number of values, at least 1
   * @throws SynthserveException if the values do not match the column or the number of rows
   */
  static ColumnData read(Column column, ColumnValues values, long rows) {
    ColumnReader reader = new ColumnReader(column, values);
    ColumnData data = reader.data();
    reader.checkCount(data.size(), rows);
    reader.checkValues(data);
    return data;
  }

  private ColumnData data() {
    return switch (column.getType()) {
      case COLUMN_TYPE_DOUBLE -> new ColumnData.Doubles(column, values);
      case COLUMN_TYPE_INT64 -> new ColumnData.Int64s(column, values);
      case COLUMN_TYPE_BOOL -> new ColumnData.Bools(column, values);
      case COLUMN_TYPE_CATEGORY -> new ColumnData.Categories(column, values);
      case COLUMN_TYPE_STRING -> new ColumnData.Strings(column, values);
      case COLUMN_TYPE_DATE -> new ColumnData.Dates(column, values);
      case COLUMN_TYPE_TIMESTAMP ->
          column.getUtc()
              ? new ColumnData.Instants(column, values)
              : new ColumnData.LocalDateTimes(column, values);
      case COLUMN_TYPE_UNSPECIFIED, UNRECOGNIZED ->
          throw misfit("this client does not know its type");
    };
  }

  /** Checks the number of values; values of another type than the column's do not count. */
  private void checkCount(int size, long rows) {
    int marks = values.getValidityCount();
    if (size != rows || (marks != 0 && marks != rows)) {
      throw misfit(
          "expected %s values of %s, got %s in %s and %s validity marks"
              .formatted(rows, column.getType(), size, values.getValuesCase(), marks));
    }
  }

  private void checkValues(ColumnData data) {
    IntConsumer check =
        switch (column.getType()) {
          case COLUMN_TYPE_CATEGORY -> this::checkCode;
          case COLUMN_TYPE_STRING -> {
            checkOffsets();
            yield this::checkText;
          }
          case COLUMN_TYPE_DATE -> this::checkDate;
          case COLUMN_TYPE_TIMESTAMP -> this::checkTimestamp;
          default -> row -> {};
        };
    for (int row = 0; row < data.size(); row++) {
      // The placeholder of a missing value has no meaning.
      if (!data.isMissing(row)) {
        check.accept(row);
      }
    }
  }

  private void checkCode(int row) {
    int code = values.getCategories().getCodes(row);
    int categories = column.getCategoriesCount();
    if (code < 0 || code >= categories) {
      throw misfit("code " + code + " is outside its " + categories + " categories");
    }
  }

  private void checkOffsets() {
    StringValues strings = values.getStrings();
    int last = strings.getOffsetsCount() - 1;
    for (int row = 0; row < last; row++) {
      if (strings.getOffsets(row) > strings.getOffsets(row + 1)) {
        throw misfit("the text of row " + row + " ends before it begins");
      }
    }
    int length = strings.getData().size();
    if (strings.getOffsets(0) != 0 || strings.getOffsets(last) != length) {
      throw misfit("the text offsets do not cover its " + length + " bytes");
    }
  }

  private void checkText(int row) {
    StringValues strings = values.getStrings();
    ByteString text =
        strings.getData().substring(strings.getOffsets(row), strings.getOffsets(row + 1));
    if (!text.isValidUtf8()) {
      throw misfit("the text of row " + row + " is not UTF-8");
    }
  }

  private void checkDate(int row) {
    int day = values.getDates().getDays(row);
    if (!Years.haveDay(day)) {
      throw misfit("day " + day + " is outside the years 1 to 9999");
    }
  }

  private void checkTimestamp(int row) {
    long micros = values.getTimestamps().getMicroseconds(row);
    if (!Years.haveSecond(Math.floorDiv(micros, ColumnData.Timestamps.MICROS_PER_SECOND))) {
      throw misfit("microsecond " + micros + " is outside the years 1 to 9999");
    }
  }

  private SynthserveException misfit(String what) {
    return SynthserveException.protocol("column '" + column.getName() + "': " + what);
  }
}
