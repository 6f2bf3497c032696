package dev.synthserve;

import dev.synthserve.v1.ColumnValues;
import dev.synthserve.v1.GenerateRowsResponse;
import dev.synthserve.v1.TableSchema;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.RandomAccess;

/**
 * Consecutive rows of a stream, column by column.
 *
 * @param firstIndex the index of the first row; the others follow one by one
 * @param rowCount the number of rows, at least 1
 * @param columns the values of each column, in the order of the schema
 */
public record RowBatch(long firstIndex, int rowCount, List<ColumnData> columns) {

  /**
   * Reads the columns of a response.
   *
   * @throws SynthserveException if they do not match the schema or the number of rows
   */
  static RowBatch of(GenerateRowsResponse response, TableSchema schema) {
    List<ColumnValues> values = response.getColumns().getColumnsList();
    if (values.isEmpty() || values.size() != schema.getColumnsCount()) {
      throw SynthserveException.protocol(
          "rows of %s columns came for a schema of %s"
              .formatted(values.size(), schema.getColumnsCount()));
    }
    List<ColumnData> columns = new ArrayList<>(values.size());
    for (ColumnValues of : values) {
      columns.add(ColumnReader.read(schema.getColumns(columns.size()), of, response.getRowCount()));
    }
    return new RowBatch(
        response.getFirstIndex(), (int) response.getRowCount(), List.copyOf(columns));
  }

  /**
   * Returns a column by name.
   *
   * @param name the column's name
   * @return the column's values
   * @throws IllegalArgumentException if the column does not exist
   */
  public ColumnData column(String name) {
    for (ColumnData column : columns) {
      if (column.name().equals(name)) {
        return column;
      }
    }
    throw new IllegalArgumentException("there is no column '" + name + "'");
  }

  /**
   * Returns the rows of the batch.
   *
   * @return a view, not a copy
   */
  public List<Row> rows() {
    return new RowList(this);
  }

  private static final class RowList extends AbstractList<Row> implements RandomAccess {
    private final RowBatch batch;

    RowList(RowBatch batch) {
      this.batch = batch;
    }

    @Override
    public Row get(int position) {
      return new Row(batch, Objects.checkIndex(position, batch.rowCount()));
    }

    @Override
    public int size() {
      return batch.rowCount();
    }
  }
}
