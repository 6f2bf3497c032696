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
    // A response without rows only tells the schema.
    return response.getRowCount() == 0 ? List.of() : List.of(RowBatch.of(response, schema));
  }

  /**
   * Tells what the rows look like. Waits for the first message if none has come yet.
   *
   * @return the columns, in the order in which every batch has them
   * @throws SynthserveException if the stream failed before
   */
  public TableSchema schema() {
    return (TableSchema) info().schema();
  }

  /**
   * Goes through the rows one by one.
   *
   * @return the rows; they can be gone through once, in place of the batches
   * @throws IllegalStateException if the batches were gone through before
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
