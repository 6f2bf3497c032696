package dev.synthserve;

import com.google.protobuf.ByteString;
import dev.synthserve.v1.Column;
import dev.synthserve.v1.ColumnBatch;
import dev.synthserve.v1.ColumnType;
import dev.synthserve.v1.ColumnValues;
import dev.synthserve.v1.GenerateRowsRequest;
import dev.synthserve.v1.GenerateRowsResponse;
import dev.synthserve.v1.Int64Values;
import dev.synthserve.v1.RowFormat;
import dev.synthserve.v1.RowStreamInfo;
import dev.synthserve.v1.TableSchema;
import java.util.stream.LongStream;

/** A table whose only column holds the index of each row. */
final class Tables {
  static final String VERSION = "models/table/versions/1";
  static final long SEED = 7;
  static final TableSchema SCHEMA =
      TableSchema.newBuilder()
          .addColumns(Column.newBuilder().setName("id").setType(ColumnType.COLUMN_TYPE_INT64))
          .build();

  private Tables() {}

  /** The first response to a request. */
  static GenerateRowsResponse first(GenerateRowsRequest request, long size) {
    RowStreamInfo info =
        RowStreamInfo.newBuilder()
            .setModel(VERSION)
            .setSeed(request.hasSeed() ? request.getSeed() : SEED)
            .setSchema(SCHEMA)
            .setPreamble(ByteString.copyFromUtf8("id\n"))
            .build();
    return later(request, request.getOffset(), size).toBuilder().setInfo(info).build();
  }

  /** A response that is not the first. */
  static GenerateRowsResponse later(GenerateRowsRequest request, long index, long size) {
    GenerateRowsResponse.Builder response =
        GenerateRowsResponse.newBuilder().setFirstIndex(index).setRowCount(size);
    LongStream values = LongStream.range(index, index + size);
    if (request.getFormat() == RowFormat.ROW_FORMAT_COLUMNS) {
      Int64Values.Builder column = Int64Values.newBuilder();
      values.forEach(column::addValues);
      return response
          .setColumns(
              ColumnBatch.newBuilder().addColumns(ColumnValues.newBuilder().setInt64S(column)))
          .build();
    }
    StringBuilder lines = new StringBuilder();
    values.forEach(value -> lines.append(value).append('\n'));
    return response.setData(ByteString.copyFromUtf8(lines.toString())).build();
  }
}
