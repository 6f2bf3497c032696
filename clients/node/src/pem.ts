/** PEM files as editors and tools write them, checked by the library that will use them. */
import { X509Certificate, createPrivateKey, type KeyObject } from "node:crypto";
import { invalid } from "./errors.js";

/** PEM, as text or as read from a file. */
export type Pem = string | Uint8Array;

const CERTIFICATE = /-----BEGIN (?<label>(?:X509 |TRUSTED )?CERTIFICATE)-----[^-]+-----END \k<label>-----/g;
const CERTIFICATE_BEGINS = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/g;
const KEY_BEGINS = /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/;
const KEY_HAS_PASSWORD = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;

/**
 * Reads PEM text: removes byte order marks, and converts line ends to those that OpenSSL supports.
 *
 * @param field - The name of the argument, for messages.
 * @throws InvalidArgumentError - It is neither text nor bytes, or is UTF-16.
 */
export function pemText(field: string, content: unknown): string {
  if (typeof content !== "string" && !(content instanceof Uint8Array)) {
    throw invalid(field, "must be PEM, as text or as the bytes of a file");
  }
  const text = typeof content === "string" ? content : new TextDecoder().decode(content);
  if (text.includes("-\0-")) {
    throw invalid(field, "is UTF-16; save the file as UTF-8 or ASCII");
  }
  return text.replaceAll("\uFEFF", "").replaceAll(/\r\n?/g, "\n");
}

/**
 * Reads the certificates of PEM text, at least one.
 *
 * @throws InvalidArgumentError - The text has no certificate, or one that cannot be parsed, which TLS would ignore.
 */
export function certificates(field: string, pem: string): X509Certificate[] {
  const blocks = pem.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) {
    throw invalid(field, `holds no PEM certificate${hint(pem)}`);
  }
  if (blocks.length !== pem.match(CERTIFICATE_BEGINS)?.length) {
    throw invalid(field, "holds a certificate that is not whole");
  }
  return blocks.map((block, position) => {
    try {
      return new X509Certificate(block);
    } catch (cause) {
      throw invalid(field, `certificate ${position + 1} of ${blocks.length} is damaged: ${message(cause)}`, cause);
    }
  });
}

/**
 * Reads the private key of PEM text.
 *
 * @throws InvalidArgumentError - The text has no key, or the key has a password or cannot be parsed.
 */
export function privateKey(field: string, pem: string): KeyObject {
  if (!KEY_BEGINS.test(pem)) {
    throw invalid(field, `holds no PEM private key${hint(pem)}`);
  }
  if (KEY_HAS_PASSWORD.test(pem)) {
    throw invalid(field, "has a password; remove it, for example with `openssl pkey -in KEY -out NEW_KEY`");
  }
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw invalid(field, `cannot be read as a private key: ${message(cause)}`, cause);
  }
}

/** A hint if the caller may have passed a path instead. */
function hint(text: string): string {
  return /^[^\n\0]{1,255}$/.test(text.trim()) ? "; give the content of the file, not its path" : "";
}

/** The message of a library's error, without trailing line breaks. */
export function message(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).trim();
}
