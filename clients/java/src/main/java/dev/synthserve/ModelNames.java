package dev.synthserve;

import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Converts model names to resource names. */
final class ModelNames {
  // Version numbers have at most 18 digits.
  private static final Pattern SHORT = Pattern.compile("([^/@]+)(?:@0*([0-9]{1,18}))?");

  private ModelNames() {}

  /** Turns a model name into a resource name. The server checks whether the model exists. */
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
