package dev.synthserve;

import dev.synthserve.v1.GenerateRowsResponse;
import dev.synthserve.v1.RowFormat;
import dev.synthserve.v1.TableSchema;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/** Rows with typed values, batch by batch or row by row; see {@link Client#rows}. */
public final class RowStream extends SampleStream<RowBatch> {
  private RowStream(ResumingCall<?, ?, RowBatch> call) {
    super(call);
  }

  static RowStream open(Connection connection, RowsRequest request) {
    var method =
        StreamMethod.rows(
            request,
            RowFormat.ROW_FORMAT_COLUMNS,
            (response, info, first) -> unpack(response, (TableSchema) info.schema()));
    return new RowStream(new ResumingCall<>(connection, method, request));
  }

  private static List<RowBatch> unpack(GenerateRowsResponse response, TableSchema schema) {
    // A response without rows carries only the schema.
    return response.getRowCount() == 0 ? List.of() : List.of(RowBatch.of(response, schema));
  }

  /**
   * Returns the schema of the rows. Waits for the first response if necessary.
   *
   * @return the columns, in the order of every batch
   * @throws SynthserveException if the stream failed before the first response
   */
  public TableSchema schema() {
    return (TableSchema) info().schema();
  }

  /**
   * Returns the rows one by one.
   *
   * @return the rows; they can be iterated once, in place of the batches
   * @throws IllegalStateException if the stream was iterated before
   */
  public Iterable<Row> rows() {
    Iterator<Row> rows = new RowIterator(iterator());
    return () -> rows;
  }

  private static final class RowIterator implements Iterator<Row> {
    private final Iterator<RowBatch> batches;
    private Iterator<Row> current = Collections.emptyIterator();

    RowIterator(Iterator<RowBatch> batches) {
      this.batches = batches;
    }

    @Override
    public boolean hasNext() {
      while (!current.hasNext() && batches.hasNext()) {
        current = batches.next().rows().iterator();
      }
      return current.hasNext();
    }

    @Override
    public Row next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      return current.next();
    }
  }
}
