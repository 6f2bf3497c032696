package dev.synthserve;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;

/** The server and the route to it, for error messages. As an interceptor it detects responses. */
final class Peer implements ClientInterceptor {
  /** How the connection is secured. */
  enum Security {
    PLAIN_TEXT,
    TLS,
    MUTUAL_TLS
  }

  private final String target;
  private final Security security;
  private final Proxies proxies;
  private volatile boolean answered;

  Peer(String target, Security security, Proxies proxies) {
    this.target = target;
    this.security = security;
    this.proxies = proxies;
  }

  String target() {
    return target;
  }

  Security security() {
    return security;
  }

  /** Whether the connection goes through a proxy. */
  boolean isProxied() {
    return proxies.inUse().isPresent();
  }

  /** The target, and the proxy on the way to it. */
  String route() {
    return proxies.inUse().map(proxy -> target + " through the proxy " + proxy).orElse(target);
  }

  /** Whether the server has ever responded. */
  boolean hasAnswered() {
    return answered;
  }

  @Override
  public <Q, R> ClientCall<Q, R> interceptCall(
      MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
    return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
      @Override
      public void start(Listener<R> listener, Metadata headers) {
        super.start(new Listening<>(listener), headers);
      }
    };
  }

  private final class Listening<R> extends SimpleForwardingClientCallListener<R> {
    Listening(ClientCall.Listener<R> listener) {
      super(listener);
    }

    @Override
    public void onHeaders(Metadata headers) {
      answered = true;
      super.onHeaders(headers);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      // If the server sent no status, gRPC creates one, but without trailers.
      if (!trailers.keys().isEmpty()) {
        answered = true;
      }
      super.onClose(status, trailers);
    }
  }
}
