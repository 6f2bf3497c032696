package dev.synthserve;

import io.grpc.stub.ClientCalls;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * The responses of one logical stream, made of one or more calls.
 *
 * <p>It is used by one thread; {@link #cancel} may be called from any.
 */
final class ResumingCall<Q, R, T> {
  private final Connection connection;
  private final StreamMethod<Q, R, T> method;
  private final Resume resume;
  private final Attempts attempts;
  private Iterator<R> running; // Null between two calls.
  private boolean ended;
  private RuntimeException failure;

  ResumingCall(Connection connection, StreamMethod<Q, R, T> method, StreamRequest request) {
    this.connection = connection;
    this.method = method;
    this.resume = new Resume(request.ask, connection.policy());
    this.attempts = new Attempts(connection, TimeLimit.start(request.timeout));
  }

  /** The information of the first response. */
  Optional<Resume.Info> info() {
    return resume.info();
  }

  /**
   * Waits for the next response. At most one response is prefetched.
   *
   * @return its content; empty at the end
   * @throws SynthserveException if the stream failed; every later call throws it again
   */
  Optional<List<T>> next() {
    if (failure != null) {
      throw failure;
    }
    if (ended) {
      return Optional.empty();
    }
    try {
      Optional<R> response = read();
      if (response.isPresent()) {
        return Optional.of(accept(response.get()));
      }
      ended = true;
      attempts.close();
      return Optional.empty();
    } catch (RuntimeException e) {
      failure = e;
      attempts.close();
      throw e;
    }
  }

  /**
   * Reads the next response, and resumes after a broken call; empty when the stream is complete.
   */
  private Optional<R> read() {
    while (true) {
      Optional<R> response;
      try {
        response = readRunning();
      } catch (SynthserveException broken) {
        running = null;
        Optional<Duration> wait = resume.broken(broken, Attempts.jitter());
        if (wait.isEmpty()) {
          return Optional.empty();
        }
        attempts.pause(wait.get(), broken);
        continue;
      }
      if (response.isEmpty()) {
        resume.finish();
      }
      return response;
    }
  }

  private Optional<R> readRunning() {
    if (running == null) {
      Q request = method.request().apply(resume.rest());
      running =
          method
              .reading()
              .apply(
                  attempts.begin(
                      options ->
                          ClientCalls.blockingServerStreamingCall(
                              connection.channel(), method.descriptor(), options, request)));
    }
    return attempts.go(() -> running.hasNext() ? Optional.of(running.next()) : Optional.empty());
  }

  private List<T> accept(R response) {
    boolean first = resume.info().isEmpty();
    resume.accept(method.part().apply(response));
    return method.unpacking().unpack(response, resume.info().orElseThrow(), first);
  }

  /** Cancels the running call; a waiting thread gets {@code CANCELLED}. */
  void cancel() {
    attempts.cancel("the stream was closed");
    attempts.close();
  }
}
