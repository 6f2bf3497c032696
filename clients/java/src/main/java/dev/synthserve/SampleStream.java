package dev.synthserve;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * A stream of samples that the server generates while they are read. Memory is bounded, and a slow
 * reader slows the server down.
 *
 * <p>Like a {@link java.nio.file.DirectoryStream} it can be iterated once, and must be closed. It
 * resumes automatically after a broken connection, without lost or repeated samples. The methods of
 * the iterator throw a {@link SynthserveException} if the stream cannot resume. One thread at a
 * time can read it; any thread may call {@link #close}. The stream is also cancelled when the
 * {@link io.grpc.Context} in which it was opened ends.
 *
 * @param <T> the type of an item
 */
public abstract sealed class SampleStream<T> implements Iterable<T>, AutoCloseable
    permits RowStream, EncodedRowStream, ImageStream {
  // Only a safety net: a stream that was dropped without being closed would hold the server's
  // resources for as long as the client lives.
  private static final Cleaner CLEANER = Cleaner.create();

  private final ResumingCall<?, ?, T> call;
  private final Cleaner.Cleanable cancellation;
  private Iterator<T> current = Collections.emptyIterator();
  private boolean taken;

  SampleStream(ResumingCall<?, ?, T> call) {
    this.call = call;
    this.cancellation = CLEANER.register(this, call::cancel);
  }

  /**
   * Returns the model version. Waits for the first response if necessary.
   *
   * @return the resource name, {@code models/iris-vae/versions/1}
   * @throws SynthserveException if the stream failed before the first response
   */
  public final String model() {
    return info().model();
  }

  /**
   * Returns the seed, either given or drawn by the server. Waits for the first response if
   * necessary.
   *
   * @return the seed, from 0 to 2^63 - 1
   * @throws SynthserveException if the stream failed before the first response
   */
  public final long seed() {
    return info().seed();
  }

  /**
   * Returns the iterator over the samples.
   *
   * @return the only iterator of the stream
   * @throws IllegalStateException if the stream was iterated before
   */
  @Override
  public final Iterator<T> iterator() {
    if (taken) {
      throw new IllegalStateException("a stream can be gone through once");
    }
    taken = true;
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return fill();
      }

      @Override
      public T next() {
        if (!fill()) {
          throw new NoSuchElementException();
        }
        return current.next();
      }
    };
  }

  /**
   * Returns the samples as a sequential stream.
   *
   * @return the stream; closing it closes this one
   * @throws IllegalStateException if {@link #iterator} was called before
   */
  public final Stream<T> stream() {
    int traits = Spliterator.ORDERED | Spliterator.NONNULL;
    return StreamSupport.stream(Spliterators.spliteratorUnknownSize(iterator(), traits), false)
        .onClose(this::close);
  }

  /** Cancels the stream. A thread that waits for it gets {@code CANCELLED}. */
  @Override
  public final void close() {
    cancellation.clean();
  }

  /** The information of the first response. */
  final Resume.Info info() {
    if (call.info().isEmpty()) {
      fill();
    }
    return call.info().orElseThrow();
  }

  /** Fetches the current sample if necessary; returns false at the end of the stream. */
  private boolean fill() {
    try {
      while (!current.hasNext()) {
        Optional<List<T>> samples = call.next();
        if (samples.isEmpty()) {
          return false;
        }
        current = samples.get().iterator();
      }
      return true;
    } finally {
      // A waiting thread needs the stream, even if this is its last use.
      Reference.reachabilityFence(this);
    }
  }
}
