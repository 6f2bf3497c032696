package dev.synthserve;

import dev.synthserve.v1.ListModelsRequest;
import dev.synthserve.v1.ListModelsResponse;
import dev.synthserve.v1.ModelServiceGrpc.ModelServiceImplBase;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.ServerCredentials;
import io.grpc.TlsServerCredentials;
import io.grpc.TlsServerCredentials.ClientAuth;
import io.grpc.stub.StreamObserver;
import java.io.IOException;

/** A server on a port of this machine, that has no models. */
final class LocalServer implements AutoCloseable {
  private final Server server;

  private LocalServer(ServerCredentials credentials) throws IOException {
    server = Grpc.newServerBuilderForPort(0, credentials).addService(new NoModels()).build();
    server.start();
  }

  static LocalServer plain() throws IOException {
    return new LocalServer(InsecureServerCredentials.create());
  }

  static LocalServer tls(Identity identity) throws IOException {
    return new LocalServer(
        TlsServerCredentials.create(identity.certificate().toFile(), identity.key().toFile()));
  }

  /** One that asks for a certificate of {@code clients}. */
  static LocalServer mutualTls(Identity identity, Identity clients) throws IOException {
    return new LocalServer(
        TlsServerCredentials.newBuilder()
            .keyManager(identity.certificate().toFile(), identity.key().toFile())
            .trustManager(clients.certificate().toFile())
            .clientAuth(ClientAuth.REQUIRE)
            .build());
  }

  int port() {
    return server.getPort();
  }

  /** Begins a client that tries once. */
  ClientBuilder client() {
    return Client.builder("localhost:" + port()).retry(RetryPolicy.none());
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  private static final class NoModels extends ModelServiceImplBase {
    @Override
    public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> answer) {
      answer.onNext(ListModelsResponse.getDefaultInstance());
      answer.onCompleted();
    }
  }
}
