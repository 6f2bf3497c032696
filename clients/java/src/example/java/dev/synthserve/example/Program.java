package dev.synthserve.example;

import dev.synthserve.SynthserveException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.util.logging.LogManager;

/** Runs what writes lines to standard output, and turns failures into a line and a status. */
public final class Program {
  private static final int FAILED = 1;
  private static final int READER_GONE = 141; // What a shell says of a program that SIGPIPE ended.

  // System.out keeps its failures to itself.
  private static final OutputStream OUT = new FileOutputStream(FileDescriptor.out);

  private Program() {}

  /** What a program does. */
  @FunctionalInterface
  public interface Body {
    /** Does it. */
    void run() throws IOException;
  }

  /** Standard output has nobody who reads it. */
  private static final class ReaderGoneException extends IOException {
    private static final long serialVersionUID = 1L;

    ReaderGoneException(IOException cause) {
      super(cause);
    }
  }

  /**
   * Runs a program. If that fails the process ends with 1 and a line on standard error, or, where
   * nobody reads standard output any more, silently with 141.
   *
   * @param name its name, for the line
   * @param body what it does
   */
  public static void run(String name, Body body) {
    LogManager.getLogManager().reset(); // gRPC's own log would come between our lines.
    try {
      body.run();
    } catch (ReaderGoneException e) {
      System.exit(READER_GONE);
    } catch (SynthserveException | IllegalArgumentException e) {
      fail(name, e.getMessage());
    } catch (FileSystemException e) {
      fail(name, e.toString()); // Its message alone may be but a file's name.
    } catch (IOException | UncheckedIOException e) {
      fail(name, e.getMessage());
    }
  }

  private static void fail(String name, String why) {
    System.err.println(name + ": " + why);
    System.exit(FAILED);
  }

  /**
   * Writes a line to standard output.
   *
   * @param line the line
   * @throws IOException if it cannot be written
   */
  public static void println(String line) throws IOException {
    try {
      OUT.write((line + "\n").getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      if (String.valueOf(e.getMessage()).contains("Broken pipe")) {
        throw new ReaderGoneException(e);
      }
      throw new IOException("cannot write to standard output: " + e.getMessage(), e);
    }
  }
}
