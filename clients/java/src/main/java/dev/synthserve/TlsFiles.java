package dev.synthserve;

import com.google.protobuf.ByteString;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/**
 * Reads certificates and keys from files, and refuses those that gRPC could not use. gRPC would
 * report them late, by a failed connection, or as a missing channel provider.
 */
final class TlsFiles {
  private static final Set<String> CERTIFICATES =
      Set.of("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE");

  private TlsFiles() {}

  /**
   * A client's certificates and key.
   *
   * @param chain the certificates as PEM, the client's first
   * @param key the key as PEM, PKCS #8
   */
  record Identity(String chain, String key) {}

  /**
   * Reads the certificates of authorities.
   *
   * @param file a PEM file
   * @return a trust manager for these authorities only
   * @throws SynthserveException with {@code INVALID_ARGUMENT} if the file has no certificate, or a
   *     damaged one
   * @throws UncheckedIOException if the file cannot be read
   */
  static TrustManager[] authorities(Path file) {
    List<X509Certificate> certificates = certificates("tls", file);
    try {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      for (X509Certificate certificate : certificates) {
        // Aliases are numbers: an authority that renews its key keeps its name.
        store.setCertificateEntry(Integer.toString(store.size()), certificate);
      }
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(store);
      return trust.getTrustManagers();
    } catch (GeneralSecurityException | IOException e) {
      throw SynthserveException.invalid("tls", "cannot use the certificates of " + file + ": " + e);
    }
  }

  /**
   * Reads a client's certificate and key.
   *
   * @param chainFile a PEM file with the client's certificate, then the intermediate certificates
   * @param keyFile a PEM file with the key
   * @return the matching certificate and key
   * @throws SynthserveException with {@code INVALID_ARGUMENT} if gRPC cannot use them
   * @throws UncheckedIOException if a file cannot be read
   */
  static Identity identity(Path chainFile, Path keyFile) {
    List<X509Certificate> chain = certificates("chain", chainFile);
    PrivateKey key = key(keyFile);
    if (!belongTogether(chain.get(0), key)) {
      boolean later = chain.stream().anyMatch(certificate -> belongTogether(certificate, key));
      throw later
          ? SynthserveException.invalid(
              "chain",
              "the certificates in %s are in the wrong order: that of the client, to which the key"
                      .formatted(chainFile)
                  + " belongs, must come first, and the one that issued it next")
          : SynthserveException.invalid(
              "key",
              "the key in %s does not belong to the certificate in %s"
                  .formatted(keyFile, chainFile));
    }
    StringBuilder pem = new StringBuilder();
    try {
      for (X509Certificate certificate : chain) {
        pem.append(Pem.of("CERTIFICATE", certificate.getEncoded()));
      }
    } catch (CertificateException e) {
      throw SynthserveException.invalid("chain", chainFile + " cannot be used: " + e.getMessage());
    }
    return new Identity(pem.toString(), Pem.of("PRIVATE KEY", key.getEncoded()));
  }

