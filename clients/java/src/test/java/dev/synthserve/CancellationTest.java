package dev.synthserve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.synthserve.v1.GenerateRowsRequest;
import dev.synthserve.v1.GenerateRowsResponse;
import io.grpc.Context;
import io.grpc.Context.CancellableContext;
import io.grpc.Status.Code;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How streams end before their end, and what the server sees of it. */
@Timeout(60)
class CancellationTest {
  private static final RowsRequest ENDLESS = RowsRequest.builder("table").build();

  /** A server that sends one row and then nothing, and sees when it is cancelled. */
  private static final class Quiet
      implements FakeServer.Handler<GenerateRowsRequest, GenerateRowsResponse> {
    final CountDownLatch cancelled = new CountDownLatch(1);

    @Override
    public void handle(
        int call,
        GenerateRowsRequest request,
        ServerCallStreamObserver<GenerateRowsResponse> answer) {
      answer.setOnCancelHandler(cancelled::countDown);
      answer.onNext(Tables.first(request, 1));
    }
  }

  private final Quiet quiet = new Quiet();

  private static SynthserveException cancelled(Iterator<RowBatch> batches) {
    SynthserveException error = assertThrows(SynthserveException.class, batches::hasNext);
    assertEquals(Code.CANCELLED, error.code());
    return error;
  }

  /** Waits for a batch in another thread, until {@code act} was done to this one's surprise. */
  private static SynthserveException whileWaiting(Iterator<RowBatch> batches, Runnable act)
      throws InterruptedException {
    CountDownLatch waiting = new CountDownLatch(1);
    CompletableFuture<SynthserveException> raised =
        CompletableFuture.supplyAsync(
            () -> {
              waiting.countDown();
              return cancelled(batches);
            });
    waiting.await();
    act.run();
    return raised.join();
  }

  @Test
  void closingAStreamCancelsItsCall() throws InterruptedException {
    try (FakeServer server = FakeServer.ofRows(quiet);
        Client client = server.client()) {
      RowStream rows = client.rows(ENDLESS);
      Iterator<RowBatch> batches = rows.iterator();
      batches.next();
      rows.close();
      quiet.cancelled.await();
      assertTrue(cancelled(batches).getMessage().contains("the stream was closed"));
    }
  }

  @Test
  void closingAStreamWakesWhoWaits() throws InterruptedException {
    try (FakeServer server = FakeServer.ofRows(quiet);
        Client client = server.client()) {
      RowStream rows = client.rows(ENDLESS);
      Iterator<RowBatch> batches = rows.iterator();
      batches.next();
      assertTrue(whileWaiting(batches, rows::close).getMessage().contains("stream was closed"));
      quiet.cancelled.await();
    }
  }

  @Test
  void closingAStreamThatAskedNothingIsSilent() {
    AtomicInteger calls = new AtomicInteger();
    try (FakeServer server = FakeServer.ofRows((call, request, answer) -> calls.incrementAndGet());
        Client client = server.client()) {
      RowStream rows = client.rows(ENDLESS);
      rows.close();
      rows.close();
      cancelled(rows.iterator());
    }
    assertEquals(0, calls.get());
  }

  @Test
  void closingTheClientWakesWhoWaits() throws InterruptedException {
    try (FakeServer server = FakeServer.ofRows(quiet);
        Client client = server.client();
        RowStream rows = client.rows(ENDLESS)) {
      Iterator<RowBatch> batches = rows.iterator();
      batches.next();
      assertTrue(whileWaiting(batches, client::close).getMessage().contains("client was closed"));
      assertEquals(Code.CANCELLED, assertThrows(SynthserveException.class, client::models).code());
    }
  }

  @Test
  void aClosedClientOpensNoStream() {
    AtomicInteger calls = new AtomicInteger();
    try (FakeServer server =
        FakeServer.ofRows((call, request, answer) -> calls.incrementAndGet())) {
      Client client = server.client();
      client.close();
      client.close();
      assertTrue(cancelled(client.rows(ENDLESS).iterator()).getMessage().contains("client was"));
    }
    assertEquals(0, calls.get());
  }

  @Test
  void aThreadThatIsInterruptedAlreadyWaitsForNothing() {
    try (FakeServer server = FakeServer.ofRows((call, request, answer) -> {});
        Client client = server.client();
        RowStream rows = client.rows(ENDLESS)) {
      Thread.currentThread().interrupt();
      SynthserveException error = assertThrows(SynthserveException.class, rows::seed);
      assertEquals(Code.CANCELLED, error.code());
      assertTrue(Thread.interrupted());
    }
  }

