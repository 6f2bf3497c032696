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
 * is asked for.
 */
public final class ClientBuilder {
  private static final int MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

  // Finds a peer that vanished. Servers by default close connections that ping more than once in
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
   * Sets how often to try again, by default {@link RetryPolicy#standard}.
   *
   * @param policy the policy
   * @return this builder
   */
  public ClientBuilder retry(RetryPolicy policy) {
    retry = Objects.requireNonNull(policy, "policy");
    return this;
  }

  /**
   * Connects over TLS, with the authorities that Java trusts.
   *
   * @return this builder
   */
  public ClientBuilder tls() {
    tls = true;
    return this;
  }

  /**
   * Connects over TLS, with authorities of one's own in place of those that Java trusts.
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
   * Connects over mutual TLS: shows a certificate to the server. The files are read once, so a
   * client that goes on for longer than its certificate is valid must be made anew.
   *
   * @param chain a PEM file with the client's certificate and those between it and its authority
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
   * @param token the token; what editors put around it is left out: a byte order mark, blanks, ends
   *     of lines
   * @return this builder
   * @throws SynthserveException with {@code INVALID_ARGUMENT} if it is not a line of ASCII text
   */
  public ClientBuilder token(String token) {
    String checked = BearerToken.checked(Objects.requireNonNull(token, "token"));
    return token(() -> checked);
  }

  /**
   * Sends a bearer token with every call, so that it can be renewed.
   *
   * @param token gives the token; it is asked for each attempt of each call, by the thread that
   *     makes it, so it should keep a token for as long as that is good
   * @return this builder
   */
  public ClientBuilder token(Supplier<String> token) {
    this.token = Objects.requireNonNull(token, "token");
    return this;
  }

  /**
   * Lets the token be sent in plain text to another machine, where something else secures the
   * connection.
   *
   * @return this builder
   */
  public ClientBuilder allowInsecureToken() {
    insecureToken = true;
    return this;
  }

  /**
   * Changes the channel in ways that this builder does not know: interceptors for tracing,
   * keepalive, proxies.
   *
   * @param configuration is given the channel's builder last; a proxy that it sets is not used
   *     where {@link #build} connects directly
   * @return this builder
   */
  public ClientBuilder configureChannel(Consumer<? super ManagedChannelBuilder<?>> configuration) {
    this.configuration = Objects.requireNonNull(configuration, "configuration");
    return this;
  }

  /**
   * Makes the client. It connects with its first call: directly to this machine, and directly where
   * a token goes in plain text; else through the proxy that Java is set to use, if any.
   *
   * @return the client, to be closed
   * @throws SynthserveException with {@code INVALID_ARGUMENT} if others could read the token on its
   *     way, a file does not hold what it should, or gRPC does not take the address
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
