package dev.synthserve;

import dev.synthserve.v1.GetModelRequest;
import dev.synthserve.v1.GetModelResponse;
import dev.synthserve.v1.ListModelsRequest;
import dev.synthserve.v1.ListModelsResponse;
import dev.synthserve.v1.Model;
import dev.synthserve.v1.ModelServiceGrpc;
import io.grpc.Channel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A connection to a synthserve server; safe to share between threads.
 *
 * <p>Models are named {@code iris-vae} (the newest version that is ready), {@code iris-vae@2} (that
 * version), or by their full resource name ({@code models/iris-vae/versions/2}).
 *
 * <pre>{@code
 * try (Client client = Client.builder("localhost:50051").build();
 *     RowStream rows =
 *         client.rows(RowsRequest.builder("iris-vae").count(1_000).seed(7).build())) {
 *   for (Row row : rows.rows()) {
 *     System.out.println(row.getString("species") + " " + row.getDouble("petal_length"));
 *   }
 * }
 * }</pre>
 */
public final class Client implements AutoCloseable {
  private static final int PAGE_SIZE = 1_000;

  private final Connection connection;

  Client(Connection connection) {
    this.connection = connection;
  }

  /**
   * Begins a client.
   *
   * @param target the server's address: {@code HOST:PORT}, or another target that gRPC knows
   *     ({@code dns:///HOST:PORT}, {@code unix:PATH})
   * @return a builder
   * @throws SynthserveException with {@code INVALID_ARGUMENT} if the address is invalid
   */
  public static ClientBuilder builder(String target) {
    return new ClientBuilder(target);
  }

  /**
   * Opens a stream of rows with typed values. Its time limit starts now; the first read sends the
   * request.
   *
   * @param request the request
   * @return the stream, to be closed
   */
  public RowStream rows(RowsRequest request) {
    return RowStream.open(connection, request);
  }

  /**
   * Opens a stream of rows as the bytes of a file that the server encodes. Its time limit starts
   * now; the first read sends the request.
   *
   * @param request the request
   * @param format the format of the file
   * @return the stream, to be closed
   */
  public EncodedRowStream encodedRows(RowsRequest request, RowFormat format) {
    return EncodedRowStream.open(connection, request, format);
  }

  /**
   * Opens a stream of images. Its time limit starts now; the first read sends the request.
   *
   * @param request the request
   * @return the stream, to be closed
   */
  public ImageStream images(ImagesRequest request) {
    return ImageStream.open(connection, request);
  }

  /**
   * Lists the models of the server, sorted by name, including those that failed to load, without
   * the categories of columns and conditions. The call has no time limit.
   *
   * @return the models of all pages
   * @throws SynthserveException if the call fails
   */
  public List<Model> models() {
    return models(ModelView.BASIC);
  }

  /**
   * Lists the models of the server, sorted by name, including those that failed to load, without
   * the categories of columns and conditions.
   *
   * @param timeout the time limit of the call, including all retries
   * @return the models of all pages
   * @throws SynthserveException if the call fails
   */
  public List<Model> models(Duration timeout) {
    return models(ModelView.BASIC, timeout);
  }

  /**
   * Lists the models of the server, sorted by name, including those that failed to load. The call
   * has no time limit.
   *
   * @param view the detail of each model
   * @return the models of all pages
   * @throws SynthserveException if the call fails
   */
  public List<Model> models(ModelView view) {
    return models(view, TimeLimit.start(Optional.empty()));
  }

  /**
   * Lists the models of the server, sorted by name, including those that failed to load.
   *
   * @param view the detail of each model
   * @param timeout the time limit of the call, including all retries
   * @return the models of all pages
   * @throws SynthserveException if the call fails
   */
  public List<Model> models(ModelView view, Duration timeout) {
    return models(view, TimeLimit.start(Optional.of(Objects.requireNonNull(timeout, "timeout"))));
  }

  private List<Model> models(ModelView view, TimeLimit limit) {
    List<Model> models = new ArrayList<>();
    ListModelsRequest.Builder request =
        ListModelsRequest.newBuilder()
            .setPageSize(PAGE_SIZE)
            .setView(Objects.requireNonNull(view, "view").wire);
    do {
      ListModelsResponse page =
          connection.unary(ModelServiceGrpc.getListModelsMethod(), request.build(), limit);
      models.addAll(page.getModelsList());
      request.setPageToken(page.getNextPageToken());
    } while (!request.getPageToken().isEmpty());
    return models;
  }

  /**
   * Describes a model, with all categories of its columns and conditions. The call has no time
   * limit.
   *
   * @param name the model
   * @return the version in the name; without one, the newest that is ready, else the newest
   * @throws SynthserveException with {@code NOT_FOUND} if the model or version does not exist
   */
  public Model model(String name) {
    return model(name, TimeLimit.start(Optional.empty()));
  }

  /**
   * Describes a model, with all categories of its columns and conditions.
   *
   * @param name the model
   * @param timeout the time limit of the call, including all retries
   * @return the version in the name; without one, the newest that is ready, else the newest
   * @throws SynthserveException with {@code NOT_FOUND} if the model or version does not exist
   */
  public Model model(String name, Duration timeout) {
    return model(name, TimeLimit.start(Optional.of(Objects.requireNonNull(timeout, "timeout"))));
  }

  private Model model(String name, TimeLimit limit) {
    GetModelRequest.Builder request =
        GetModelRequest.newBuilder().setName(ModelNames.resource(name));
    GetModelResponse page = page(request, limit);
    Model.Builder model = page.getModel().toBuilder();
    while (!page.getNextPageToken().isEmpty()) {
      page = page(request.setPageToken(page.getNextPageToken()), limit);
      if (!SchemaParts.hasCategories(page.getPart())) {
        // Otherwise a server could send empty pages forever.
        throw SynthserveException.protocol("a page of the model came without categories");
      }
      SchemaParts.append(model, page.getPart());
    }
    SchemaParts.requireAll(model);
    return model.build();
  }

  private GetModelResponse page(GetModelRequest.Builder request, TimeLimit limit) {
    return connection.unary(ModelServiceGrpc.getGetModelMethod(), request.build(), limit);
  }

  /**
   * Returns the connection, with token and TLS, for the stubs of {@code dev.synthserve.v1}: for
   * methods that this class does not cover, such as loading models.
   *
   * @return the channel; it is closed with this client
   */
  public Channel channel() {
    return connection.channel();
  }

  /** Closes the connection. Running calls fail with {@code CANCELLED}. */
  @Override
  public void close() {
    connection.close();
  }
}
