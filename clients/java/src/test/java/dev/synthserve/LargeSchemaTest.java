package dev.synthserve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.synthserve.v1.CategoryCodes;
import dev.synthserve.v1.CategoryPart;
import dev.synthserve.v1.Column;
import dev.synthserve.v1.ColumnBatch;
import dev.synthserve.v1.ColumnType;
import dev.synthserve.v1.ColumnValues;
import dev.synthserve.v1.GenerateRowsRequest;
import dev.synthserve.v1.GenerateRowsResponse;
import dev.synthserve.v1.RowStreamInfo;
import dev.synthserve.v1.SchemaPart;
import dev.synthserve.v1.TableSchema;
import io.grpc.Status.Code;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Streams whose schema and preamble come in parts. */
@Timeout(60)
class LargeSchemaTest {
  private static final List<String> CITIES = List.of("Oslo", "Rome", "Graz", "東京");

  private static Column.Builder city() {
    return Column.newBuilder()
        .setName("city")
        .setType(ColumnType.COLUMN_TYPE_CATEGORY)
        .setCategoryCount(4);
  }

  private static GenerateRowsResponse.Builder first(int parts, String... categories) {
    return GenerateRowsResponse.newBuilder()
        .setInfo(
            RowStreamInfo.newBuilder()
                .setModel(Tables.VERSION)
                .setSeed(Tables.SEED)
                .setSchema(
                    TableSchema.newBuilder()
                        .addColumns(city().addAllCategories(List.of(categories))))
                .setPreamble(ByteString.copyFromUtf8("a"))
                .setPartCount(parts));
  }

  private static SchemaPart.Builder categories(int index, String... categories) {
    return SchemaPart.newBuilder()
        .addColumns(
            CategoryPart.newBuilder().setIndex(index).addAllCategories(List.of(categories)));
  }

  private static GenerateRowsResponse.Builder part(SchemaPart.Builder part) {
    return GenerateRowsResponse.newBuilder().setPart(part);
  }

  private static GenerateRowsResponse.Builder part(int index, String... categories) {
    return part(categories(index, categories));
  }

  private static GenerateRowsResponse.Builder row(long index, int code) {
    return GenerateRowsResponse.newBuilder()
        .setFirstIndex(index)
        .setRowCount(1)
        .setColumns(
            ColumnBatch.newBuilder()
                .addColumns(
                    ColumnValues.newBuilder()
                        .setCategories(CategoryCodes.newBuilder().addCodes(code))));
  }

  /** A server that gives one row for each call, the city of the number of its index, and breaks. */
  private static FakeServer oneRowPerCall(List<GenerateRowsRequest> requests) {
    return FakeServer.ofRows(
        requests,
        (call, request, answer) -> {
          long next = request.getOffset();
          ByteString more = ByteString.copyFromUtf8("b");
          answer.onNext(first(2, "Oslo").setFirstIndex(next).build());
          if (call == 1) {
            answer.onError(Errors.raised(Code.UNAVAILABLE));
            return;
          }
          answer.onNext(part(categories(0, "Rome").setPreamble(more)).build());
          answer.onNext(part(categories(0, "Graz", "東京").setPreamble(more)).build());
          GenerateRowsResponse.Builder row = row(next, (int) next);
          if (request.getFormat() != dev.synthserve.v1.RowFormat.ROW_FORMAT_COLUMNS) {
            row.setData(ByteString.copyFromUtf8(Long.toString(next)));
          }
          answer.onNext(row.build());
          answer.onError(Errors.raised(Code.UNAVAILABLE));
        });
  }

  @Test
  void isWholeBeforeTheFirstRow() {
    List<GenerateRowsRequest> requests = FakeServer.requests();
    try (FakeServer server = oneRowPerCall(requests);
        Client client = server.client();
        RowStream rows = client.rows(RowsRequest.builder("table").count(4).build())) {
      assertEquals(CITIES, rows.schema().getColumns(0).getCategoriesList());
      assertEquals(CITIES, rows.stream().map(batch -> batch.column("city").value(0)).toList());
      assertEquals(CITIES, rows.schema().getColumns(0).getCategoriesList());
    }
    assertEquals(
        List.of(0L, 1L, 1L, 2L, 3L),
        requests.stream().map(GenerateRowsRequest::getOffset).toList());
  }

