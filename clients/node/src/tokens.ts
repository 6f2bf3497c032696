import { invalid } from "./errors.js";
import type { Security } from "./tls.js";
import { isLocal } from "./targets.js";

/** A bearer token, or a function that returns one for each attempt of each call, so that it can be renewed. */
export type Token = string | (() => string | Promise<string>);

/**
 * Refuses to send a token in plain text to another machine.
 *
 * @throws InvalidArgumentError - The token must not be sent.
 */
export function checkTokenUse(target: string, security: Security, insecureToken: boolean): void {
  if (security === "plain" && !insecureToken && !isLocal(target)) {
    throw invalid(
      "token",
      `would be sent to ${target} in plain text; use tls, or insecureToken where something else secures the connection`,
    );
  }
}

/**
 * The header for a token, without a leading byte order mark, and without blanks and line breaks around it. The error
 * does not contain the token, while gRPC's own would.
 *
 * @throws InvalidArgumentError - The token is not valid text for a header.
 */
export function authorization(token: unknown): string {
  if (typeof token !== "string") {
    throw invalid("token", "must be text; the bytes of a file must be decoded first");
  }
  const trimmed = token.replace(/^\uFEFF/, "").replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
  if (!/^[\x20-\x7e]+$/.test(trimmed)) {
    throw invalid("token", "must be a line of printable ASCII text; is its file empty, or not UTF-8?");
  }
  return `Bearer ${trimmed}`;
}
