package dev.synthserve.conformance;

import com.google.rpc.BadRequest;
import com.google.rpc.PreconditionFailure;
import com.google.rpc.QuotaFailure;
import dev.synthserve.Client;
import dev.synthserve.EncodedRowStream;
import dev.synthserve.Image;
import dev.synthserve.ImageStream;
import dev.synthserve.RowBatch;
import dev.synthserve.RowChunk;
import dev.synthserve.RowFormat;
import dev.synthserve.RowStream;
import dev.synthserve.SampleStream;
import dev.synthserve.SynthserveException;
import dev.synthserve.example.Program;
import dev.synthserve.v1.Column;
import dev.synthserve.v1.ConditionKind;
import dev.synthserve.v1.ConditionSpec;
import dev.synthserve.v1.Model;
import io.grpc.Status.Code;
import java.io.IOException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/** Plays one case. */
final class Player {
  private final Case asked;
  private final Client client;
  private final Program.Body pause;
  private final long pauseAfter;
  private final long cancelAfter;
  private long samples;
  private boolean paused;
  private boolean cancelled;

  Player(Case asked, Client client, Program.Body pause) {
    this.asked = asked;
    this.client = client;
    this.pause = pause;
    this.pauseAfter = bound(asked.pauseAfter());
    this.cancelAfter = bound(asked.cancelAfter());
  }

  private static long bound(String samples) {
    return samples == null ? Long.MAX_VALUE : Long.parseLong(samples);
  }

  /** Plays the case and returns the result. */
  Map<String, Object> play() throws IOException {
    Map<String, Object> outcome = new LinkedHashMap<>();
    try {
      switch (asked.call()) {
        case "models" ->
            outcome.put("models", client.models().stream().map(Model::getVersion).toList());
        case "model" -> describe(client.model(asked.model()), outcome);
        case "images" -> playImages(outcome);
        default -> {
          if (asked.format() == null || asked.format().equals("columns")) {
            playColumns(outcome);
          } else {
            playEncoded(outcome);
          }
        }
      }
    } catch (SynthserveException error) {
      outcome.put("samples", Long.toString(samples));
      if (cancelled && error.code() == Code.CANCELLED) {
        outcome.put("cancelled", true);
      } else {
        outcome.put("error", describe(error));
      }
    }
    return outcome;
  }

  private void playColumns(Map<String, Object> outcome) throws IOException {
    try (RowStream rows = client.rows(asked.rows())) {
      Digests.Table digest = new Digests.Table(rows.schema().getColumnsCount());
      for (RowBatch batch : rows) {
        digest.update(batch);
        came(batch.rowCount(), rows);
      }
      ended(rows, digest.hex(), outcome);
    }
  }

  private void playEncoded(Map<String, Object> outcome) throws IOException {
    RowFormat format = RowFormat.valueOf(asked.formatName());
    try (EncodedRowStream rows = client.encodedRows(asked.rows(), format)) {
      MessageDigest digest = Digests.sha256();
      for (RowChunk chunk : rows) {
        chunk.data().asReadOnlyByteBufferList().forEach(digest::update);
        came(chunk.rowCount(), rows);
      }
      ended(rows, Digests.hex(digest), outcome);
    }
  }

  private void playImages(Map<String, Object> outcome) throws IOException {
    boolean png = asked.format() == null || asked.format().equals("png");
    try (ImageStream images = client.images(asked.images())) {
      MessageDigest digest = Digests.sha256();
      for (Image image : images) {
        digest.update(png ? Digests.pixels(image) : image.data().toByteArray());
        came(1, images);
      }
      ended(images, Digests.hex(digest), outcome);
    }
  }

  private void came(long more, SampleStream<?> stream) throws IOException {
    samples += more;
    if (samples >= pauseAfter && !paused) {
      paused = true;
      pause.run();
    }
    if (samples >= cancelAfter) {
      cancelled = true;
      stream.close();
    }
  }

  private void ended(SampleStream<?> stream, String sha256, Map<String, Object> outcome) {
    outcome.put("samples", Long.toString(samples));
    outcome.put("sha256", sha256);
    outcome.put("model", stream.model());
    outcome.put("seed", Long.toString(stream.seed()));
  }

  private static void describe(Model model, Map<String, Object> outcome) {
    List<Column> columns = model.getTable().getColumnsList();
    outcome.put("model", model.getVersion());
    outcome.put("columns", columns.stream().map(Column::getName).toList());
    outcome.put(
        "conditions", model.getConditionsList().stream().map(ConditionSpec::getColumn).toList());
    outcome.put("graph_sha256", model.getGraphSha256());
    outcome.put("types", columns.stream().map(Player::type).toList());
    outcome.put("condition_kinds", model.getConditionsList().stream().map(Player::kind).toList());
    outcome.put("category_counts", columns.stream().map(Column::getCategoriesCount).toList());
  }

  private static String type(Column column) {
    String type = word(column.getType(), "COLUMN_TYPE_");
    return column.getUtc() ? type + "_utc" : type;
  }

  private static String kind(ConditionSpec condition) {
    return condition.getKind() == ConditionKind.CONDITION_KIND_UNSPECIFIED
        ? "code"
        : word(condition.getKind(), "CONDITION_KIND_");
  }

  private static String word(Enum<?> constant, String prefix) {
    return constant.name().replace(prefix, "").toLowerCase(Locale.ROOT);
  }

  private static Map<String, Object> describe(SynthserveException error) {
    Map<String, Object> said = new LinkedHashMap<>();
    said.put("code", error.code().name());
    if (!error.reason().isEmpty()) {
      said.put("reason", error.reason());
    }
    error.resourceName().ifPresent(name -> said.put("resource", name));
    error.retryDelay().map(Duration::toMillis).ifPresent(delay -> said.put("retry_ms", delay));
    put(said, "fields", error.fieldViolations(), BadRequest.FieldViolation::getField);
    put(said, "quotas", error.quotaViolations(), QuotaFailure.Violation::getSubject);
    put(
        said,
        "preconditions",
        error.preconditionViolations(),
        PreconditionFailure.Violation::getSubject);
    return said;
  }

  private static <V> void put(
      Map<String, Object> said, String key, List<V> violations, Function<V, String> name) {
    if (!violations.isEmpty()) {
      said.put(key, violations.stream().map(name).toList());
    }
  }
}
