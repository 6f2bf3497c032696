package dev.synthserve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.ByteString;
import com.google.rpc.ResourceInfo;
import dev.synthserve.v1.CategoryCodes;
import dev.synthserve.v1.Column;
import dev.synthserve.v1.ColumnBatch;
import dev.synthserve.v1.ColumnType;
import dev.synthserve.v1.ColumnValues;
import dev.synthserve.v1.DoubleValues;
import dev.synthserve.v1.GenerateImagesRequest;
import dev.synthserve.v1.GenerateImagesResponse;
import dev.synthserve.v1.GenerateRowsRequest;
import dev.synthserve.v1.GenerateRowsResponse;
import dev.synthserve.v1.GenerationServiceGrpc.GenerationServiceImplBase;
import dev.synthserve.v1.GetModelRequest;
import dev.synthserve.v1.GetModelResponse;
import dev.synthserve.v1.ImageSchema;
import dev.synthserve.v1.ImageStreamInfo;
import dev.synthserve.v1.Model;
import dev.synthserve.v1.ModelServiceGrpc.ModelServiceImplBase;
import dev.synthserve.v1.RowStreamInfo;
import dev.synthserve.v1.TableSchema;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.ServerCredentials;
import io.grpc.Status.Code;
import io.grpc.TlsServerCredentials;
import io.grpc.TlsServerCredentials.ClientAuth;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What README.md shows, to the letter: the repository's tests/unit/docs holds the two together. */
@Timeout(60)
class ReadmeTest {
  @TempDir private Path folder;
  private Server server;

  private static void rows(String target) {
    RowsRequest request = RowsRequest.builder("iris-vae").count(1_000).seed(7).build();
    try (Client client = Client.builder(target).build(); // Such as "localhost:50051".
        RowStream rows = client.rows(request)) {
      System.out.println(rows.model() + ", seed " + rows.seed());
      for (Row row : rows.rows()) {
        System.out.println(row.getString("species") + " " + row.getDouble("petal_length"));
      }
    }
  }

  private static RowsRequest conditions() {
    return RowsRequest.builder("visits")
        .where("smoker", false) // A value: text, a number, a boolean, a date or a timestamp.
        .where("country", Condition.anyOf("AT", "DE", null)) // One of these; null: or missing.
        .where("age", Condition.between(30, 40)) // A range with both ends.
        .where("born", Condition.between(LocalDate.of(1980, 1, 1), null)) // An open end.
        .where("left", Condition.missing())
        .where("seen", Condition.present()) // Not missing.
        .build();
  }

  private static void images(Client client, Path folder) throws IOException {
    ImagesRequest request = ImagesRequest.builder("mnist-dcgan").count(16).seed(7).build();
    try (ImageStream images = client.images(request)) {
      for (Image image : images) {
        Files.write(folder.resolve(image.index() + ".png"), image.data().toByteArray());
      }
    }
  }

  private static void errors(Client client) {
    try {
      client.model("nothing");
    } catch (SynthserveException e) {
      switch (e.code()) {
        case NOT_FOUND -> System.err.println("no such model: " + e.resourceName().orElse("?"));
        case INVALID_ARGUMENT -> e.fieldViolations().forEach(System.err::println);
        case RESOURCE_EXHAUSTED -> System.err.println("come back in " + e.retryDelay());
        default -> throw e;
      }
    }
  }

  private static Client secured(String target, Path ca, Path certificate, Path key, String token) {
    return Client.builder(target) // Such as "example.org:443".
        .tls(ca) // A PEM file. Or tls(), with the authorities that Java trusts.
        .clientCertificate(certificate, key) // PEM files, for mutual TLS; the key as PKCS #8.
        .token(token) // Or a Supplier, which is asked for each attempt.
        .build();
  }

  @Test
  void rowsArePrinted() throws IOException {
    String target = serve(InsecureServerCredentials.create());
    PrintStream before = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    System.setOut(new PrintStream(printed, true, UTF_8));
    try {
      rows(target);
    } finally {
      System.setOut(before);
    }
    List<String> lines = printed.toString(UTF_8).lines().toList();
    assertEquals(1_001, lines.size());
    assertEquals("models/iris-vae/versions/1, seed 7", lines.get(0));
    assertEquals("setosa 1.5", lines.get(1_000));
  }

  @Test
  void conditionsAreSent() {
    assertEquals(
        List.of(
            Condition.equalTo("false").on("smoker"),
            Condition.anyOf("AT", "DE", null).on("country"),
            Condition.between("30", "40").on("age"),
            Condition.between("1980-01-01", null).on("born"),
            Condition.missing().on("left"),
            Condition.present().on("seen")),
        conditions().conditions);
  }

