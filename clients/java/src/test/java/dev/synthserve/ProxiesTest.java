package dev.synthserve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.HttpConnectProxiedSocketAddress;
import io.grpc.Status.Code;
import java.io.IOException;
import java.net.Authenticator;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which connections go through the proxy that Java is set to use, and what errors say of it. */
@Timeout(60)
class ProxiesTest {
  private static final List<String> PROPERTIES =
      List.of("https.proxyHost", "https.proxyPort", "http.nonProxyHosts", "socksProxyHost");
  private final Map<String, String> before = new HashMap<>();
  private final ProxySelector selectorBefore = ProxySelector.getDefault();

  @BeforeEach
  void keepProperties() {
    PROPERTIES.forEach(property -> before.put(property, System.getProperty(property)));
  }

  @AfterEach
  void restore() {
    PROPERTIES.forEach(System::clearProperty);
    before.entrySet().stream()
        .filter(property -> property.getValue() != null)
        .forEach(property -> System.setProperty(property.getKey(), property.getValue()));
    ProxySelector.setDefault(selectorBefore);
    Authenticator.setDefault(null);
  }

  /** Sets Java to use a proxy for every host, this machine too. */
  private static void use(String host, int port) {
    System.setProperty("https.proxyHost", host);
    System.setProperty("https.proxyPort", Integer.toString(port));
    System.setProperty("http.nonProxyHosts", "");
  }

  private static ClientBuilder to(String target) {
    return Client.builder(target).retry(RetryPolicy.none());
  }

  private static SynthserveException failure(ClientBuilder builder) {
    try (Client client = builder.build()) {
      SynthserveException error = assertThrows(SynthserveException.class, client::models);
      assertEquals(Code.UNAVAILABLE, error.code());
      return error;
    }
  }

