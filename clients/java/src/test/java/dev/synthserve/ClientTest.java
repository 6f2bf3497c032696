package dev.synthserve;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.rpc.RetryInfo;
import dev.synthserve.v1.GenerateImagesRequest;
import dev.synthserve.v1.GenerateImagesResponse;
import dev.synthserve.v1.GetModelRequest;
import dev.synthserve.v1.GetModelResponse;
import dev.synthserve.v1.ImageSchema;
import dev.synthserve.v1.ImageStreamInfo;
import dev.synthserve.v1.ListModelsRequest;
import dev.synthserve.v1.ListModelsResponse;
import dev.synthserve.v1.Model;
import dev.synthserve.v1.ModelServiceGrpc.ModelServiceImplBase;
import io.grpc.Status.Code;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models, images, tokens. */
@Timeout(60)
class ClientTest {
  private static Model model(int number) {
    return Model.newBuilder().setVersion("models/m" + number + "/versions/1").build();
  }

  /** Three pages of two models; every first attempt fails. */
  private static final class Models extends ModelServiceImplBase {
    final List<ListModelsRequest> listed = new ArrayList<>();
    private boolean down;

    @Override
    public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> answer) {
      down = !down;
      if (down) {
        answer.onError(Errors.raised(Code.UNAVAILABLE));
        return;
      }
      listed.add(request);
      int page = request.getPageToken().isEmpty() ? 0 : Integer.parseInt(request.getPageToken());
      answer.onNext(
          ListModelsResponse.newBuilder()
              .addModels(model(2 * page))
              .addModels(model(2 * page + 1))
              .setNextPageToken(page == 2 ? "" : Integer.toString(page + 1))
              .build());
      answer.onCompleted();
    }

