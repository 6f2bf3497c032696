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
 * Samples that the server generates while they are read, in bounded memory: a reader that is slow
 * slows the server down.
 *
 * <p>Like a {@link java.nio.file.DirectoryStream} it can be gone through once, and must be closed.
 * Where the connection breaks it goes on by itself, with nothing lost and nothing repeated; what
 * does not help is raised as {@link SynthserveException} by the methods of the iterator. It is read
 * by one thread at a time; {@link #close} may be called from any. It is cancelled too when the
 * {@link io.grpc.Context} ends in which it was opened.
 *
 * @param <T> what it consists of
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
   * Tells which model version generates. Waits for the first message if none has come yet.
   *
   * @return the resource name, {@code models/iris-vae/versions/1}
   * @throws SynthserveException if the stream failed before
   */
  public final String model() {
    return info().model();
  }

  /**
   * Tells which seed is in use, the given or the drawn one. Waits for the first message if none has
   * come yet.
   *
   * @return the seed, from 0 to 2^63 - 1
   * @throws SynthserveException if the stream failed before
   */
  public final long seed() {
    return info().seed();
  }

  /**
   * Goes through the samples.
   *
   * @return the iterator: the stream has one only
   * @throws IllegalStateException if it was taken before
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
   * Goes through the samples, as a sequential stream.
   *
   * @return the stream; closing it closes this one
   * @throws IllegalStateException if {@link #iterator} was called before
   */
  public final Stream<T> stream() {
    int traits = Spliterator.ORDERED | Spliterator.NONNULL;
    return StreamSupport.stream(Spliterators.spliteratorUnknownSize(iterator(), traits), false)
        .onClose(this::close);
  }

  /** Cancels what is running. A thread that waits for the stream gets {@code CANCELLED}. */
  @Override
  public final void close() {
    cancellation.clean();
  }

  /** What the first response said. */
  final Resume.Info info() {
    if (call.info().isEmpty()) {
      fill();
    }
    return call.info().orElseThrow();
  }

  /** Makes sure that there is a current sample, or tells that there are no more. */
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
      // Whoever waits here needs the stream, even if this is the last use of it.
      Reference.reachabilityFence(this);
    }
  }
}