  private static void assertNames(String proxy, SynthserveException error) {
    assertTrue(error.getMessage().contains(" through the proxy " + proxy), error.getMessage());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "localhost",
        "LOCALHOST",
        "127.0.0.1",
        "127.0.0.2",
        "[::ffff:127.0.0.1]",
        "dns:///localhost",
        "dns:127.0.0.1"
      })
  void thisMachineIsReachedDirectly(String host) throws IOException {
    try (LocalServer server = LocalServer.plain();
        FakeProxy proxy = FakeProxy.to(server.port())) {
      use("localhost", proxy.port());
      String target = host + ":" + server.port();
      try (Client client = to(target).build();
          Client secret = to(target).token("secret").build()) {
        assertEquals(List.of(), client.models());
        assertEquals(List.of(), secret.models());
      }
      assertEquals(List.of(), proxy.asked);
    }
  }

  @Test
  void thisMachineIsReachedDirectlyWhateverTheChannelIsSetTo() throws IOException {
    try (LocalServer server = LocalServer.plain();
        FakeProxy proxy = FakeProxy.to(server.port())) {
      InetSocketAddress at = new InetSocketAddress(InetAddress.getLoopbackAddress(), proxy.port());
      ClientBuilder builder =
          to("localhost:" + server.port())
              .token("secret")
              .configureChannel(
                  channel ->
                      channel.proxyDetector(
                          address ->
                              HttpConnectProxiedSocketAddress.newBuilder()
                                  .setTargetAddress((InetSocketAddress) address)
                                  .setProxyAddress(at)
                                  .build()));
      try (Client client = builder.build()) {
        assertEquals(List.of(), client.models());
      }
      assertEquals(List.of(), proxy.asked);
    }
  }

  @Test
  void aTokenInPlainTextPassesNoProxy() throws IOException {
    try (LocalServer server = LocalServer.plain();
        FakeProxy proxy = FakeProxy.to(server.port())) {
      use("localhost", proxy.port());
      // Not called local, though it is this machine.
      String target = "0.0.0.0:" + server.port();
      try (Client client = to(target).token("secret").allowInsecureToken().build()) {
        assertEquals(List.of(), client.models());
      }
      assertEquals(List.of(), proxy.asked);
    }
  }

  @Test
  void otherMachinesAreReachedThroughIt() throws Exception {
    try (LocalServer server = LocalServer.plain();
        FakeProxy proxy = FakeProxy.to(server.port())) {
      use("localhost", proxy.port());
      try (Client client = to("server.invalid:1").build()) {
        assertEquals(List.of(), client.models());
      }
      assertEquals(1, proxy.asked.size());
      assertTrue(proxy.asked.get(0).startsWith("CONNECT server.invalid:1 "), proxy.asked.get(0));
    }
  }

  @Test
  void namesAProxyThatIsNotThere() throws IOException {
    int free;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      free = socket.getLocalPort();
    }
    use("127.0.0.1", free);
    assertNames(
        "http://127.0.0.1:" + free + " (https.proxyHost): no answer from the proxy",
        failure(to("server.invalid:1")));
    use("proxy.invalid", 3128);
    assertNames(
        "http://proxy.invalid:3128 (https.proxyHost): cannot find the host of the proxy",
        failure(to("server.invalid:1")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"403 Forbidden", "407 Proxy Authentication Required", "502 Bad Gateway"})
  void namesAProxyThatRefuses(String status) throws IOException {
    try (FakeProxy proxy = FakeProxy.refusing(status)) {
      use("localhost", proxy.port());
      SynthserveException error = failure(to("server.invalid:1").tls());
      assertNames("http://localhost:" + proxy.port() + " (https.proxyHost): ", error);
      assertTrue(error.getMessage().contains("status: " + status), error.getMessage());
    }
  }

  @Test
  void namesAProxyThatHangsUp() throws IOException {
    try (FakeProxy proxy = FakeProxy.closing()) {
      use("localhost", proxy.port());
      assertNames("http://localhost:" + proxy.port(), failure(to("server.invalid:1")));
    }
  }

  @Test
  void namesAProxyThatNeverAnswers() throws IOException {
    try (FakeProxy proxy = FakeProxy.silent()) {
      use("localhost", proxy.port());
      try (Client client = to("server.invalid:1").build()) {
        SynthserveException error =
            assertThrows(SynthserveException.class, () -> client.models(Duration.ofMillis(200)));
        assertEquals(Code.DEADLINE_EXCEEDED, error.code());
        assertNames("http://localhost:" + proxy.port(), error);
      }
    }
  }

  @Test
  void namesTheProxyOfAServerThatSpeaksNoTls() throws IOException {
    try (LocalServer server = LocalServer.plain();
        FakeProxy proxy = FakeProxy.to(server.port())) {
      use("localhost", proxy.port());
      SynthserveException error = failure(to("server.invalid:1").tls());
      assertNames("http://localhost:" + proxy.port(), error);
      assertTrue(error.getMessage().contains("does not speak TLS"), error.getMessage());
    }
  }

  @Test
  void keepsThePasswordOfTheProxyToItself() throws IOException {
    try (FakeProxy proxy = FakeProxy.refusing("407 Proxy Authentication Required")) {
      use("localhost", proxy.port());
      Authenticator.setDefault(
          new Authenticator() {
            @Override
            protected PasswordAuthentication getPasswordAuthentication() {
              return new PasswordAuthentication("somebody", "hunter2".toCharArray());
            }
          });
      SynthserveException error = failure(to("server.invalid:1"));
      assertTrue(proxy.asked.get(0).contains("proxy-authorization: Basic"), proxy.asked.get(0));
      assertFalse(error.getMessage().contains("somebody"), error.getMessage());
      assertFalse(error.getMessage().contains("hunter2"), error.getMessage());
    }
  }

  @Test
  void survivesASelectorThatDoesNot() {
    ProxySelector.setDefault(
        new ProxySelector() {
          @Override
          public List<Proxy> select(URI server) {
            throw new IllegalStateException("no network today");
          }

          @Override
          public void connectFailed(URI server, SocketAddress proxy, IOException failure) {}
        });
    assertTrue(failure(to("server.invalid:1")).getMessage().contains("no network today"));
  }

  @Test
  void asksForNothingWhereThereIsNoSelector() {
    ProxySelector.setDefault(null);
    assertEquals(
        "cannot find the host of server.invalid:1: check the address",
        failure(to("server.invalid:1")).getMessage());
  }
}
