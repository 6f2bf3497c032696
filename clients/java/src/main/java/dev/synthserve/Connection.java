package dev.synthserve;

import io.grpc.Channel;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ConnectivityState;
import io.grpc.Context;
import io.grpc.Context.CancellableContext;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.stub.ClientCalls;
import java.util.List;
import java.util.concurrent.CancellationException;

/** The state that all calls of a client share. */
final class Connection implements AutoCloseable {
  private final Peer peer;
  private final ManagedChannel managed;
  private final Channel channel;
  private final RetryPolicy policy;
  private final CancellableContext open = Context.ROOT.withCancellation();

  Connection(
      Peer peer, ManagedChannel managed, List<ClientInterceptor> interceptors, RetryPolicy policy) {
    this.peer = peer;
    this.managed = managed;
    this.channel =
        ClientInterceptors.intercept(ClientInterceptors.intercept(managed, interceptors), peer);
    this.policy = policy;
  }

  Peer peer() {
    return peer;
  }

  Channel channel() {
    return channel;
  }

  RetryPolicy policy() {
    return policy;
  }

  /** A context that is cancelled when the client is closed. */
  CancellableContext open() {
    return open;
  }

  /**
   * Makes the next call reconnect after a failed connection.
   *
   * <p>gRPC for Java would wait up to two minutes, and meanwhile fail calls with its last error.
   * Its backoff cannot be configured; calls use that of the retry policy.
   */
  void hurry() {
    if (managed.getState(false) == ConnectivityState.TRANSIENT_FAILURE) {
      managed.enterIdle();
    }
  }

  /** Makes a unary call, with the retries of the retry policy. */
  <Q, R> R unary(MethodDescriptor<Q, R> method, Q request, TimeLimit limit) {
    try (Attempts attempts = new Attempts(this, limit)) {
      for (int failures = 1; ; failures++) {
        try {
          return attempts.begin(
              options -> ClientCalls.blockingUnaryCall(channel, method, options, request));
        } catch (SynthserveException failure) {
          attempts.pause(policy.delay(failures, failure, false, Attempts.jitter()), failure);
        }
      }
    }
  }

  @Override
  public void close() {
    open.cancel(new CancellationException("the client was closed"));
    managed.shutdownNow();
  }
}