    @Override
    public void getModel(GetModelRequest request, StreamObserver<GetModelResponse> answer) {
      if (request.getName().equals("models/m1")) {
        answer.onNext(GetModelResponse.newBuilder().setModel(model(1)).build());
        answer.onCompleted();
      } else {
        answer.onError(Errors.raised(Code.NOT_FOUND, Errors.reason("MODEL_NOT_FOUND")));
      }
    }
  }

  @Test
  void listsTheModelsOfAllPages() {
    Models models = new Models();
    try (FakeServer server = FakeServer.of(models);
        Client client = server.client()) {
      assertEquals(
          List.of(model(0), model(1), model(2), model(3), model(4), model(5)), client.models());
      assertEquals(6, client.models(Duration.ofMinutes(1)).size());
    }
    assertEquals(
        List.of("", "1", "2", "", "1", "2"),
        models.listed.stream().map(ListModelsRequest::getPageToken).toList());
  }

  @Test
  void describesAModel() {
    try (FakeServer server = FakeServer.of(new Models());
        Client client = server.client()) {
      assertEquals(model(1), client.model("m1"));
      SynthserveException none =
          assertThrows(SynthserveException.class, () -> client.model("m2", Duration.ofMinutes(1)));
      assertEquals("MODEL_NOT_FOUND", none.reason());
      assertThrows(SynthserveException.class, () -> client.model("m1@"));
    }
  }

  @Test
  void aUnaryCallIsGivenUpAfterItsAttempts() {
    try (FakeServer server = FakeServer.of(new Models());
        Client client = server.client(RetryPolicy.none())) {
      assertEquals(
          Code.UNAVAILABLE, assertThrows(SynthserveException.class, client::models).code());
    }
  }

  @Test
  void imagesComeOneByOne() {
    ImageSchema schema = ImageSchema.newBuilder().setHeight(1).setWidth(1).setChannels(1).build();
    List<GenerateImagesRequest> requests = new ArrayList<>();
    try (FakeServer server =
            FakeServer.ofImages(
                (call, request, answer) -> {
                  requests.add(request);
                  GenerateImagesResponse.Builder response =
                      GenerateImagesResponse.newBuilder()
                          .setInfo(
                              ImageStreamInfo.newBuilder()
                                  .setModel("models/m/versions/1")
                                  .setSeed(7)
                                  .setSchema(schema))
                          .setFirstIndex(request.getOffset());
                  for (long image = 0; image < 2; image++) {
                    response.addImages(
                        ByteString.copyFrom(new byte[] {(byte) (request.getOffset() + image)}));
                  }
                  answer.onNext(response.build());
                  answer.onError(Errors.raised(Code.UNAVAILABLE));
                });
        Client client = server.client();
        ImageStream images =
            client.images(
                ImagesRequest.builder("m")
                    .count(4)
                    .offset(10)
                    .format(ImageFormat.JPEG)
                    .jpegQuality(80)
                    .imagesPerMessage(2)
                    .build())) {
      assertEquals(schema, images.schema());
      long index = 10;
      for (Image image : images) {
        assertEquals(index, image.index());
        assertArrayEquals(new byte[] {(byte) index}, image.data().toByteArray());
        index++;
      }
      assertEquals(14, index);
    }
    GenerateImagesRequest resumed = requests.get(1);
    assertEquals(
        GenerateImagesRequest.newBuilder()
            .setModel("models/m/versions/1")
            .setSeed(7)
            .setOffset(12)
            .setCount(2)
            .setFormat(dev.synthserve.v1.ImageFormat.IMAGE_FORMAT_JPEG)
            .setJpegQuality(80)
            .setImagesPerMessage(2)
            .build(),
        resumed);
  }

  @Test
  void asksForATokenForEachAttempt() {
    AtomicInteger asked = new AtomicInteger();
    try (FakeServer server = FakeServer.of(new Models());
        Client client = server.client(new BearerToken(() -> "token " + asked.incrementAndGet()))) {
      client.models();
    }
    assertEquals(6, asked.get());
  }

  @Test
  void givesTheCallerWhatTheTokensSourceThrows() {
    IllegalStateException mine = new IllegalStateException("no token today");
    try (FakeServer server = FakeServer.ofRows((call, request, answer) -> {});
        Client client =
            server.client(
                new BearerToken(
                    () -> {
                      throw mine;
                    }));
        RowStream rows = client.rows(RowsRequest.builder("table").build())) {
      assertSame(mine, assertThrows(IllegalStateException.class, rows::seed));
    }
  }

  @Test
  void refusesATokenThatNoHeaderHoldsWithoutRepeatingIt() {
    for (String token :
        new String[] {
          "",
          " ",
          "\uFEFF",
          "secret\nline",
          "secret\uFEFF",
          "\uFEFF\uFEFFsecret",
          "secret\u00a0",
          "secret\0",
          "geheimnisträger"
        }) {
      ClientBuilder builder = Client.builder("localhost:1");
      SynthserveException refused =
          assertThrows(SynthserveException.class, () -> builder.token(token));
      assertEquals("token", refused.fieldViolations().get(0).getField());
      assertFalse(refused.getMessage().contains("secret"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"a b", "\uFEFFa b", "a b \t\r\n", "\uFEFFa b\r\n", "\na b\n\n"})
  void leavesOutWhatEditorsPutAroundAToken(String file) {
    assertEquals("a b", BearerToken.checked(file));
  }

  @Test
  void refusesATokenThatItsSourceDoesNotGive() {
    try (FakeServer server = FakeServer.of(new Models());
        Client client = server.client(new BearerToken(() -> null))) {
      SynthserveException refused = assertThrows(SynthserveException.class, client::models);
      assertEquals("token", refused.fieldViolations().get(0).getField());
    }
  }

  @Test
  void namesArgumentsThatAreMissing() {
    Client client = Client.builder("localhost:1").build();
    Map<String, Executable> missing =
        Map.of(
            "target", () -> Client.builder(null),
            "model", () -> client.model(null),
            "timeout", () -> client.models((Duration) null),
            "view", () -> client.models((ModelView) null),
            "token", () -> Client.builder("localhost:1").token((String) null),
            "conditions", () -> RowsRequest.builder("m").where(null),
            "maxBackoff", () -> new RetryPolicy(1, 1, Duration.ZERO, null, 1));
    missing.forEach(
        (name, call) ->
            assertEquals(name, assertThrows(NullPointerException.class, call).getMessage()));
    client.close();
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MIN_VALUE, -1, 0, Long.MAX_VALUE})
  void takesEveryTimeout(long seconds) {
    Duration timeout = Duration.ofSeconds(seconds, seconds == Long.MAX_VALUE ? 999_999_999 : 0);
    try (FakeServer server = FakeServer.of(new Models());
        Client client = server.client()) {
      if (seconds > 0) {
        assertEquals(6, client.models(timeout).size());
        assertEquals(model(1), client.model("m1", timeout));
      } else {
        SynthserveException late =
            assertThrows(SynthserveException.class, () -> client.models(timeout));
        assertEquals(Code.DEADLINE_EXCEEDED, late.code());
        assertTrue(
            late.getMessage().startsWith("not done within " + seconds + " s"), late.getMessage());
      }
    }
  }

  @Test
  void doesNotBeginAWaitThatNoClockCanMeasure() {
    RetryInfo delay =
        RetryInfo.newBuilder()
            .setRetryDelay(
                com.google.protobuf.Duration.newBuilder()
                    .setSeconds(Long.MAX_VALUE)
                    .setNanos(Integer.MAX_VALUE))
            .build();
    try (FakeServer server =
            FakeServer.ofRows(
                (call, request, answer) ->
                    answer.onError(Errors.raised(Code.RESOURCE_EXHAUSTED, delay)));
        Client client = server.client();
        RowStream rows =
            client.rows(
                RowsRequest.builder("table").timeout(ChronoUnit.FOREVER.getDuration()).build())) {
      SynthserveException late = assertThrows(SynthserveException.class, rows::seed);
      assertEquals(Code.DEADLINE_EXCEEDED, late.code());
      assertTrue(
          late.getMessage().startsWith("not done within 9223372036854775807.999999999 s;"),
          late.getMessage());
    }
  }

  @Test
  void refusesToSendATokenInPlainTextToAnotherMachine() {
    ClientBuilder builder = Client.builder("example.org:1").token("secret");
    SynthserveException refused = assertThrows(SynthserveException.class, builder::build);
    assertEquals("token", refused.fieldViolations().get(0).getField());
    builder.allowInsecureToken().build().close();
    Client.builder("example.org:1").token("secret").tls().build().close();
    Client.builder("localhost:1").token("secret").build().close();
  }
}
