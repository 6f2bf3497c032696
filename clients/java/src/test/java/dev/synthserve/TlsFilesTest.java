package dev.synthserve;

import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Status.Code;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files for TLS: what is accepted connects, and what is refused says why. */
@Timeout(120)
class TlsFilesTest {
  private static final Map<String, List<String>> KINDS =
      Map.of(
          "RSA", List.of("-keyalg", "RSA", "-keysize", "2048"),
          "P-256", List.of("-keyalg", "EC", "-groupname", "secp256r1"),
          "P-384", List.of("-keyalg", "EC", "-groupname", "secp384r1"),
          "P-521", List.of("-keyalg", "EC", "-groupname", "secp521r1"),
          "Ed25519", List.of("-keyalg", "Ed25519"),
          "DSA", List.of("-keyalg", "DSA", "-keysize", "2048"));
  private static final Map<String, Identity> IDENTITIES = new HashMap<>();

  @TempDir private static Path folder;

  @BeforeAll
  static void makeIdentities() throws Exception {
    for (Map.Entry<String, List<String>> kind : KINDS.entrySet()) {
      String name = kind.getKey();
      IDENTITIES.put(name, Identity.make(folder, name, "localhost", kind.getValue()));
    }
  }

  private static Identity of(String kind) {
    return IDENTITIES.get(kind);
  }

  private static String text(Path file) throws IOException {
    return Files.readString(file);
  }

  private static Path file(String name, String content, Charset charset) throws IOException {
    return Files.write(folder.resolve(name), content.getBytes(charset));
  }

  private static Path file(String name, String content) throws IOException {
    return Files.writeString(folder.resolve(name), content);
  }

  /** Makes a connection where both sides show a certificate. */
  private static void connect(Identity server, Path authorities, Path chain, Path key, Identity ca)
      throws IOException {
    try (LocalServer running = LocalServer.mutualTls(server, ca);
        Client client = running.client().tls(authorities).clientCertificate(chain, key).build()) {
      assertEquals(List.of(), client.models());
    }
  }

  private static SynthserveException refusal(ClientBuilder builder) {
    SynthserveException refused = assertThrows(SynthserveException.class, builder::build);
    assertEquals(Code.INVALID_ARGUMENT, refused.code());
    return refused;
  }

  private static void assertRefused(String field, String why, ClientBuilder builder) {
    SynthserveException refused = refusal(builder);
    assertEquals(field, refused.fieldViolations().get(0).getField());
    assertTrue(refused.getMessage().contains(why), refused.getMessage());
  }

  private static ClientBuilder trusting(Path authorities) {
    return Client.builder("localhost:1").tls(authorities);
  }

  private static ClientBuilder showing(Path chain, Path key) {
    return Client.builder("localhost:1").tls().clientCertificate(chain, key);
  }

  @ParameterizedTest
  @ValueSource(strings = {"RSA", "P-256", "P-384"})
  void kindsThatAreAcceptedConnect(String kind) throws IOException {
    Identity both = of(kind);
    connect(both, both.certificate(), both.certificate(), both.key(), both);
  }

  @Test
  void aServerThatTakesNoSuchKeyIsTold() throws IOException {
    Identity server = of("P-256");
    Identity client = of("P-521");
    try (LocalServer running = LocalServer.mutualTls(server, client);
        Client connected =
            running
                .client()
                .tls(server.certificate())
                .clientCertificate(client.certificate(), client.key())
                .build()) {
      SynthserveException error = assertThrows(SynthserveException.class, connected::models);
      assertTrue(error.getMessage().contains("key of this kind: use RSA"), error.getMessage());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"Ed25519", "DSA"})
  void kindsThatGrpcCannotUseAreRefused(String kind) {
    assertRefused(
        "key", "of a kind that gRPC cannot use (", showing(of(kind).certificate(), of(kind).key()));
  }

  @Test
  void filesAreReadAsEditorsWriteThem() throws IOException {
    Identity made = of("P-256");
    String certificate = text(made.certificate());
    String key = text(made.key());
    for (Charset charset : List.of(UTF_8, UTF_16BE, UTF_16LE)) {
      Path marked = file("marked.pem", "\uFEFF" + certificate, charset);
      Path markedKey = file("marked-key.pem", "\uFEFF" + key, charset);
      connect(made, marked, marked, markedKey, made);
    }
    Path lines = file("lines.pem", certificate.replace("\n", "\r\n"));
    connect(made, lines, lines, file("lines-key.pem", key.replace("\n", "\r")), made);
    Path all =
        file(
            "all.pem", "# Schlüssel: unserer\n" + key + "\nCertificate:\n" + certificate + "\n\t ");
    connect(made, all, all, all, made);
  }

  @Test
  void authoritiesMayHaveTheSameName() throws IOException {
    // As one that renewed its key, for as long as both are in use.
    Identity old = of("P-384");
    Identity renewed = of("RSA");
    Path both = file("both.pem", text(old.certificate()) + text(renewed.certificate()));
    for (Identity server : List.of(old, renewed)) {
      try (LocalServer running = LocalServer.tls(server);
          Client client = running.client().tls(both).build()) {
        assertEquals(List.of(), client.models());
      }
    }
  }

  @Test
  void authoritiesThatAreNone() throws IOException {
    assertRefused("tls", "holds no PEM certificate", trusting(file("empty.pem", "")));
    assertRefused("tls", "holds no PEM certificate", trusting(of("RSA").key()));
    String certificate = text(of("RSA").certificate());
    Path cut = file("cut.pem", certificate.substring(0, certificate.length() - 40));
    assertRefused("tls", "holds no PEM certificate", trusting(cut));
    Path damaged = file("damaged.pem", certificate + certificate.replace("MII", "M=I"));
    assertRefused("tls", "certificate 2 in " + damaged + " is damaged", trusting(damaged));
    assertThrows(UncheckedIOException.class, trusting(folder)::build);
  }

  @Test
  void certificateAndKeyThatDoNotBelongTogether() throws IOException {
    Identity one = of("P-256");
    for (String other : List.of("RSA", "P-384")) {
      assertRefused("key", "does not belong to", showing(one.certificate(), of(other).key()));
    }
    Path mixed = file("mixed.pem", text(of("RSA").certificate()) + text(one.certificate()));
    assertRefused("chain", "in the wrong order", showing(mixed, one.key()));
  }

  @Test
  void keysInOtherForms() throws IOException {
    Path certificate = of("P-256").certificate();
    assertRefused("key", "holds no PEM private key", showing(certificate, certificate));
    String key = text(of("P-256").key());
    Path encrypted = file("encrypted.pem", key.replace("PRIVATE", "ENCRYPTED PRIVATE"));
    assertRefused("key", "has a password", showing(certificate, encrypted));
    Path traditional = file("ec.pem", key.replace("PRIVATE", "EC PRIVATE"));
    assertRefused("key", "convert it by `openssl pkcs8", showing(certificate, traditional));
    Path old =
        file(
            "rsa.pem",
            """
            -----BEGIN RSA PRIVATE KEY-----
            Proc-Type: 4,ENCRYPTED
            DEK-Info: AES-128-CBC,00

            AAAA
            -----END RSA PRIVATE KEY-----
            """);
    assertRefused("key", "has a password", showing(certificate, old));
    Path damaged = file("damaged-key.pem", key.replace("MIG", "M=G").replace("ME", "M"));
    assertRefused("key", "is damaged", showing(certificate, damaged));
  }
}