  @Test
  void imagesAreWritten() throws IOException {
    try (Client client = Client.builder(serve(InsecureServerCredentials.create())).build()) {
      images(client, folder);
    }
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(16, files.count());
    }
    assertEquals("image 15", Files.readString(folder.resolve("15.png")));
  }

  @Test
  void errorsAreToldApart() throws IOException {
    PrintStream before = System.err;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    System.setErr(new PrintStream(printed, true, UTF_8));
    try (Client client = Client.builder(serve(InsecureServerCredentials.create())).build()) {
      errors(client);
    } finally {
      System.setErr(before);
    }
    assertEquals("no such model: models/nothing", printed.toString(UTF_8).strip());
  }

  @Test
  void connectionsAreSecured() throws Exception {
    Identity ours = Identity.make(folder, "localhost");
    Identity theirs = Identity.make(folder, "client");
    String target =
        serve(
            TlsServerCredentials.newBuilder()
                .keyManager(ours.certificate().toFile(), ours.key().toFile())
                .trustManager(theirs.certificate().toFile())
                .clientAuth(ClientAuth.REQUIRE)
                .build());
    try (Client client =
        secured(target, ours.certificate(), theirs.certificate(), theirs.key(), "secret")) {
      assertEquals("models/iris-vae", client.model("iris-vae").getName());
    }
  }

  private String serve(ServerCredentials credentials) throws IOException {
    server =
        Grpc.newServerBuilderForPort(0, credentials)
            .addService(new Generation())
            .addService(new Models())
            .build()
            .start();
    return "localhost:" + server.getPort();
  }

  @AfterEach
  void stop() {
    if (server != null) {
      server.shutdownNow();
    }
  }

  /** Flowers that are all alike, and numbered images. */
  private static final class Generation extends GenerationServiceImplBase {
    private static final TableSchema SCHEMA =
        TableSchema.newBuilder()
            .addColumns(
                Column.newBuilder().setName("petal_length").setType(ColumnType.COLUMN_TYPE_DOUBLE))
            .addColumns(
                Column.newBuilder()
                    .setName("species")
                    .setType(ColumnType.COLUMN_TYPE_CATEGORY)
                    .addCategories("setosa"))
            .build();

    @Override
    public void generateRows(
        GenerateRowsRequest request, StreamObserver<GenerateRowsResponse> answer) {
      int count = (int) request.getCount();
      DoubleValues.Builder lengths =
          DoubleValues.newBuilder().addAllValues(Collections.nCopies(count, 1.5));
      CategoryCodes.Builder species =
          CategoryCodes.newBuilder().addAllCodes(Collections.nCopies(count, 0));
      answer.onNext(
          GenerateRowsResponse.newBuilder()
              .setInfo(
                  RowStreamInfo.newBuilder()
                      .setModel(request.getModel() + "/versions/1")
                      .setSeed(request.getSeed())
                      .setSchema(SCHEMA))
              .setRowCount(count)
              .setColumns(
                  ColumnBatch.newBuilder()
                      .addColumns(ColumnValues.newBuilder().setDoubles(lengths))
                      .addColumns(ColumnValues.newBuilder().setCategories(species)))
              .build());
      answer.onCompleted();
    }

    @Override
    public void generateImages(
        GenerateImagesRequest request, StreamObserver<GenerateImagesResponse> answer) {
      GenerateImagesResponse.Builder response =
          GenerateImagesResponse.newBuilder()
              .setInfo(
                  ImageStreamInfo.newBuilder()
                      .setModel(request.getModel() + "/versions/1")
                      .setSeed(request.getSeed())
                      .setSchema(ImageSchema.newBuilder().setHeight(1).setWidth(1).setChannels(1)));
      for (long image = 0; image < request.getCount(); image++) {
        response.addImages(ByteString.copyFromUtf8("image " + image));
      }
      answer.onNext(response.build());
      answer.onCompleted();
    }
  }

  private static final class Models extends ModelServiceImplBase {
    @Override
    public void getModel(GetModelRequest request, StreamObserver<GetModelResponse> answer) {
      String name = request.getName();
      if (name.equals("models/iris-vae")) {
        Model model = Model.newBuilder().setName(name).build();
        answer.onNext(GetModelResponse.newBuilder().setModel(model).build());
        answer.onCompleted();
      } else {
        ResourceInfo resource = ResourceInfo.newBuilder().setResourceName(name).build();
        answer.onError(Errors.raised(Code.NOT_FOUND, Errors.reason("MODEL_NOT_FOUND"), resource));
      }
    }
  }
}
