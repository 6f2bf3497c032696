import { isLocal } from "./channel.js";
import { invalid } from "./errors.js";

/** A bearer token, or what gives one for each attempt of each call, so that it can be renewed. */
export type Token = string | (() => string | Promise<string>);

/**
 * Refuses a token that others could read on its way.
 *
 * @throws InvalidArgumentError - It must not be sent.
 */
export function checkTokenUse(target: string, secured: boolean, insecureToken: boolean): void {
  if (!(secured || insecureToken || isLocal(target))) {
    throw invalid(
      "token",
      `would be sent to ${target} in plain text; use tls, or insecureToken where something else secures the connection`,
    );
  }
}

/**
 * The header for a token. The message of the error does not repeat it, as gRPC's own would.
 *
 * @throws InvalidArgumentError - It is not text that a header can hold.
 */
export function authorization(token: string): string {
  const trimmed = token.trim();
  if (!/^[\x20-\x7e]+$/.test(trimmed)) {
    throw invalid("token", "must be a line of ASCII text");
  }
  return `Bearer ${trimmed}`;
}
