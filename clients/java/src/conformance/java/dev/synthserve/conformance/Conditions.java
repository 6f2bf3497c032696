package dev.synthserve.conformance;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.synthserve.Condition;

/** Conditions in the format of plays. */
final class Conditions {
  private Conditions() {}

  /** Reads the condition on a column. */
  static Condition read(JsonElement value) {
    if (value.isJsonNull()) {
      return Condition.missing();
    }
    if (value.isJsonArray()) {
      return Condition.anyOf(
          value.getAsJsonArray().asList().stream().map(Conditions::text).toArray());
    }
    if (value.isJsonObject()) {
      JsonObject test = value.getAsJsonObject();
      if (test.has("missing")) {
        return test.get("missing").getAsBoolean() ? Condition.missing() : Condition.present();
      }
      return Condition.between(text(test.get("low")), text(test.get("high")));
    }
    return Condition.equalTo(text(value));
  }

  private static String text(JsonElement value) {
    return value == null || value.isJsonNull() ? null : value.getAsString();
  }
}
