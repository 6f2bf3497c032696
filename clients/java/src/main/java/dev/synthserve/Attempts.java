package dev.synthserve;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import io.grpc.CallOptions;
import io.grpc.Context;
import io.grpc.Context.CancellableContext;
import io.grpc.Context.CancellationListener;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The attempts of one logical call. They share one time limit, and are cancelled together: by
 * {@link #cancel}, when the client is closed, or when the context of this object ends.
 *
 * <p>It is used by one thread; {@link #cancel} may be called from any.
 */
final class Attempts implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("dev.synthserve");

  private final Connection connection;
  private final TimeLimit limit;
  private final CancellableContext context = Context.current().withCancellation();
  private final CountDownLatch cancelled = new CountDownLatch(1);
  private final CancellationListener clientClosed = end -> context.cancel(end.cancellationCause());
  private SynthserveException lastFailure;

  Attempts(Connection connection, TimeLimit limit) {
    this.connection = connection;
    this.limit = limit;
    context.addListener(end -> cancelled.countDown(), Runnable::run);
    connection.open().addListener(clientClosed, Runnable::run);
  }

  /**
   * Begins an attempt.
   *
   * @param call makes the call
   * @return the result of the call
   * @throws SynthserveException if the call failed
   */
  <T> T begin(Function<CallOptions, T> call) {
    connection.hurry();
    return go(() -> call.apply(limit.callOptions()));
  }

  /** Continues an attempt: runs a step that can fail like {@link #begin}. */
  <T> T go(Supplier<T> step) {
    Context previous = context.attach();
    try {
      return step.get();
    } catch (StatusRuntimeException raised) {
      throw typed(raised);
    } finally {
      context.detach(previous);
    }
  }

  private SynthserveException typed(StatusRuntimeException raised) {
    boolean interrupted = Thread.currentThread().isInterrupted();
    SynthserveException failure =
        Failures.from(raised, connection.peer(), interrupted || context.isCancelled());
    if (failure.code() == Code.DEADLINE_EXCEEDED && limit.isOver()) {
      SynthserveException late = limit.exceeded(lastFailure, raised);
      return connection.peer().hasAnswered()
          ? late
          : late.withNote("no answer has come from " + connection.peer().route());
    }
    if (failure.code() == Code.CANCELLED
        && context.cancellationCause() instanceof CancellationException why) {
      return SynthserveException.of(Code.CANCELLED, why.getMessage(), raised);
    }
    return failure;
  }

  /**
   * Waits before the next attempt, or until cancellation, which the next attempt then reports.
   *
   * @param wait the duration
   * @param failure the error of the last attempt
   * @throws SynthserveException if the wait would exceed the time limit, or the thread is
   *     interrupted
   */
  void pause(Duration wait, SynthserveException failure) {
    lastFailure = failure;
    if (!limit.allows(wait)) {
      throw limit.exceeded(failure, null);
    }
    LOG.log(
        System.Logger.Level.DEBUG,
        () -> failure.getMessage() + "; trying again in " + TimeLimit.seconds(wait) + " s");
    try {
      cancelled.await(NANOSECONDS.convert(wait), NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw SynthserveException.of(Code.CANCELLED, "interrupted", e);
    }
  }

  /** The random factor of the next wait. */
  static double jitter() {
    return ThreadLocalRandom.current().nextDouble(0.5, 1);
  }

  /** Cancels the running and all later attempts; does nothing after {@link #close}. */
  void cancel(String why) {
    context.cancel(new CancellationException(why));
  }

  /** Releases everything. */
  @Override
  public void close() {
    connection.open().removeListener(clientClosed);
    context.cancel(null);
  }
}
