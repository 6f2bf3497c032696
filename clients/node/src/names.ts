import * as args from "./arguments.js";
import { invalid } from "./errors.js";

const SHORT = /^(?<model>[^/@]+)(?:@0*(?<version>[0-9]{1,18}))?$/;

/**
 * Turns a model name into a resource name. The server checks whether the model exists.
 *
 * @param name - `iris-vae`, `iris-vae@2`, or a resource name (`models/…`).
 * @throws InvalidArgumentError - The name is not a string, or does not have one of these forms.
 */
export function resourceName(name: string): string {
  args.text("model", name);
  if (name.startsWith("models/")) {
    return name;
  }
  const { model, version } = SHORT.exec(name)?.groups ?? {};
  if (model === undefined) {
    throw invalid("model", `write NAME, NAME@VERSION or a resource name (models/…), not ${JSON.stringify(name)}`);
  }
  return version === undefined ? `models/${model}` : `models/${model}/versions/${version}`;
}
