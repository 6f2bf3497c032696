package dev.synthserve;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Addresses of servers. */
final class Target {
  private static final Pattern SCHEME = Pattern.compile("(dns|unix|xds):.*");
  private static final Pattern HOST_PORT =
      Pattern.compile("(\\[[^\\]\\[/\\s]+\\]|[^\\]\\[:/\\s]+):([0-9]{1,5})");
  private static final Pattern DNS = Pattern.compile("dns:(?:///)?([^/]+)");
  private static final Pattern LITERAL = Pattern.compile("\\[[0-9a-fA-F:.]+\\]|[0-9.]+");

  private Target() {}

  /**
   * Refuses what cannot be an address: gRPC would look for it first, and then say that the server
   * is unavailable.
   */
  static void check(String target) {
    if (SCHEME.matcher(target).matches()) {
      return;
    }
    Matcher match = HOST_PORT.matcher(target);
    if (!match.matches()) {
      throw SynthserveException.invalid("target", "must be HOST:PORT, not '" + target + "'");
    }
    int port = Integer.parseInt(match.group(2));
    if (port < 1 || port > 65_535) {
      throw SynthserveException.invalid("target", "the port must be from 1 to 65535, not " + port);
    }
  }

  /** Whether what is sent there surely stays on this machine. */
  static boolean isLocal(String target) {
    if (target.startsWith("unix:")) {
      return true;
    }
    Matcher dns = DNS.matcher(target);
    Matcher address = HOST_PORT.matcher(dns.matches() ? dns.group(1) : target);
    if (!address.matches()) {
      return false;
    }
    String host = address.group(1);
    if (host.equalsIgnoreCase("localhost")) {
      return true;
    }
    try {
      // Of a literal address no name is looked up.
      return LITERAL.matcher(host).matches() && InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }
}
