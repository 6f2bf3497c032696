package dev.synthserve;

import io.grpc.Status;
import java.io.FileNotFoundException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertPathValidatorException.Reason;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.PKIXReason;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Explains why a connection failed, and how to fix it. The exceptions of gRPC and Java remain the
 * cause of the error.
 */
final class Unreachable {
  /** TLS alerts of servers that refuse a client certificate, or a client without one. */
  private static final Pattern CERTIFICATE_ALERT =
      Pattern.compile(
          "ALERT_(\\w*CERTIFICATE\\w*|UNKNOWN_CA|ACCESS_DENIED|DECRYPT_ERROR|NO_RENEGOTIATION)");

  private static final Set<Reason> UNTRUSTED =
      Set.of(PKIXReason.NO_TRUST_ANCHOR, BasicReason.INVALID_SIGNATURE);

  private static final Pattern NAME_MISMATCH =
      Pattern.compile("No (subject alternative|name matching).*", Pattern.DOTALL);

  private final Peer peer;
  private final String description;
  private final List<Throwable> causes = new ArrayList<>();

  private Unreachable(Status status, Peer peer) {
    this.peer = peer;
    this.description = status.getDescription() == null ? "" : status.getDescription();
    for (Throwable cause = status.getCause(); cause != null; cause = cause.getCause()) {
      causes.add(cause);
    }
  }

  /** The message for a status that gRPC created without a server's response. */
  static String explain(Status status, Peer peer) {
    Unreachable failure = new Unreachable(status, peer);
    return failure
        .noConnection()
        .or(failure::refusedCertificate)
        .or(failure::brokenHandshake)
        .or(failure::closedUnanswered)
        .orElseGet(() -> peer.route() + " cannot be reached: " + failure.said());
  }

  private Optional<String> noConnection() {
    Optional<String> proxy = named("ProxyConnectException").map(Unreachable::text);
    if (proxy.isPresent()) {
      return Optional.of(
          "cannot connect to %s: the proxy made no connection (%s)"
              .formatted(peer.route(), proxy.get()));
    }
    if (first(UnknownHostException.class).isPresent()) {
      return Optional.of(
          peer.isProxied()
              ? "cannot connect to %s: cannot find the host of the proxy: check where it is set"
                  .formatted(peer.route())
              : "cannot find the host of %s: check the address".formatted(peer.target()));
    }
    if (first(FileNotFoundException.class).isPresent()) {
      return Optional.of(
          "no server at %s (there is no such socket): is it running? else check the path"
              .formatted(peer.target()));
    }
    return causes.stream()
        .filter(e -> e instanceof ConnectException || e instanceof NoRouteToHostException)
        .findFirst()
        .map(Unreachable::text)
        .map(this::notConnected);
  }

  private String notConnected(String text) {
    boolean refused = text.contains("refused");
    String why = refused ? "connection refused" : text.contains("timed out") ? "timed out" : text;
    if (peer.isProxied()) {
      return "cannot connect to %s: no answer from the proxy (%s): is it running? else check where"
              .formatted(peer.route(), why)
          + " it is set";
    }
    return refused
        ? "no server at %s (%s): is it running? else check the address"
            .formatted(peer.target(), why)
        : "cannot connect to %s (%s): check the address, and the network on the way"
            .formatted(peer.target(), why);
  }

  private Optional<String> refusedCertificate() {
    Optional<String> validity =
        first(CertificateExpiredException.class)
            .map(e -> "has expired (" + e.getMessage() + ")")
            .or(
                () ->
                    first(CertificateNotYetValidException.class)
                        .map(e -> "is not valid yet (" + e.getMessage() + ")"));
    if (validity.isPresent()) {
      return Optional.of(
          "a certificate of the server at %s %s: renew it, or set the clock of this machine right"
              .formatted(peer.route(), validity.get()));
    }
    if (first(CertPathBuilderException.class).isPresent()
        || first(CertPathValidatorException.class)
            .filter(e -> UNTRUSTED.contains(e.getReason()))
            .isPresent()) {
      return Optional.of(
          "the certificate of the server at %s was not issued by an authority that this client"
                  .formatted(peer.route())
              + " trusts: give the authority's certificate to tls(certificates): "
              + said());
    }
    return first(CertificateException.class)
        .filter(e -> NAME_MISMATCH.matcher(text(e)).matches())
        .map(
            e ->
                "the certificate of the server at %s is for other names: connect by a name that is"
                        .formatted(peer.route())
                    + " in it: "
                    + text(e));
  }

