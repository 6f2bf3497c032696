package dev.synthserve;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.concurrent.TimeUnit.SECONDS;

import io.grpc.ChannelCredentials;
import io.grpc.ClientInterceptor;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.TlsChannelCredentials;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Builds a {@link Client}; see {@link Client#builder}. The connection is in plain text unless TLS
 * is set.
 */
public final class ClientBuilder {
  private static final int MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

  // Detects a peer that vanished. Servers by default close connections that ping more than once in
  // five minutes.
  private static final int KEEPALIVE_SECONDS = 330;

  private final String target;
  private RetryPolicy retry = RetryPolicy.standard();
  private boolean tls;
  private Path authorities;
  private Path certificateChain;
  private Path privateKey;
  private Supplier<String> token;
  private boolean insecureToken;
  private Consumer<? super ManagedChannelBuilder<?>> configuration = channel -> {};

  ClientBuilder(String target) {
    Target.check(target);
    this.target = target;
  }

  /**
   * Sets the retry policy, by default {@link RetryPolicy#standard}.
   *
   * @param policy the policy
   * @return this builder
   */
  public ClientBuilder retry(RetryPolicy policy) {
    retry = Objects.requireNonNull(policy, "policy");
    return this;
  }

  /**
   * Connects over TLS, and trusts the authorities of Java.
   *
   * @return this builder
   */
  public ClientBuilder tls() {
    tls = true;
    return this;
  }

  /**
   * Connects over TLS, and trusts the given authorities in place of those of Java.
   *
   * @param certificates a PEM file with the certificates of the authorities
   * @return this builder
   */
  public ClientBuilder tls(Path certificates) {
    tls = true;
    authorities = Objects.requireNonNull(certificates, "certificates");
    return this;
  }

  /**
   * Connects over mutual TLS, with a client certificate. The files are read once: when the
   * certificate expires, build a new client.
   *
   * @param chain a PEM file with the client's certificate, then the intermediate certificates
   * @param key a PEM file with its private key (PKCS #8), without a password
   * @return this builder
   */
  public ClientBuilder clientCertificate(Path chain, Path key) {
    tls = true;
    certificateChain = Objects.requireNonNull(chain, "chain");
    privateKey = Objects.requireNonNull(key, "key");
    return this;
  }

  /**
   * Sends a bearer token with every call.
   *
   * @param token the token; a byte order mark, blanks and line ends around it are removed
   * @return this builder
   * @throws SynthserveException with {@code INVALID_ARGUMENT} if the token is not a line of ASCII
   *     text
   */
  public ClientBuilder token(String token) {
    String checked = BearerToken.checked(Objects.requireNonNull(token, "token"));
    return token(() -> checked);
  }

  /**
   * Sends a bearer token with every call, from a source that can renew it.
   *
   * @param token returns the token; it is called for each attempt of each call, by the thread of
   *     the call, so it should cache a valid token
   * @return this builder
   */
  public ClientBuilder token(Supplier<String> token) {
    this.token = Objects.requireNonNull(token, "token");
    return this;
  }

  /**
   * Allows sending the token in plain text to another machine, for connections that are secured by
   * other means.
   *
   * @return this builder
   */
  public ClientBuilder allowInsecureToken() {
    insecureToken = true;
    return this;
  }

  /**
   * Configures the channel beyond this builder's settings: interceptors for tracing, keepalive,
   * proxies.
   *
   * @param configuration gets the channel's builder last; a proxy that it sets is ignored if {@link
   *     #build} connects directly
   * @return this builder
   */
  public ClientBuilder configureChannel(Consumer<? super ManagedChannelBuilder<?>> configuration) {
    this.configuration = Objects.requireNonNull(configuration, "configuration");
    return this;
  }

  /**
   * Creates the client. Its first call connects: directly to a server on this machine, and directly
   * if a token is sent in plain text; otherwise through the proxy of Java's configuration, if any.
   *
   * @return the client, to be closed
   * @throws SynthserveException with {@code INVALID_ARGUMENT} if the token would be sent in plain
   *     text to another machine, a file has the wrong content, or gRPC rejects the address
   * @throws UncheckedIOException if a file cannot be read
   */
  public Client build() {
    boolean local = Target.isLocal(target);
    boolean plainToken = token != null && !tls;
    if (plainToken && !insecureToken && !local) {
      throw SynthserveException.invalid(
          "token",
          "would be sent to "
              + target
              + " in plain text: use tls(), or allowInsecureToken() where something else secures"
              + " the connection");
    }
    boolean direct = local || plainToken;
    Proxies proxies = direct ? Proxies.none() : Proxies.ofJava();
    ManagedChannelBuilder<?> channel =
        Grpc.newChannelBuilder(target, credentials())
            .userAgent("synthserve-java/" + version())
            .maxInboundMessageSize(MAX_MESSAGE_BYTES)
            .keepAliveTime(KEEPALIVE_SECONDS, SECONDS)
            .proxyDetector(proxies);
    configuration.accept(channel);
    if (direct) {
      channel.proxyDetector(proxies);
    }
    List<ClientInterceptor> interceptors =
        token == null ? List.of() : List.of(new BearerToken(token));
    return new Client(
        new Connection(new Peer(target, security(), proxies), open(channel), interceptors, retry));
  }

  private Peer.Security security() {
    if (!tls) {
      return Peer.Security.PLAIN_TEXT;
    }
    return certificateChain == null ? Peer.Security.TLS : Peer.Security.MUTUAL_TLS;
  }

  private ChannelCredentials credentials() {
    if (!tls) {
      return InsecureChannelCredentials.create();
    }
    TlsChannelCredentials.Builder credentials = TlsChannelCredentials.newBuilder();
    if (authorities != null) {
      credentials.trustManager(TlsFiles.authorities(authorities));
    }
    if (certificateChain != null) {
      TlsFiles.Identity identity = TlsFiles.identity(certificateChain, privateKey);
      try {
        credentials.keyManager(stream(identity.chain()), stream(identity.key()));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return credentials.build();
  }

  private static InputStream stream(String pem) {
    return new ByteArrayInputStream(pem.getBytes(US_ASCII));
  }

  private ManagedChannel open(ManagedChannelBuilder<?> channel) {
    try {
      return channel.build();
    } catch (IllegalArgumentException e) {
      throw SynthserveException.invalid("target", "gRPC does not take '" + target + "': " + e);
    }
  }

  private static String version() {
    Properties properties = new Properties();
    try (InputStream file = ClientBuilder.class.getResourceAsStream("version.properties")) {
      properties.load(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return properties.getProperty("version");
  }
}
