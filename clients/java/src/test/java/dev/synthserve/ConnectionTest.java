package dev.synthserve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.synthserve.v1.ListModelsRequest;
import dev.synthserve.v1.ListModelsResponse;
import dev.synthserve.v1.ModelServiceGrpc.ModelServiceImplBase;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.Status.Code;
import io.grpc.TlsServerCredentials;
import io.grpc.TlsServerCredentials.ClientAuth;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real connections, on this machine. */
@Timeout(120)
class ConnectionTest {
  @TempDir private static Path folder;
  private static Identity serverIdentity;
  private static Identity clientIdentity;

  private final List<Metadata> headers = Collections.synchronizedList(new ArrayList<>());

  @BeforeAll
  static void makeIdentities() throws Exception {
    serverIdentity = Identity.make(folder, "localhost");
    clientIdentity = Identity.make(folder, "client");
  }

  private Server server(int port, ServerCredentials credentials) throws IOException {
    return Grpc.newServerBuilderForPort(port, credentials)
        .addService(
            new ModelServiceImplBase() {
              @Override
              public void listModels(
                  ListModelsRequest request, StreamObserver<ListModelsResponse> answer) {
                answer.onNext(ListModelsResponse.getDefaultInstance());
                answer.onCompleted();
              }
            })
        .intercept(
            new ServerInterceptor() {
              @Override
              public <Q, R> ServerCall.Listener<Q> interceptCall(
                  ServerCall<Q, R> call, Metadata received, ServerCallHandler<Q, R> next) {
                headers.add(received);
                return next.startCall(call, received);
              }
            })
        .build()
        .start();
  }

  private static ClientBuilder to(int port) {
    return Client.builder("localhost:" + port).retry(RetryPolicy.none());
  }

  private static ClientBuilder to(Server server) {
    return to(server.getPort());
  }

  private String received(String header) {
    return headers.get(0).get(Metadata.Key.of(header, Metadata.ASCII_STRING_MARSHALLER));
  }

  @Test
  void saysWhoItIs() throws IOException {
    Server server = server(0, InsecureServerCredentials.create());
    try (Client client = to(server).token("secret").build()) {
      client.models();
    } finally {
      server.shutdownNow();
    }
    assertTrue(received("user-agent").startsWith("synthserve-java/0.1.0 "), headers.toString());
    assertEquals("Bearer secret", received("authorization"));
  }

  @Test
  void theNextCallFindsAServerThatCameBack() throws IOException, InterruptedException {
    Server server = server(0, InsecureServerCredentials.create());
    int port = server.getPort();
    server.shutdownNow().awaitTermination();
    // Two attempts: a call may fail a moment before the channel says that it has.
    Duration soon = Duration.ofMillis(10);
    RetryPolicy twice = new RetryPolicy(2, 2, soon, soon, 1);
    try (Client client = to(port).retry(twice).build()) {
      SynthserveException none = assertThrows(SynthserveException.class, client::models);
      assertEquals(Code.UNAVAILABLE, none.code());
      Server again = server(port, InsecureServerCredentials.create());
      try {
        client.models(); // While gRPC's own backoff, of about a second, still runs.
      } finally {
        again.shutdownNow();
      }
    }
  }

  @Test
  void connectsOverTls() throws IOException {
    Server server =
        server(
            0,
            TlsServerCredentials.create(
                serverIdentity.certificate().toFile(), serverIdentity.key().toFile()));
    try (Client trusting = to(server).tls(serverIdentity.certificate()).build();
        Client other = to(server).tls(clientIdentity.certificate()).build();
        Client plain = to(server).build()) {
      assertEquals(List.of(), trusting.models());
      assertEquals(Code.UNAVAILABLE, assertThrows(SynthserveException.class, other::models).code());
      assertEquals(Code.UNAVAILABLE, assertThrows(SynthserveException.class, plain::models).code());
    } finally {
      server.shutdownNow();
    }
  }

  @Test
  void connectsOverMutualTls() throws IOException {
    Server server =
        server(
            0,
            TlsServerCredentials.newBuilder()
                .keyManager(serverIdentity.certificate().toFile(), serverIdentity.key().toFile())
                .trustManager(clientIdentity.certificate().toFile())
                .clientAuth(ClientAuth.REQUIRE)
                .build());
    try (Client known =
            to(server)
                .tls(serverIdentity.certificate())
                .clientCertificate(clientIdentity.certificate(), clientIdentity.key())
                .build();
        Client nameless = to(server).tls(serverIdentity.certificate()).build()) {
      assertEquals(List.of(), known.models());
      assertEquals(
          Code.UNAVAILABLE, assertThrows(SynthserveException.class, nameless::models).code());
    } finally {
      server.shutdownNow();
    }
  }

  @Test
  void refusesFilesThatAreNotWhatTheyShouldBe() throws IOException {
    Path text = Files.writeString(folder.resolve("text.pem"), "no certificate");
    ClientBuilder noAuthority = Client.builder("localhost:1").tls(text);
    ClientBuilder noKey =
        Client.builder("localhost:1").clientCertificate(clientIdentity.certificate(), text);
    for (ClientBuilder builder : List.of(noAuthority, noKey)) {
      assertEquals(
          Code.INVALID_ARGUMENT, assertThrows(SynthserveException.class, builder::build).code());
    }
    ClientBuilder noFile = Client.builder("localhost:1").tls(folder.resolve("none.pem"));
    assertThrows(UncheckedIOException.class, noFile::build);
  }
}
