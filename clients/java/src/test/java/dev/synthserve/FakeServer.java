package dev.synthserve;

import dev.synthserve.v1.GenerateImagesRequest;
import dev.synthserve.v1.GenerateImagesResponse;
import dev.synthserve.v1.GenerateRowsRequest;
import dev.synthserve.v1.GenerateRowsResponse;
import dev.synthserve.v1.GenerationServiceGrpc.GenerationServiceImplBase;
import io.grpc.BindableService;
import io.grpc.ClientInterceptor;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A server within this process, that does to each call what a test says. */
final class FakeServer implements AutoCloseable {
  /** Retries without waiting. */
  static final RetryPolicy AT_ONCE = new RetryPolicy(4, 12, Duration.ZERO, Duration.ZERO, 1);

  /** What to do with a call. */
  @FunctionalInterface
  interface Handler<Q, R> {
    /**
     * Answers.
     *
     * @param call which call it is, from 0
     * @param request what was asked
     * @param answer takes the responses
     */
    void handle(int call, Q request, ServerCallStreamObserver<R> answer);
  }

  private final String name = InProcessServerBuilder.generateName();
  private final Server server;

  private FakeServer(BindableService service) {
    try {
      server = InProcessServerBuilder.forName(name).addService(service).build().start();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** A server with any service. */
  static FakeServer of(BindableService service) {
    return new FakeServer(service);
  }

  /** A server that generates rows; {@code requests} gets what it is asked. */
  static FakeServer ofRows(
      List<GenerateRowsRequest> requests, Handler<GenerateRowsRequest, GenerateRowsResponse> rows) {
    return new FakeServer(
        new GenerationServiceImplBase() {
          @Override
          public void generateRows(
              GenerateRowsRequest request, StreamObserver<GenerateRowsResponse> answer) {
            int call = requests.size();
            requests.add(request);
            rows.handle(call, request, (ServerCallStreamObserver<GenerateRowsResponse>) answer);
          }
        });
  }

  /** A server that generates rows. */
  static FakeServer ofRows(Handler<GenerateRowsRequest, GenerateRowsResponse> rows) {
    return ofRows(requests(), rows);
  }

  /** A server that generates images. */
  static FakeServer ofImages(Handler<GenerateImagesRequest, GenerateImagesResponse> images) {
    return new FakeServer(
        new GenerationServiceImplBase() {
          private int calls;

          @Override
          public void generateImages(
              GenerateImagesRequest request, StreamObserver<GenerateImagesResponse> answer) {
            images.handle(
                calls++, request, (ServerCallStreamObserver<GenerateImagesResponse>) answer);
          }
        });
  }

  /** A list for {@link #ofRows}. */
  static List<GenerateRowsRequest> requests() {
    return Collections.synchronizedList(new ArrayList<>());
  }

  Client client(ClientInterceptor... interceptors) {
    return client(AT_ONCE, interceptors);
  }

  Client client(RetryPolicy policy, ClientInterceptor... interceptors) {
    return new Client(
        new Connection(
            new Peer("fake:1", Peer.Security.PLAIN_TEXT, Proxies.none()),
            InProcessChannelBuilder.forName(name).build(),
            List.of(interceptors),
            policy));
  }

  @Override
  public void close() {
    server.shutdownNow();
  }
}