  private static List<X509Certificate> certificates(String field, Path file) {
    byte[] content = read(field, file);
    List<ByteString> found =
        Pem.blocks(content).stream()
            .filter(block -> CERTIFICATES.contains(block.label()))
            .map(Pem.Block::content)
            .toList();
    List<X509Certificate> certificates = new ArrayList<>();
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      for (ByteString certificate : found) {
        certificates.add((X509Certificate) factory.generateCertificate(certificate.newInput()));
      }
      if (found.isEmpty()) { // Java also parses other formats.
        factory
            .generateCertificates(new ByteArrayInputStream(content))
            .forEach(certificate -> certificates.add((X509Certificate) certificate));
      }
    } catch (CertificateException e) {
      if (!found.isEmpty()) {
        String which = "certificate " + (certificates.size() + 1) + " in " + file;
        throw SynthserveException.invalid(field, which + " is damaged: " + e.getMessage());
      }
    }
    if (certificates.isEmpty()) {
      throw SynthserveException.invalid(
          field, file + " holds no PEM certificate (-----BEGIN CERTIFICATE-----, to its END)");
    }
    return certificates;
  }

  private static PrivateKey key(Path file) {
    Pem.Block block =
        Pem.blocks(read("key", file)).stream()
            .filter(any -> any.label().endsWith("PRIVATE KEY"))
            .findFirst()
            .orElseThrow(
                () ->
                    SynthserveException.invalid(
                        "key", file + " holds no PEM private key (-----BEGIN PRIVATE KEY-----)"));
    if (block.label().startsWith("ENCRYPTED") || block.headers().contains("ENCRYPTED")) {
      throw SynthserveException.invalid(
          "key",
          "the key in %s has a password: `openssl pkey -in %s -out NEW` writes it without"
              .formatted(file, file));
    }
    if (!block.label().equals("PRIVATE KEY")) {
      throw SynthserveException.invalid(
          "key",
          "the key in %s is not in the form PKCS #8 but '%s': convert it by"
                  .formatted(file, block.label())
              + " `openssl pkcs8 -topk8 -nocrypt -in %s -out NEW`".formatted(file));
    }
    PKCS8EncodedKeySpec encoded = new PKCS8EncodedKeySpec(block.content().toByteArray());
    return Stream.of("RSA", "EC")
        .flatMap(kind -> decoded(kind, encoded).stream())
        .filter(key -> !(key instanceof ECKey elliptic) || isUsable(elliptic))
        .findFirst()
        .orElseThrow(
            () ->
                SynthserveException.invalid(
                    "key",
                    "the key in %s is %s: use an RSA key, or an EC key on P-256 or P-384"
                        .formatted(file, whatIsUnusable(encoded))));
  }

  private static String whatIsUnusable(PKCS8EncodedKeySpec encoded) {
    return Stream.of("EC", "EdDSA", "DSA", "RSASSA-PSS")
        .filter(kind -> decoded(kind, encoded).isPresent())
        .findFirst()
        .map(kind -> kind.equals("EC") ? "EC on another curve" : kind)
        .map("of a kind that gRPC cannot use (%s)"::formatted)
        .orElse("damaged, or of a kind that gRPC cannot use");
  }

  private static boolean isUsable(ECKey key) {
    // P-521 works with servers that do not use BoringSSL.
    return Stream.of("secp256r1", "secp384r1", "secp521r1")
        .anyMatch(curve -> curve(curve).getCurve().equals(key.getParams().getCurve()));
  }

  private static ECParameterSpec curve(String name) {
    try {
      AlgorithmParameters curve = AlgorithmParameters.getInstance("EC");
      curve.init(new ECGenParameterSpec(name));
      return curve.getParameterSpec(ECParameterSpec.class);
    } catch (GeneralSecurityException e) {
      throw new AssertionError("every Java platform has it", e);
    }
  }

  private static Optional<PrivateKey> decoded(String kind, PKCS8EncodedKeySpec encoded) {
    try {
      return Optional.of(KeyFactory.getInstance(kind).generatePrivate(encoded));
    } catch (GeneralSecurityException e) {
      return Optional.empty();
    }
  }

  private static boolean belongTogether(X509Certificate certificate, PrivateKey key) {
    PublicKey open = certificate.getPublicKey();
    byte[] any = {1, 2, 3};
    try {
      Signature signature =
          Signature.getInstance(
              key.getAlgorithm().equals("RSA") ? "SHA256withRSA" : "SHA256withECDSA");
      signature.initSign(key);
      signature.update(any);
      byte[] signed = signature.sign();
      signature.initVerify(open);
      signature.update(any);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false; // The certificate has a key of another kind.
    }
  }

  private static byte[] read(String field, Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(field + ": cannot read " + file + ": " + e, e);
    }
  }
}
