package dev.synthserve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.synthserve.v1.GenerateRowsRequest;
import dev.synthserve.v1.GenerateRowsResponse;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.stub.ServerCallStreamObserver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What streams give, and how they go on. */
@Timeout(60)
class RowStreamTest {
  private static RowsRequest.Builder ten() {
    return RowsRequest.builder("table").count(10);
  }

  /** Sends up to three rows and then breaks, until all have come. */
  private static void threeAtATime(
      int call,
      GenerateRowsRequest request,
      ServerCallStreamObserver<GenerateRowsResponse> answer) {
    answer.onNext(Tables.first(request, Math.min(3, request.getCount())));
    if (request.getCount() <= 3) {
      answer.onCompleted();
    } else {
      answer.onError(Errors.raised(Code.UNAVAILABLE));
    }
  }

  private static List<Long> ids(RowStream rows) {
    List<Long> ids = new ArrayList<>();
    rows.rows().forEach(row -> ids.add(row.getLong("id")));
    return ids;
  }

  private static List<Long> upTo(long end) {
    return LongStream.range(0, end).boxed().toList();
  }

  @Test
  void asksForWhatTheRequestSays() {
    List<GenerateRowsRequest> requests = FakeServer.requests();
    try (FakeServer server =
            FakeServer.ofRows(
                requests,
                (call, request, answer) -> {
                  answer.onNext(Tables.first(request, 2));
                  answer.onCompleted();
                });
        Client client = server.client();
        RowStream rows =
            client.rows(
                RowsRequest.builder("table@3")
                    .count(2)
                    .seed(Long.MAX_VALUE)
                    .offset(1L << 60)
                    .where("city", "東京")
                    .where(Map.of("open", "true"))
                    .rowsPerMessage(5)
                    .build())) {
      // The server answers with another version than it was asked for.
      assertEquals(Code.INTERNAL, assertThrows(SynthserveException.class, rows::model).code());
    }
    assertEquals(
        GenerateRowsRequest.newBuilder()
            .setModel("models/table/versions/3")
            .setCount(2)
            .setSeed(Long.MAX_VALUE)
            .setOffset(1L << 60)
            .addConditions(Condition.equalTo("東京").on("city"))
            .addConditions(Condition.equalTo(true).on("open"))
            .setFormat(dev.synthserve.v1.RowFormat.ROW_FORMAT_COLUMNS)
            .setRowsPerMessage(5)
            .build(),
        requests.get(0));
  }

  @Test
  void goesOnWhereItBroke() {
    List<GenerateRowsRequest> requests = FakeServer.requests();
    try (FakeServer server = FakeServer.ofRows(requests, RowStreamTest::threeAtATime);
        Client client = server.client();
        RowStream rows = client.rows(ten().build())) {
      assertEquals(Tables.VERSION, rows.model());
      assertEquals(Tables.SEED, rows.seed());
      assertEquals(Tables.SCHEMA, rows.schema());
      assertEquals(upTo(10), ids(rows));
    }
    assertEquals(4, requests.size());
    assertFalse(requests.get(0).hasSeed());
    GenerateRowsRequest last = requests.get(3);
    assertEquals(
        List.of(Tables.VERSION, Tables.SEED, 9L, 1L),
        List.of(last.getModel(), last.getSeed(), last.getOffset(), last.getCount()));
  }

  @Test
  void aCallThatTheServerDropsIsAskedForAgain() {
    try (FakeServer server =
            FakeServer.ofRows(
                (call, request, answer) -> {
                  if (call < 2) {
                    answer.onError(Status.CANCELLED.asRuntimeException());
                  } else {
                    answer.onNext(Tables.first(request, 10));
                    answer.onCompleted();
                  }
                });
        Client client = server.client();
        RowStream rows = client.rows(ten().build())) {
      assertEquals(upTo(10), ids(rows));
    }
  }

  @Test
  void comesBackToALimitWhenTheServerSays() {
    try (FakeServer server =
            FakeServer.ofRows(
                (call, request, answer) -> {
                  if (call == 0) {
                    answer.onError(
                        Errors.raised(
                            Code.RESOURCE_EXHAUSTED, Errors.retryAfter(Duration.ofMillis(1))));
                  } else {
                    answer.onNext(Tables.first(request, 10));
                    answer.onCompleted();
                  }
                });
        Client client = server.client();
        RowStream rows = client.rows(ten().build())) {
      assertEquals(upTo(10), ids(rows));
    }
  }