  @Test
  void closingEndsTheWaitForTheNextAttempt() throws InterruptedException {
    RetryPolicy patient = new RetryPolicy(9, 9, Duration.ofDays(1), Duration.ofDays(1), 1);
    CountDownLatch broken = new CountDownLatch(1);
    try (FakeServer server =
            FakeServer.ofRows(
                (call, request, answer) -> {
                  answer.onError(Errors.raised(Code.UNAVAILABLE));
                  broken.countDown();
                });
        Client client = server.client(patient)) {
      RowStream rows = client.rows(ENDLESS);
      Iterator<RowBatch> batches = rows.iterator();
      whileWaiting(
          batches,
          () -> {
            await(broken);
            rows.close();
          });
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void anInterruptCancelsAndStaysSet() throws InterruptedException, ExecutionException {
    CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
    try (FakeServer server = FakeServer.ofRows(quiet);
        Client client = server.client();
        RowStream rows = client.rows(ENDLESS)) {
      Iterator<RowBatch> batches = rows.iterator();
      batches.next();
      Thread reader =
          new Thread(
              () -> {
                cancelled(batches);
                interrupted.complete(Thread.currentThread().isInterrupted());
              });
      reader.start();
      reader.interrupt();
      assertTrue(interrupted.get());
      quiet.cancelled.await();
    }
  }

  @Test
  void theEndOfTheContextCancels() throws Exception {
    try (FakeServer server = FakeServer.ofRows(quiet);
        Client client = server.client();
        CancellableContext context = Context.current().withCancellation()) {
      Iterator<RowBatch> batches = context.call(() -> client.rows(ENDLESS).iterator());
      batches.next();
      context.cancel(null);
      cancelled(batches);
      quiet.cancelled.await();
    }
  }

  @Test
  void aStreamThatIsDroppedIsCancelled() throws InterruptedException {
    try (FakeServer server = FakeServer.ofRows(quiet);
        Client client = server.client()) {
      client.rows(ENDLESS).iterator().next();
      do {
        System.gc();
      } while (!quiet.cancelled.await(10, TimeUnit.MILLISECONDS));
    }
  }

  @Test
  void aFailureCancelsTheCall() throws InterruptedException {
    CountDownLatch ended = new CountDownLatch(1);
    try (FakeServer server =
            FakeServer.ofRows(
                (call, request, answer) -> {
                  answer.setOnCancelHandler(ended::countDown);
                  answer.onNext(Tables.later(request, 0, 1)); // Without info.
                });
        Client client = server.client()) {
      Iterator<RowBatch> batches = client.rows(ENDLESS).iterator();
      assertThrows(SynthserveException.class, batches::hasNext);
      ended.await();
    }
  }

  @Test
  void aSlowReaderSlowsTheServerDown() throws InterruptedException {
    AtomicInteger sent = new AtomicInteger();
    try (FakeServer server =
            FakeServer.ofRows(
                (call, request, answer) -> {
                  answer.setOnCancelHandler(() -> {});
                  answer.setOnReadyHandler(
                      () -> {
                        while (answer.isReady()) {
                          int index = sent.getAndIncrement();
                          answer.onNext(
                              index == 0
                                  ? Tables.first(request, 1)
                                  : Tables.later(request, index, 1));
                        }
                      });
                });
        Client client = server.client();
        RowStream rows = client.rows(ENDLESS)) {
      Iterator<RowBatch> batches = rows.iterator();
      for (int read = 1; read <= 1_000; read++) {
        batches.next();
        // One is on its way to this thread, and one to the transport.
        assertTrue(sent.get() <= read + 2, sent + " sent, " + read + " read");
      }
    }
  }

  @Test
  void nothingGoesPastTheDeadline() {
    try (FakeServer server = FakeServer.ofRows(quiet);
        Client client = server.client();
        RowStream rows =
            client.rows(RowsRequest.builder("table").timeout(Duration.ofMillis(200)).build())) {
      Iterator<RowBatch> batches = rows.iterator();
      batches.next();
      SynthserveException error = assertThrows(SynthserveException.class, batches::hasNext);
      assertEquals(Code.DEADLINE_EXCEEDED, error.code());
      assertTrue(error.getMessage().startsWith("not done within 0.2 s"), error.getMessage());
    }
  }

  @Test
  void aWaitPastTheDeadlineIsNotBegunAndItsCauseIsNamed() {
    RetryPolicy patient = new RetryPolicy(9, 9, Duration.ofDays(1), Duration.ofDays(1), 1);
    try (FakeServer server =
            FakeServer.ofRows(
                (call, request, answer) ->
                    answer.onError(
                        Errors.raised(Code.UNAVAILABLE, Errors.reason("SHUTTING_DOWN"))));
        Client client = server.client(patient);
        RowStream rows =
            client.rows(RowsRequest.builder("table").timeout(Duration.ofHours(1)).build())) {
      SynthserveException error = assertThrows(SynthserveException.class, rows::model);
      assertEquals(Code.DEADLINE_EXCEEDED, error.code());
      assertTrue(error.getMessage().endsWith("failed last: what happened"), error.getMessage());
      assertFalse(Thread.currentThread().isInterrupted());
    }
  }
}