  @Test
  void aResumedFileHasOnePreamble() throws IOException {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    try (FakeServer server = oneRowPerCall(FakeServer.requests());
        Client client = server.client();
        EncodedRowStream rows =
            client.encodedRows(RowsRequest.builder("table").count(4).build(), RowFormat.ARROW)) {
      assertEquals(4, rows.writeTo(file));
      assertEquals(CITIES, rows.schema().getColumns(0).getCategoriesList());
    }
    assertEquals("abb0123", file.toString(StandardCharsets.UTF_8));
  }

  private static Arguments refused(String why, GenerateRowsResponse.Builder... responses) {
    return Arguments.of(
        why, Stream.of(responses).map(GenerateRowsResponse.Builder::build).toList());
  }

  private static Stream<Arguments> refused() {
    GenerateRowsResponse.Builder whole = first(0, "a", "b", "c", "d");
    SchemaPart.Builder condition =
        SchemaPart.newBuilder()
            .addConditions(CategoryPart.newBuilder().setIndex(0).addCategories("x"));
    return Stream.of(
        refused("0 of its 4 categories", first(0)),
        refused("3 of its 4 categories", first(1, "a"), part(0, "b", "c")),
        refused("more categories", first(1, "a"), part(0, "b", "c", "d", "e")),
        refused("more categories", first(1, "a", "b", "c", "d", "e"), part(0, "f")),
        refused("5 of its 4 categories", first(0, "a", "b", "c", "d", "e")),
        refused("number 1 of 1", first(1, "a"), part(1, "b", "c", "d")),
        refused("number -1 of 1", first(1, "a"), part(-1, "b", "c", "d")),
        refused("no conditions", first(1, "a", "b", "c", "d"), part(condition)),
        refused("1 parts of the schema are missing", first(2, "a"), part(0, "b", "c", "d")),
        refused("2 parts of the schema are missing", first(2, "a"), row(0, 0)),
        refused("1 parts of the schema are missing", first(1, "a"), part(0, "b").setRowCount(1)),
        refused("before the whole schema", first(1, "a").setRowCount(1), part(0, "b", "c", "d")),
        refused("not announced", whole, part(0, "e")),
        refused("not announced", first(0, "a", "b", "c", "d").setPart(categories(0))));
  }

  @ParameterizedTest
  @MethodSource("refused")
  void partsThatBreakTheRulesEndTheStream(String why, List<GenerateRowsResponse> responses) {
    List<GenerateRowsRequest> requests = FakeServer.requests();
    try (FakeServer server =
            FakeServer.ofRows(
                requests,
                (call, request, answer) -> {
                  responses.forEach(answer::onNext);
                  answer.onCompleted();
                });
        Client client = server.client();
        RowStream rows = client.rows(RowsRequest.builder("table").count(4).build())) {
      SynthserveException error =
          assertThrows(SynthserveException.class, () -> rows.iterator().hasNext());
      assertEquals(Code.INTERNAL, error.code());
      assertTrue(error.getMessage().contains(why), error.getMessage());
    }
    assertEquals(1, requests.size());
  }

  @Test
  void aServerThatDoesNotCountCategoriesIsBelieved() {
    TableSchema schema =
        TableSchema.newBuilder()
            .addColumns(city().clearCategoryCount().addCategories("Oslo"))
            .build();
    try (FakeServer server =
            FakeServer.ofRows(
                (call, request, answer) -> {
                  GenerateRowsResponse.Builder response = first(0);
                  response.getInfoBuilder().setSchema(schema);
                  answer.onNext(response.build());
                  answer.onCompleted();
                });
        Client client = server.client();
        RowStream rows = client.rows(RowsRequest.builder("table").count(0).build())) {
      assertFalse(rows.iterator().hasNext());
      assertEquals(schema, rows.schema());
    }
  }
}
