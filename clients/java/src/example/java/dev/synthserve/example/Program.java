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

/** Runs a command-line program: turns failures into a line and an exit status. */
public final class Program {
  private static final int FAILED = 1;
  private static final int READER_GONE = 141; // A shell's status for SIGPIPE.

  // System.out hides write failures.
  private static final OutputStream OUT = new FileOutputStream(FileDescriptor.out);

  private Program() {}

  /** The body of a program. */
  @FunctionalInterface
  public interface Body {
    /** Runs the body. */
    void run() throws IOException;
  }

  /** The reader of standard output has closed it. */
  private static final class ReaderGoneException extends IOException {
    private static final long serialVersionUID = 1L;

    ReaderGoneException(IOException cause) {
      super(cause);
    }
  }

  /**
   * Runs a program. On failure the process exits with 1 and a line on standard error, or silently
   * with 141 if the reader of standard output has closed it.
   *
   * @param name its name, for the line
   * @param body the program
   */
  public static void run(String name, Body body) {
    LogManager.getLogManager().reset(); // gRPC's log would mix with our lines.
    try {
      body.run();
    } catch (ReaderGoneException e) {
      System.exit(READER_GONE);
    } catch (SynthserveException | IllegalArgumentException e) {
      fail(name, e.getMessage());
    } catch (FileSystemException e) {
      fail(name, e.toString()); // Its message may be only a file name.
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