  private Optional<String> brokenHandshake() {
    if (named("NotSslRecordException").isPresent()) {
      return Optional.of(
          "the server at %s does not speak TLS: connect without tls(), or start the server with a"
                  .formatted(peer.route())
              + " certificate");
    }
    if (description.startsWith("Failed ALPN negotiation")) {
      return Optional.of(
          "what answers at %s speaks TLS, but not HTTP/2, so it is no gRPC server: check the address"
              .formatted(peer.route()));
    }
    if (said().contains("NO_COMMON_SIGNATURE_ALGORITHMS")) {
      return Optional.of(
          "the server at %s takes no client certificate with a key of this kind: use RSA, or EC on"
                  .formatted(peer.route())
              + " P-256 or P-384: "
              + said());
    }
    Matcher alert = CERTIFICATE_ALERT.matcher(said());
    if (alert.find()) {
      return Optional.of(clientCertificate("refused the connection") + ": " + said());
    }
    if (said().contains("ALERT_HANDSHAKE_FAILURE")
        || description.startsWith("Connection closed while performing TLS")) {
      return Optional.of(
          clientCertificate("broke off the TLS handshake")
              + ", or its own certificate has a kind of key that gRPC cannot use (P-521, Ed25519):"
              + " see its log (%s)".formatted(said()));
    }
    return Optional.empty();
  }

  private Optional<String> closedUnanswered() {
    String said = said();
    boolean closed =
        said.startsWith("Network closed")
            || said.contains("Connection reset")
            || said.contains("Broken pipe");
    if (!closed || peer.hasAnswered()) {
      return Optional.empty();
    }
    String how = "closed the connection before it answered";
    return Optional.of(
        peer.security() == Peer.Security.PLAIN_TEXT
            ? "the server at %s %s: it may want TLS, which tls() asks for: %s"
                .formatted(peer.route(), how, said)
            : clientCertificate(how) + ": " + said);
  }

  private String clientCertificate(String what) {
    return "the server at %s %s: ".formatted(peer.route(), what)
        + (peer.security() == Peer.Security.MUTUAL_TLS
            ? "it may not accept the certificate that clientCertificate(...) was given"
            : "it may ask for a client certificate, which clientCertificate(...) gives");
  }

  private <T extends Throwable> Optional<T> first(Class<T> type) {
    return causes.stream().filter(type::isInstance).map(type::cast).findFirst();
  }

  /** The cause of a class that is internal to gRPC. */
  private Optional<Throwable> named(String end) {
    return causes.stream().filter(cause -> cause.getClass().getName().endsWith(end)).findFirst();
  }

  private static String text(Throwable cause) {
    return cause.getMessage() == null ? cause.toString() : cause.getMessage();
  }

  /** The whole text of gRPC, without repetitions and channel internals. */
  private String said() {
    List<String> parts = new ArrayList<>();
    String words =
        description
            .lines()
            .filter(line -> !line.startsWith("Channel Pipeline:"))
            .collect(Collectors.joining(" "));
    if (!words.isEmpty() && (causes.isEmpty() || !words.matches("(io|ssl) exception"))) {
      parts.add(words);
    }
    for (Throwable cause : causes) {
      String text = text(cause);
      if (parts.stream().noneMatch(part -> part.contains(text))) {
        parts.add(text);
      }
    }
    return parts.isEmpty() ? "no reason given" : String.join(": ", parts);
  }
}
