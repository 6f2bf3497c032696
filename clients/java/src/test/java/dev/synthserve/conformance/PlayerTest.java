package dev.synthserve.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.Gson;
import com.google.protobuf.ByteString;
import dev.synthserve.Client;
import dev.synthserve.v1.Column;
import dev.synthserve.v1.ColumnBatch;
import dev.synthserve.v1.ColumnType;
import dev.synthserve.v1.ColumnValues;
import dev.synthserve.v1.Condition;
import dev.synthserve.v1.ConditionKind;
import dev.synthserve.v1.ConditionSpec;
import dev.synthserve.v1.DateValues;
import dev.synthserve.v1.GenerateRowsRequest;
import dev.synthserve.v1.GenerateRowsResponse;
import dev.synthserve.v1.GenerationServiceGrpc.GenerationServiceImplBase;
import dev.synthserve.v1.GetModelRequest;
import dev.synthserve.v1.GetModelResponse;
import dev.synthserve.v1.Model;
import dev.synthserve.v1.ModelServiceGrpc.ModelServiceImplBase;
import dev.synthserve.v1.RowStreamInfo;
import dev.synthserve.v1.StringValues;
import dev.synthserve.v1.TableSchema;
import dev.synthserve.v1.TimestampValues;
import dev.synthserve.v1.ValueRange;
import dev.synthserve.v1.ValueSet;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the conformance runner asks, and what it makes of the answers. */
@Timeout(60)
class PlayerTest {
  private static final String VERSION = "models/m/versions/1";

  private static final TableSchema SCHEMA =
      TableSchema.newBuilder()
          .addColumns(column("name", ColumnType.COLUMN_TYPE_STRING))
          .addColumns(column("born", ColumnType.COLUMN_TYPE_DATE))
          .addColumns(column("seen", ColumnType.COLUMN_TYPE_TIMESTAMP).setUtc(true))
          .addColumns(column("due", ColumnType.COLUMN_TYPE_TIMESTAMP))
          .build();

  private static final ColumnBatch ROWS =
      ColumnBatch.newBuilder()
          .addColumns(
              ColumnValues.newBuilder()
                  .setStrings(
                      StringValues.newBuilder()
                          .addAllOffsets(List.of(0, 2, 2))
                          .setData(ByteString.copyFromUtf8("é")))
                  .addAllValidity(List.of(true, false)))
          .addColumns(
              ColumnValues.newBuilder()
                  .setDates(DateValues.newBuilder().addDays(-719_162).addDays(2_932_896)))
          .addColumns(timestamps(-62_135_596_800_000_000L, 253_402_300_799_999_999L))
          .addColumns(timestamps(-1, 1))
          .build();

  private final List<GenerateRowsRequest> requests = new ArrayList<>();
  private Server server;
  private Client client;

  private static Column.Builder column(String name, ColumnType type) {
    return Column.newBuilder().setName(name).setType(type);
  }

  private static ColumnValues.Builder timestamps(long... micros) {
    TimestampValues.Builder values = TimestampValues.newBuilder();
    for (long value : micros) {
      values.addMicroseconds(value);
    }
    return ColumnValues.newBuilder().setTimestamps(values);
  }

  @BeforeEach
  void start() throws IOException {
    server =
        Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
            .addService(new Generation())
            .addService(new Models())
            .build()
            .start();
    client = Client.builder("localhost:" + server.getPort()).build();
  }

  @AfterEach
  void stop() {
    client.close();
    server.shutdownNow();
  }

  private Map<String, Object> play(String asked) throws IOException {
    return new Player(new Gson().fromJson(asked, Case.class), client, () -> {}).play();
  }

  @Test
  void conditionsAreSentAsThePlayWritesThem() throws IOException {
    play(
        """
        {"name": "a", "call": "rows", "model": "m", "count": "2",
         "where": {"a": "1", "b": ["x", null], "c": {"low": "30", "high": "40"},
                   "d": {"high": "9"}, "e": null, "f": {"missing": false}}}
        """);
    assertEquals(
        List.of(
            Condition.newBuilder().setColumn("a").setEquals("1").build(),
            Condition.newBuilder()
                .setColumn("b")
                .setAnyOf(ValueSet.newBuilder().addValues("x").setMissing(true))
                .build(),
            Condition.newBuilder()
                .setColumn("c")
                .setBetween(ValueRange.newBuilder().setLow("30").setHigh("40"))
                .build(),
            Condition.newBuilder()
                .setColumn("d")
                .setBetween(ValueRange.newBuilder().setHigh("9"))
                .build(),
            Condition.newBuilder().setColumn("e").setMissing(true).build(),
            Condition.newBuilder().setColumn("f").setMissing(false).build()),
        requests.get(0).getConditionsList());
  }

  @Test
  void valuesAreDigestedInTheirBytes() throws IOException {
    assertEquals(
        Map.of(
            "samples",
            "2",
            "sha256",
            "69d2466c4325b0e1e41c3f077cdf2c6d004de28046acac3203392a78b733672c",
            "model",
            VERSION,
            "seed",
            "7"),
        play("{'name': 'a', 'call': 'rows', 'model': 'm', 'count': '2', 'seed': '7'}"));
  }

  @Test
  void modelsAreDescribed() throws IOException {
    Map<String, Object> said = play("{'name': 'a', 'call': 'model', 'model': 'm'}");
    assertEquals(
        List.of("string", "date", "timestamp_utc", "timestamp", "category"), said.get("types"));
    assertEquals(List.of("code", "set", "range"), said.get("condition_kinds"));
    assertEquals(List.of(0, 0, 0, 0, 2), said.get("category_counts"));
  }

  private final class Generation extends GenerationServiceImplBase {
    @Override
    public void generateRows(
        GenerateRowsRequest request, StreamObserver<GenerateRowsResponse> answer) {
      requests.add(request);
      answer.onNext(
          GenerateRowsResponse.newBuilder()
              .setInfo(
                  RowStreamInfo.newBuilder()
                      .setModel(VERSION)
                      .setSeed(request.getSeed())
                      .setSchema(SCHEMA))
              .setRowCount(2)
              .setColumns(ROWS)
              .build());
      answer.onCompleted();
    }
  }

  private static final class Models extends ModelServiceImplBase {
    @Override
    public void getModel(GetModelRequest request, StreamObserver<GetModelResponse> answer) {
      Model model =
          Model.newBuilder()
              .setVersion(VERSION)
              .setTable(
                  SCHEMA.toBuilder()
                      .addColumns(
                          column("city", ColumnType.COLUMN_TYPE_CATEGORY)
                              .addCategories("Oslo")
                              .addCategories("Rome")
                              .setCategoryCount(2)))
              .addConditions(ConditionSpec.newBuilder().setColumn("name"))
              .addConditions(
                  ConditionSpec.newBuilder()
                      .setColumn("city")
                      .setKind(ConditionKind.CONDITION_KIND_SET))
              .addConditions(
                  ConditionSpec.newBuilder()
                      .setColumn("born")
                      .setKind(ConditionKind.CONDITION_KIND_RANGE))
              .build();
      answer.onNext(GetModelResponse.newBuilder().setModel(model).build());
      answer.onCompleted();
    }
  }
}
