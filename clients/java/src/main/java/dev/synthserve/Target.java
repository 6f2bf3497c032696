package dev.synthserve;

import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Addresses of servers. */
final class Target {
  private static final Pattern OTHER_SCHEME = Pattern.compile("(unix|xds):.+");
  private static final Pattern DNS =
      Pattern.compile("dns:(?://(?<server>[^/]*)/|/)?(?<address>[^/].*)");
  private static final Pattern LOOPBACK_V4 = Pattern.compile("127(\\.[0-9]{1,3}){3}");

  private Target() {}

  /**
   * Refuses an invalid address: gRPC would try to resolve it first, and then report the server as
   * unavailable, or try until the deadline.
   *
   * @throws SynthserveException with {@code INVALID_ARGUMENT} if the address is invalid
   */
  static void check(String target) {
    if (OTHER_SCHEME.matcher(Objects.requireNonNull(target, "target")).matches()) {
      return;
    }
    Matcher dns = DNS.matcher(target);
    URI address = authority(dns.matches() ? dns.group("address") : target).orElse(null);
    if (address == null || (address.getPort() < 0 && !dns.matches())) {
      throw SynthserveException.invalid(
          "target",
          "must be HOST:PORT, with a host name of letters, digits, '-' and '.', or an IP address"
              + " (IPv6 in brackets), not '"
              + target
              + "'");
    }
    int port = address.getPort();
    if (port == 0 || port > 65_535) {
      throw SynthserveException.invalid("target", "the port must be from 1 to 65535, not " + port);
    }
  }

  /**
   * Whether the address is certainly on this machine: a Unix socket, {@code localhost} or a
   * loopback address. Names are not resolved: gRPC could later get another result.
   */
  static boolean isLocal(String target) {
    if (target.startsWith("unix:")) {
      return true;
    }
    Matcher dns = DNS.matcher(target);
    String address = target;
    if (dns.matches()) {
      String server = dns.group("server");
      if (server != null && !server.isEmpty()) {
        return false; // The named DNS server decides.
      }
      address = dns.group("address");
    }
    return authority(address).map(URI::getHost).map(Target::isLoopback).orElse(false);
  }

  /** Reads HOST or HOST:PORT, as gRPC does. */
  private static Optional<URI> authority(String text) {
    try {
      URI address = new URI("//" + text);
      boolean more = !text.equals(address.getRawAuthority()) || address.getUserInfo() != null;
      // "host:" without a port is a mistake.
      return address.getHost() == null || more || text.endsWith(":")
          ? Optional.empty()
          : Optional.of(address);
    } catch (URISyntaxException e) {
      return Optional.empty();
    }
  }

  private static boolean isLoopback(String host) {
    if (host.startsWith("[")) {
      try {
        // Brackets enclose an IP address, which is parsed and not resolved.
        return InetAddress.getByName(host).isLoopbackAddress();
      } catch (UnknownHostException e) {
        return false;
      }
    }
    return host.equalsIgnoreCase("localhost") || LOOPBACK_V4.matcher(host).matches();
  }
}
