package dev.synthserve;

import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Names of models: what people type, and the resource names on the wire. */
final class ModelNames {
  // No server counts further than 18 digits.
  private static final Pattern SHORT = Pattern.compile("([^/@]+)(?:@0*([0-9]{1,18}))?");

  private ModelNames() {}

  /**
   * Turns what a person types into a resource name. Whether there is such a model is for the server
   * to say.
   */
  static String resource(String name) {
    if (Objects.requireNonNull(name, "model").startsWith("models/")) {
      return name;
    }
    Matcher match = SHORT.matcher(name);
    if (!match.matches()) {
      throw SynthserveException.invalid(
          "model",
          "write NAME, NAME@VERSION or a full resource name (models/...), not '" + name + "'");
    }
    String model = "models/" + match.group(1);
    return match.group(2) == null ? model : model + "/versions/" + match.group(2);
  }
}