  @Test
  void encodedRowsAreOneFileHoweverOftenItBroke() throws IOException {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    try (FakeServer server = FakeServer.ofRows(RowStreamTest::threeAtATime);
        Client client = server.client();
        EncodedRowStream rows = client.encodedRows(ten().build(), RowFormat.CSV)) {
      assertEquals(10, rows.writeTo(file));
      assertEquals(Tables.SCHEMA, rows.schema());
    }
    assertEquals(
        upTo(10).stream().map(Object::toString).collect(Collectors.joining("\n", "id\n", "\n")),
        file.toString(StandardCharsets.UTF_8));
  }

  @Test
  void anEmptyFileHasItsHeader() throws IOException {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    try (FakeServer server = FakeServer.ofRows(RowStreamTest::threeAtATime);
        Client client = server.client();
        EncodedRowStream rows =
            client.encodedRows(RowsRequest.builder("table").count(0).build(), RowFormat.CSV)) {
      assertEquals(0, rows.writeTo(file));
    }
    assertEquals("id\n", file.toString(StandardCharsets.UTF_8));
  }

  @Test
  void anEmptyStreamHasNoBatchAndASchema() {
    try (FakeServer server = FakeServer.ofRows(RowStreamTest::threeAtATime);
        Client client = server.client();
        RowStream rows = client.rows(RowsRequest.builder("table").count(0).build())) {
      Iterator<RowBatch> batches = rows.iterator();
      assertFalse(batches.hasNext());
      assertThrows(NoSuchElementException.class, batches::next);
      assertEquals(Tables.SCHEMA, rows.schema());
    }
  }

  @Test
  void givesUpAndStaysSo() {
    List<GenerateRowsRequest> requests = FakeServer.requests();
    try (FakeServer server =
            FakeServer.ofRows(
                requests,
                (call, request, answer) -> answer.onError(Errors.raised(Code.UNAVAILABLE)));
        Client client = server.client();
        RowStream rows = client.rows(ten().build())) {
      Iterator<RowBatch> batches = rows.iterator();
      SynthserveException error = assertThrows(SynthserveException.class, batches::hasNext);
      assertEquals(Code.UNAVAILABLE, error.code());
      assertSame(error, assertThrows(SynthserveException.class, batches::next));
      assertSame(error, assertThrows(SynthserveException.class, rows::seed));
    }
    assertEquals(4, requests.size());
  }

  @Test
  void anAnswerThatBreaksTheProtocolEndsTheStream() {
    try (FakeServer server =
            FakeServer.ofRows(
                (call, request, answer) -> {
                  answer.onNext(Tables.first(request, 2));
                  answer.onNext(Tables.later(request, 5, 2));
                });
        Client client = server.client();
        RowStream rows = client.rows(ten().build())) {
      Iterator<RowBatch> batches = rows.iterator();
      assertEquals(2, batches.next().rowCount());
      SynthserveException error = assertThrows(SynthserveException.class, batches::hasNext);
      assertEquals(Code.INTERNAL, error.code());
      assertTrue(error.getMessage().contains("expected samples from index 2"), error.getMessage());
    }
  }

  @Test
  void columnsThatDoNotFitEndTheStream() {
    try (FakeServer server =
            FakeServer.ofRows(
                (call, request, answer) -> {
                  answer.onNext(Tables.first(request, 2).toBuilder().clearColumns().build());
                  answer.onNext(Tables.later(request, 2, 8));
                  answer.onCompleted();
                });
        Client client = server.client();
        RowStream rows = client.rows(ten().build())) {
      Iterator<RowBatch> batches = rows.iterator();
      assertThrows(SynthserveException.class, batches::hasNext);
      assertThrows(SynthserveException.class, batches::hasNext);
    }
  }

  @Test
  void anErrorAfterTheLastRowDoesNotMatter() {
    try (FakeServer server =
            FakeServer.ofRows(
                (call, request, answer) -> {
                  answer.onNext(Tables.first(request, 10));
                  answer.onError(Errors.raised(Code.UNAVAILABLE));
                });
        Client client = server.client();
        RowStream rows = client.rows(ten().build())) {
      assertEquals(upTo(10), ids(rows));
    }
  }

  @Test
  void canBeGoneThroughOnce() {
    try (FakeServer server = FakeServer.ofRows(RowStreamTest::threeAtATime);
        Client client = server.client();
        RowStream rows = client.rows(ten().build())) {
      assertEquals(10, rows.stream().mapToInt(RowBatch::rowCount).sum());
      assertThrows(IllegalStateException.class, rows::iterator);
      assertThrows(IllegalStateException.class, rows::rows);
    }
  }
}
