package dev.synthserve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.synthserve.conformance.Runner;
import dev.synthserve.example.Example;
import dev.synthserve.v1.ListModelsRequest;
import dev.synthserve.v1.ListModelsResponse;
import dev.synthserve.v1.ModelServiceGrpc.ModelServiceImplBase;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The example and the conformance runner, with standard streams as shells and services give them.
 */
@Timeout(120)
class ProgramsTest {
  @TempDir private Path folder;
  private Path play;
  private Path errors;

  /** How a program ended. */
  private record End(int status, String errors) {}

  @BeforeEach
  void writePlay() throws IOException {
    errors = folder.resolve("errors");
    play =
        Files.writeString(
            folder.resolve("play.json"),
            """
            {"connections": {"unreachable": {"target": "localhost:1"}},
             "cases": [{"name": "a", "connection": "unreachable", "call": "models", "retries": false},
                       {"name": "b", "connection": "unreachable", "call": "models", "retries": false}]}
            """);
  }

  /** Starts a program by a shell, which sets up its streams. */
  private Process start(String streams, Class<?> program, Path argument) throws IOException {
    return new ProcessBuilder(
            "sh",
            "-c",
            "exec \"$@\" " + streams,
            "sh",
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            program.getName(),
            argument.toString())
        .directory(folder.toFile())
        .redirectError(errors.toFile())
        .start();
  }

  private End end(Process running) throws IOException, InterruptedException {
    running.getInputStream().transferTo(OutputStream.nullOutputStream());
    return new End(running.waitFor(), Files.readString(errors, UTF_8));
  }

  private End run(String streams, Class<?> program, Path argument)
      throws IOException, InterruptedException {
    return end(start(streams, program, argument));
  }

  private static void assertFailed(String why, End end) {
    assertEquals(1, end.status(), end.errors());
    assertEquals(1, end.errors().lines().count(), end.errors());
    assertTrue(end.errors().contains(why), end.errors());
  }

  @Test
  void outputThatCannotBeWrittenIsAFailure() throws Exception {
    assertEquals(0, run("", Runner.class, play).status());
    assertFailed("cannot write to standard output", run(">/dev/full", Runner.class, play));
    assertFailed("cannot write to standard output", run(">&-", Runner.class, play));
  }

  @Test
  void aReaderThatHasGoneIsToldByTheStatus() throws Exception {
    CountDownLatch gone = new CountDownLatch(1);
    ModelServiceImplBase afterwards =
        new ModelServiceImplBase() {
          @Override
          public void listModels(
              ListModelsRequest request, StreamObserver<ListModelsResponse> answer) {
            try {
              gone.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
            answer.onNext(ListModelsResponse.getDefaultInstance());
            answer.onCompleted();
          }
        };
    Server server =
        Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
            .addService(afterwards)
            .build()
            .start();
    try {
      String asking = Files.readString(play).replace(":1\"", ":" + server.getPort() + "\"");
      Process running = start("", Runner.class, Files.writeString(play, asking));
      running.getInputStream().close();
      gone.countDown();
      assertEquals(new End(141, ""), new End(running.waitFor(), Files.readString(errors)));
    } finally {
      server.shutdownNow();
    }
  }

  @Test
  void unreadableStandardErrorIsNoFailure() throws Exception {
    assertEquals(0, run("2>&-", Runner.class, play).status());
    assertEquals(1, run("2>&- >&-", Runner.class, play).status());
  }

  @Test
  void whatIsWrongWithTheArgumentsIsToldInALine() throws Exception {
    assertFailed("NoSuchFile", run("", Runner.class, folder.resolve("none.json")));
    Path text = Files.writeString(folder.resolve("text.json"), "[1");
    End noPlay = run("", Runner.class, text);
    assertEquals(1, noPlay.status());
    assertTrue(noPlay.errors().startsWith("Runner: " + text + " is no play: "), noPlay.errors());
    assertFalse(noPlay.errors().contains("\tat "), noPlay.errors());
    assertFailed("target: must be HOST:PORT", run("", Example.class, Path.of("nonsense")));
  }
}
