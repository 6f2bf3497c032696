package dev.synthserve.conformance;

import com.google.gson.JsonElement;
import dev.synthserve.ImageFormat;
import dev.synthserve.ImagesRequest;
import dev.synthserve.RowsRequest;
import dev.synthserve.StreamRequest;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;

/** A case of a play; null for absent fields. */
record Case(
    String name,
    String connection,
    String call,
    String model,
    String count,
    String seed,
    String offset,
    Map<String, JsonElement> where,
    String format,
    Integer perMessage,
    Integer jpegQuality,
    Long timeoutMs,
    Boolean retries,
    String cancelAfter,
    String pauseAfter) {

  /** The format in the spelling of Java's enums; null: the default. */
  String formatName() {
    return format == null ? null : format.toUpperCase(Locale.ROOT);
  }

  RowsRequest rows() {
    RowsRequest.Builder request = RowsRequest.builder(model);
    fill(request);
    if (perMessage != null) {
      request.rowsPerMessage(perMessage);
    }
    return request.build();
  }

  ImagesRequest images() {
    ImagesRequest.Builder request = ImagesRequest.builder(model);
    fill(request);
    if (perMessage != null) {
      request.imagesPerMessage(perMessage);
    }
    if (format != null) {
      request.format(ImageFormat.valueOf(formatName()));
    }
    if (jpegQuality != null) {
      request.jpegQuality(jpegQuality);
    }
    return request.build();
  }

  private void fill(StreamRequest.Builder<?> request) {
    if (count != null) {
      request.count(Long.parseLong(count));
    }
    if (seed != null) {
      request.seed(Long.parseLong(seed));
    }
    if (offset != null) {
      request.offset(Long.parseLong(offset));
    }
    if (where != null) {
      where.forEach((column, value) -> request.where(column, Conditions.read(value)));
    }
    if (timeoutMs != null) {
      request.timeout(Duration.ofMillis(timeoutMs));
    }
  }
}
