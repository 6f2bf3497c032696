package dev.synthserve;

import com.google.protobuf.ByteString;
import dev.synthserve.v1.GenerateRowsResponse;
import dev.synthserve.v1.TableSchema;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;

/** Rows as the bytes of a file, piece by piece; see {@link Client#encodedRows}. */
public final class EncodedRowStream extends SampleStream<RowChunk> {
  private EncodedRowStream(ResumingCall<?, ?, RowChunk> call) {
    super(call);
  }

  static EncodedRowStream open(Connection connection, RowsRequest request, RowFormat format) {
    var method =
        StreamMethod.rows(
            request, format.wire, (response, info, first) -> List.of(chunk(response, first)));
    return new EncodedRowStream(new ResumingCall<>(connection, method, request));
  }

  private static RowChunk chunk(GenerateRowsResponse response, boolean first) {
    // After a resume, the repeated preamble is not part of the file.
    ByteString preamble = first ? response.getInfo().getPreamble() : ByteString.EMPTY;
    return new RowChunk(
        response.getFirstIndex(), response.getRowCount(), preamble.concat(response.getData()));
  }

  /**
   * Returns the schema of the rows. Waits for the first response if necessary.
   *
   * @return the columns, in their order in the file
   * @throws SynthserveException if the stream failed before the first response
   */
  public TableSchema schema() {
    return (TableSchema) info().schema();
  }

  /**
   * Writes the whole stream.
   *
   * @param out the destination; it is not closed
   * @return the number of rows written
   * @throws IOException if {@code out} fails
   * @throws SynthserveException if the stream fails
   * @throws IllegalStateException if the stream was iterated before
   */
  public long writeTo(OutputStream out) throws IOException {
    long rows = 0;
    for (RowChunk chunk : this) {
      chunk.data().writeTo(out);
      rows += chunk.rowCount();
    }
    return rows;
  }
}
