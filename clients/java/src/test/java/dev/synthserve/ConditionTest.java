package dev.synthserve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.synthserve.v1.GenerateImagesRequest;
import dev.synthserve.v1.GenerateImagesResponse;
import dev.synthserve.v1.GenerateRowsRequest;
import dev.synthserve.v1.ImageStreamInfo;
import dev.synthserve.v1.ValueRange;
import dev.synthserve.v1.ValueSet;
import io.grpc.Status.Code;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Conditions, from what a program writes to what is sent. */
@Timeout(60)
class ConditionTest {
  private static dev.synthserve.v1.Condition.Builder message() {
    return dev.synthserve.v1.Condition.newBuilder().setColumn("c");
  }

  private static ValueSet.Builder set(String... values) {
    return ValueSet.newBuilder().addAllValues(List.of(values));
  }

  private static Stream<Arguments> forms() {
    return Stream.of(
        Arguments.of(Condition.equalTo("AT"), message().setEquals("AT")),
        Arguments.of(Condition.equalTo(""), message().setEquals("")),
        Arguments.of(Condition.equalTo(0.5), message().setEquals("0.5")),
        Arguments.of(Condition.anyOf("AT", 7, true), message().setAnyOf(set("AT", "7", "true"))),
        Arguments.of(Condition.anyOf("AT", null), message().setAnyOf(set("AT").setMissing(true))),
        Arguments.of(Condition.anyOf(List.of("AT", "DE")), message().setAnyOf(set("AT", "DE"))),
        Arguments.of(
            Condition.anyOf(Arrays.asList((Object) null)),
            message().setAnyOf(set().setMissing(true))),
        Arguments.of(
            Condition.between(30, 40.5),
            message().setBetween(ValueRange.newBuilder().setLow("30").setHigh("40.5"))),
        Arguments.of(
            Condition.between(LocalDate.of(2024, 2, 29), null),
            message().setBetween(ValueRange.newBuilder().setLow("2024-02-29"))),
        Arguments.of(
            Condition.between(null, Instant.EPOCH),
            message().setBetween(ValueRange.newBuilder().setHigh("1970-01-01T00:00:00Z"))),
        Arguments.of(Condition.missing(), message().setMissing(true)),
        Arguments.of(Condition.present(), message().setMissing(false)));
  }

  @ParameterizedTest
  @MethodSource("forms")
  void isSentInItsForm(Condition condition, dev.synthserve.v1.Condition.Builder sent) {
    assertEquals(sent.build(), condition.on("c"));
  }

  private static Stream<Condition> impossible() {
    return Stream.of(
        Condition.equalTo(Double.NaN),
        Condition.equalTo(new Object()),
        Condition.anyOf(),
        Condition.anyOf("a", LocalDate.MAX),
        Condition.between(null, null),
        Condition.between(0, Double.POSITIVE_INFINITY),
        Condition.between(Instant.ofEpochSecond(0, 1), null));
  }

  @ParameterizedTest
  @MethodSource("impossible")
  void isRefusedByTheNameOfItsColumn(Condition condition) {
    RowsRequest.Builder request = RowsRequest.builder("m");
    SynthserveException refused =
        assertThrows(SynthserveException.class, () -> request.where("seen", condition));
    assertEquals(Code.INVALID_ARGUMENT, refused.code());
    assertEquals("conditions[seen]", refused.fieldViolations().get(0).getField());
  }

  @Test
  void keepsTheValuesThatItWasGiven() {
    List<String> values = new ArrayList<>(List.of("AT"));
    Condition condition = Condition.anyOf(values);
    values.add("DE");
    assertEquals(message().setAnyOf(set("AT")).build(), condition.on("c"));
  }

  @Test
  void needsAValueToEqual() {
    assertThrows(NullPointerException.class, () -> Condition.equalTo(null));
    assertThrows(
        NullPointerException.class, () -> RowsRequest.builder("m").where("c", (Object) null));
  }

  @Test
  void holdsForAllCallsOfAStreamOncePerColumn() {
    List<GenerateRowsRequest> requests = FakeServer.requests();
    RowsRequest asked =
        RowsRequest.builder("table")
            .count(2)
            .where("city", "Oslo")
            .where("age", Condition.between(30, 40))
            .where(Map.of("city", Condition.anyOf("Oslo", "東京")))
            .where("seen", Condition.present())
            .build();
    try (FakeServer server =
            FakeServer.ofRows(
                requests,
                (call, request, answer) -> {
                  answer.onNext(Tables.first(request, 1));
                  answer.onError(Errors.raised(Code.UNAVAILABLE));
                });
        Client client = server.client();
        RowStream rows = client.rows(asked)) {
      assertEquals(2, rows.stream().count());
    }
    List<dev.synthserve.v1.Condition> sent =
        List.of(
            Condition.anyOf("Oslo", "東京").on("city"),
            Condition.between(30, 40).on("age"),
            Condition.present().on("seen"));
    assertEquals(
        List.of(sent, sent),
        requests.stream().map(GenerateRowsRequest::getConditionsList).toList());
  }

  @Test
  void holdsForImages() {
    List<GenerateImagesRequest> requests = new ArrayList<>();
    try (FakeServer server =
            FakeServer.ofImages(
                (call, request, answer) -> {
                  requests.add(request);
                  answer.onNext(
                      GenerateImagesResponse.newBuilder()
                          .setInfo(ImageStreamInfo.newBuilder().setModel("models/m/versions/1"))
                          .build());
                  answer.onCompleted();
                });
        Client client = server.client();
        ImageStream images =
            client.images(
                ImagesRequest.builder("m")
                    .count(0)
                    .where("digit", Condition.anyOf(3, 7))
                    .build())) {
      assertEquals(0, images.stream().count());
    }
    assertEquals(
        List.of(Condition.anyOf("3", "7").on("digit")), requests.get(0).getConditionsList());
  }
}
