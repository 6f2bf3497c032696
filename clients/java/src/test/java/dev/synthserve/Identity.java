package dev.synthserve;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * A certificate that is its own authority, and its key, as PEM files.
 *
 * @param certificate the file of the certificate
 * @param key the file of the key
 */
record Identity(Path certificate, Path key) {
  private static final String PASSWORD = "guards nothing";

  /** Makes one with a key on P-256, with the tool that every JDK brings. */
  static Identity make(Path folder, String name) throws Exception {
    return make(folder, name, name, List.of("-keyalg", "EC", "-groupname", "secp256r1"));
  }

  /**
   * Makes one.
   *
   * @param folder where its files go
   * @param name what its files are called
   * @param host whose certificate it is
   * @param options of keytool, such as the kind of key
   */
  static Identity make(Path folder, String name, String host, List<String> options)
      throws Exception {
    List<String> command = new ArrayList<>(List.of("-genkeypair", "-dname", "CN=" + host));
    command.addAll(List.of("-ext", "SAN=DNS:" + host));
    command.addAll(options);
    keytool(folder, name, command);
    Path store = store(folder, name);
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream file = Files.newInputStream(store)) {
      keys.load(file, PASSWORD.toCharArray());
    }
    Key key = keys.getKey(name, PASSWORD.toCharArray());
    return new Identity(
        pem(folder.resolve(name + ".pem"), "CERTIFICATE", keys.getCertificate(name).getEncoded()),
        pem(folder.resolve(name + "-key.pem"), "PRIVATE KEY", key.getEncoded()));
  }

  /**
   * Makes one whose certificate this one issues, as authority.
   *
   * @param name what its files are called
   * @param host whose certificate it is
   * @param validity options of keytool that say when it is valid
   */
  Identity issue(String name, String host, String... validity) throws Exception {
    Path folder = certificate.getParent();
    Path request = folder.resolve(name + ".csr");
    Path issued = folder.resolve(name + "-issued.pem");
    Identity made = make(folder, name);
    keytool(folder, name, List.of("-certreq", "-file", request.toString()));
    List<String> command = new ArrayList<>(List.of("-gencert", "-rfc", "-ext", "SAN=DNS:" + host));
    command.addAll(List.of("-infile", request.toString(), "-outfile", issued.toString()));
    command.addAll(List.of(validity));
    keytool(folder, certificate.getFileName().toString().replace(".pem", ""), command);
    return new Identity(issued, made.key());
  }

  private static Path store(Path folder, String name) {
    return folder.resolve(name + ".p12");
  }

  private static void keytool(Path folder, String name, List<String> options) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(options);
    command.addAll(List.of("-alias", name, "-keystore", store(folder, name).toString()));
    command.addAll(List.of("-storepass", PASSWORD));
    Process running = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(running.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (running.waitFor() != 0) {
      throw new AssertionError(said);
    }
  }

  private static Path pem(Path file, String what, byte[] content) throws Exception {
    String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
    return Files.writeString(
        file, "-----BEGIN " + what + "-----\n" + text + "\n-----END " + what + "-----\n");
  }
}
