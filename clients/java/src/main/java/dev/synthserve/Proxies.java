package dev.synthserve;

import io.grpc.HttpConnectProxiedSocketAddress;
import io.grpc.ProxiedSocketAddress;
import io.grpc.ProxyDetector;
import java.io.IOException;
import java.net.Authenticator;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Finds the proxy of a connection by the rule of gRPC for Java, and keeps its name for errors.
 *
 * <p>The rule: the first proxy that Java's {@link ProxySelector} has for {@code https://HOST:PORT},
 * asked to {@code CONNECT}, with the password that Java's {@link Authenticator} has for it.
 */
final class Proxies implements ProxyDetector {
  private final Supplier<ProxySelector> selector;
  private volatile String inUse;

  private Proxies(Supplier<ProxySelector> selector) {
    this.selector = selector;
  }

  /** The proxies of this Java's configuration. */
  static Proxies ofJava() {
    return new Proxies(ProxySelector::getDefault);
  }

  /** No proxies, regardless of Java's configuration. */
  static Proxies none() {
    return new Proxies(() -> null);
  }

  /** The last proxy found and the setting that names it, without user and password. */
  Optional<String> inUse() {
    return Optional.ofNullable(inUse);
  }

  @Override
  public ProxiedSocketAddress proxyFor(SocketAddress server) throws IOException {
    inUse = null;
    ProxySelector rule = selector.get();
    if (rule == null || !(server instanceof InetSocketAddress address)) {
      return null;
    }
    Proxy proxy = first(rule, address);
    if (proxy.type() == Proxy.Type.DIRECT) {
      return null;
    }
    InetSocketAddress at = (InetSocketAddress) proxy.address();
    inUse = describe(proxy.type(), at);
    InetAddress host =
        at.isUnresolved() ? InetAddress.getByName(at.getHostString()) : at.getAddress();
    PasswordAuthentication login =
        Authenticator.requestPasswordAuthentication(
            at.getHostString(), host, at.getPort(), "https", "", null);
    HttpConnectProxiedSocketAddress.Builder found =
        HttpConnectProxiedSocketAddress.newBuilder()
            .setTargetAddress(address)
            .setProxyAddress(new InetSocketAddress(host, at.getPort()));
    if (login != null) {
      found.setUsername(login.getUserName()).setPassword(new String(login.getPassword()));
    }
    return found.build();
  }

  private static Proxy first(ProxySelector rule, InetSocketAddress address) throws IOException {
    try {
      URI server =
          new URI("https", null, address.getHostString(), address.getPort(), null, null, null);
      List<Proxy> proxies = rule.select(server);
      return proxies == null || proxies.isEmpty() ? Proxy.NO_PROXY : proxies.get(0);
    } catch (URISyntaxException | RuntimeException e) {
      // An exception of a program's own selector would break gRPC.
      throw new IOException("the ProxySelector has no answer for " + address, e);
    }
  }

  private static String describe(Proxy.Type type, InetSocketAddress at) {
    String host = at.getHostString();
    String setting =
        Stream.of("https.proxyHost", "socksProxyHost")
            .filter(property -> host.equals(System.getProperty(property)))
            .findFirst()
            .orElse("java.net.ProxySelector");
    String scheme = type == Proxy.Type.SOCKS ? "socks" : "http";
    return scheme
        + "://"
        + (host.contains(":") ? "[" + host + "]" : host)
        + ":"
        + at.getPort()
        + " ("
        + setting
        + ")";
  }
}
