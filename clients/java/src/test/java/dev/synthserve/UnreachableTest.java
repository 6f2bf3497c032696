package dev.synthserve;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.synthserve.v1.GenerateRowsRequest;
import dev.synthserve.v1.GenerationServiceGrpc;
import io.grpc.ClientInterceptors;
import io.grpc.Status;
import io.grpc.Status.Code;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.NoRouteToHostException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What errors say of connections that cannot be made, to real servers on this machine. */
@Timeout(120)
class UnreachableTest {
  @TempDir private static Path folder;
  private static Identity ours;
  private static Identity theirs;

  @BeforeAll
  static void makeIdentities() throws Exception {
    ours = Identity.make(folder, "localhost");
    theirs = Identity.make(folder, "client");
  }

  private static String message(ClientBuilder builder, Code code) {
    try (Client client = builder.build()) {
      SynthserveException error = assertThrows(SynthserveException.class, client::models);
      assertEquals(code, error.code());
      assertNotNull(error.getCause(), "what gRPC says");
      return error.getMessage();
    }
  }

  private static void assertSays(String beginning, ClientBuilder builder) {
    String message = message(builder, Code.UNAVAILABLE);
    assertTrue(message.startsWith(beginning), message);
  }

  private static ClientBuilder to(int port) {
    return Client.builder("localhost:" + port).retry(RetryPolicy.none());
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @Test
  void noServerListens() throws IOException {
    int port = freePort();
    assertSays(
        "no server at localhost:" + port + " (connection refused): is it running?", to(port));
    Path socket = folder.resolve("missing.sock");
    assertSays(
        "no server at unix:" + socket, Client.builder("unix:" + socket).retry(RetryPolicy.none()));
  }

  @Test
  void thereIsNoSuchHost() {
    assertSays(
        "cannot find the host of missing.invalid:1: check the address",
        Client.builder("missing.invalid:1").retry(RetryPolicy.none()));
  }

  @Test
  void theAuthorityIsNotTrusted() throws IOException {
    try (LocalServer server = LocalServer.tls(ours)) {
      String beginning =
          "the certificate of the server at localhost:%s was not issued by an authority that this client trusts: give the authority's certificate to tls("
              .formatted(server.port());
      assertSays(beginning, server.client().tls());
      assertSays(beginning, server.client().tls(theirs.certificate()));
    }
  }

  @Test
  void theCertificateIsForAnotherName() throws Exception {
    Identity other = Identity.make(folder, "example.org");
    try (LocalServer server = LocalServer.tls(other)) {
      String message = message(server.client().tls(other.certificate()), Code.UNAVAILABLE);
      assertTrue(message.contains(" is for other names: "), message);
      assertTrue(message.contains("DNS:example.org"), message);
    }
  }

  @Test
  void theCertificateIsOfAnotherTime() throws Exception {
    Identity authority =
        Identity.make(folder, "authority", "authority", List.of("-keyalg", "EC", "-ext", "bc:c"));
    Identity old = authority.issue("old", "localhost", "-startdate", "-30d", "-validity", "1");
    Identity early = authority.issue("early", "localhost", "-startdate", "+10d");
    try (LocalServer server = LocalServer.tls(old)) {
      String message = message(server.client().tls(authority.certificate()), Code.UNAVAILABLE);
      assertTrue(message.contains(" has expired ("), message);
      assertTrue(message.contains("clock"), message);
    }
    try (LocalServer server = LocalServer.tls(early)) {
      String message = message(server.client().tls(authority.certificate()), Code.UNAVAILABLE);
      assertTrue(message.contains(" is not valid yet ("), message);
    }
  }

  @Test
  void theServerSpeaksNoTls() throws IOException {
    try (LocalServer server = LocalServer.plain()) {
      assertSays(
          "the server at localhost:%s does not speak TLS: connect without tls()"
              .formatted(server.port()),
          server.client().tls(ours.certificate()));
    }
  }

  @Test
  void theServerWantsTls() throws IOException {
    try (LocalServer server = LocalServer.tls(ours)) {
      String message = message(server.client(), Code.UNAVAILABLE);
      assertTrue(message.contains("it may want TLS, which tls() asks for"), message);
    }
  }

  @Test
  void theServerWantsACertificateOfTheClient() throws IOException {
    try (LocalServer server = LocalServer.mutualTls(ours, theirs)) {
      ClientBuilder none = server.client().tls(ours.certificate());
      String asked = message(none, Code.UNAVAILABLE);
      assertTrue(asked.contains("it may ask for a client certificate, which client"), asked);
      ClientBuilder wrong =
          server.client().tls(ours.certificate()).clientCertificate(ours.certificate(), ours.key());
      String refused = message(wrong, Code.UNAVAILABLE);
      assertTrue(refused.contains("it may not accept the certificate that client"), refused);
    }
  }

  @Test
  void theServerIsNone() throws IOException {
    try (ServerSocket listening = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      Thread web =
          new Thread(
              () -> {
                try (Socket client = listening.accept()) {
                  client.getInputStream().read();
                  client
                      .getOutputStream()
                      .write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(US_ASCII));
                  client.getOutputStream().flush();
                  client.getInputStream().transferTo(OutputStream.nullOutputStream());
                } catch (IOException e) {
                  // The client has seen enough.
                }
              });
      web.start();
      String message = message(to(listening.getLocalPort()), Code.INTERNAL);
      assertTrue(message.contains("is no gRPC server, or wants TLS"), message);
    }
  }

  @Test
  void aServerThatAnsweredBeforeIsNotSaidToWantTls() {
    Status lost = Status.UNAVAILABLE.withDescription("Network closed for unknown reason");
    try (FakeServer server =
            FakeServer.ofRows((call, request, answer) -> answer.onNext(Tables.first(request, 1)));
        Client client = server.client()) {
      Peer peer = new Peer("host:1", Peer.Security.PLAIN_TEXT, Proxies.none());
      assertTrue(Unreachable.explain(lost, peer).contains("may want TLS"));
      GenerationServiceGrpc.newBlockingStub(ClientInterceptors.intercept(client.channel(), peer))
          .generateRows(GenerateRowsRequest.getDefaultInstance())
          .next();
      assertEquals(
          "host:1 cannot be reached: Network closed for unknown reason",
          Unreachable.explain(lost, peer));
    }
  }

  private static String explained(Throwable cause) {
    Status status = Status.UNAVAILABLE.withDescription("io exception\nChannel Pipeline: [x]");
    return Unreachable.explain(status.withCause(cause), Errors.HOST);
  }

  @Test
  void networksThatFailAreToldInWords() {
    assertEquals(
        "cannot connect to host:1 (timed out): check the address, and the network on the way",
        explained(new ConnectException("connection timed out after 20000 ms: host/10.0.0.1:1")));
    assertTrue(explained(new NoRouteToHostException("No route to host")).contains("(No route to "));
    assertTrue(
        explained(new ConnectException("Network is unreachable")).contains("(Network is unre"));
  }

  @Test
  void othersAreToldUnshortened() {
    assertEquals(
        "host:1 cannot be reached: outer: inner",
        explained(new IOException("outer", new IOException("inner"))));
    Status many = Status.UNAVAILABLE.withDescription("one\ntwo");
    assertEquals("host:1 cannot be reached: one two", Unreachable.explain(many, Errors.HOST));
    assertEquals(
        "host:1 cannot be reached: no reason given",
        Unreachable.explain(Status.UNAVAILABLE, Errors.HOST));
  }
}
