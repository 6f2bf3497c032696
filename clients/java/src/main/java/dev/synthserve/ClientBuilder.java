package dev.synthserve;

import static java.util.concurrent.TimeUnit.SECONDS;

import io.grpc.ClientInterceptor;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannelBuilder;
import io.grpc.TlsChannelCredentials;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
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
   * @param token the token
   * @return this builder
   * @throws SynthserveException with {@code INVALID_ARGUMENT} if it is not a line of ASCII text
   */
  public ClientBuilder token(String token) {
    String checked = BearerToken.checked(token);
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
   * @param configuration is given the channel's builder last
   * @return this builder
   */
  public ClientBuilder configureChannel(Consumer<? super ManagedChannelBuilder<?>> configuration) {
    this.configuration = Objects.requireNonNull(configuration, "configuration");
    return this;
  }

  /**
   * Makes the client. It connects with its first call.
   *
   * @return the client, to be closed
   * @throws SynthserveException with {@code INVALID_ARGUMENT} if others could read the token on its
   *     way, or a file does not hold what it should
   * @throws UncheckedIOException if a file cannot be read
   */
  public Client build() {
    List<ClientInterceptor> interceptors = new ArrayList<>();
    if (token != null) {
      if (!tls && !insecureToken && !Target.isLocal(target)) {
        throw SynthserveException.invalid(
            "token",
            "would be sent to "
                + target
                + " in plain text: use tls(), or allowInsecureToken() where something else secures"
                + " the connection");
      }
      interceptors.add(new BearerToken(token));
    }
    ManagedChannelBuilder<?> channel =
        channelBuilder()
            .userAgent("synthserve-java/" + version())
            .maxInboundMessageSize(MAX_MESSAGE_BYTES)
            .keepAliveTime(KEEPALIVE_SECONDS, SECONDS);
    configuration.accept(channel);
    return new Client(new Connection(target, channel.build(), interceptors, retry));
  }

  private ManagedChannelBuilder<?> channelBuilder() {
    if (!tls) {
      return Grpc.newChannelBuilder(target, InsecureChannelCredentials.create());
    }
    TlsChannelCredentials.Builder credentials = TlsChannelCredentials.newBuilder();
    try {
      if (authorities != null) {
        checkCertificates(authorities);
        credentials.trustManager(authorities.toFile());
      }
      if (certificateChain != null) {
        checkCertificates(certificateChain);
        credentials.keyManager(certificateChain.toFile(), privateKey.toFile());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    try {
      return Grpc.newChannelBuilder(target, credentials.build());
    } catch (IllegalArgumentException e) {
      throw SynthserveException.invalid(
          "key", privateKey + " is no private key for " + certificateChain + ": " + e.getMessage());
    }
  }

  /** Refuses what gRPC would call a missing channel provider. */
  private static void checkCertificates(Path file) throws IOException {
    try (InputStream pem = Files.newInputStream(file)) {
      if (!CertificateFactory.getInstance("X.509").generateCertificates(pem).isEmpty()) {
        return;
      }
    } catch (CertificateException e) {
      // Told below.
    }
    throw SynthserveException.invalid("tls", file + " holds no PEM certificate");
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
