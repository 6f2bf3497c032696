import type { KeyObject, X509Certificate } from "node:crypto";
import { credentials, type ChannelCredentials } from "@grpc/grpc-js";
import * as args from "./arguments.js";
import { invalid } from "./errors.js";
import { certificates, message, pemText, privateKey, type Pem } from "./pem.js";

/** How a connection is secured. PEM, as text or as read from a file. */
export interface TlsOptions {
  /** Certificates of the trusted authorities. Default: those of Node.js. */
  readonly ca?: Pem | undefined;
  /** The client's certificate, followed by the intermediate certificates. Requires `key`. */
  readonly certificate?: Pem | undefined;
  /** The private key of `certificate`, without a password: RSA, P-256, P-384, P-521 or Ed25519. */
  readonly key?: Pem | undefined;
}

/** How a connection is secured: `mutual` is TLS with a client certificate. */
export type Security = "plain" | "tls" | "mutual";

/**
 * Returns how to secure a connection.
 *
 * @throws InvalidArgumentError - `tls` is neither true, false nor an object, or has only one of `certificate` and
 * `key`.
 */
export function security(tls: boolean | TlsOptions): Security {
  if (typeof tls === "boolean") {
    return tls ? "tls" : "plain";
  }
  const { certificate, key } = args.options("tls", tls);
  if ((certificate === undefined) !== (key === undefined)) {
    const missing = key === undefined ? "key" : "certificate";
    throw invalid(`tls.${missing}`, "is missing: certificate and key go together");
  }
  return key === undefined ? "tls" : "mutual";
}

/**
 * Makes the credentials of a connection.
 *
 * @param tls - True: TLS with the authorities of Node.js. False: plain text.
 * @throws InvalidArgumentError - The certificates or the key are unusable for TLS.
 */
export function channelCredentials(tls: boolean | TlsOptions): ChannelCredentials {
  if (security(tls) === "plain") {
    return credentials.createInsecure();
  }
  const given = typeof tls === "boolean" ? {} : tls;
  const [ca, certificate, key] = (["ca", "certificate", "key"] as const).map((name) =>
    given[name] === undefined ? undefined : pemText(`tls.${name}`, given[name]),
  );
  if (ca !== undefined) {
    certificates("tls.ca", ca);
  }
  if (certificate !== undefined && key !== undefined) {
    checkPair(certificates("tls.certificate", certificate), privateKey("tls.key", key));
  }
  try {
    return credentials.createSsl(bytes(ca), bytes(key), bytes(certificate));
  } catch (cause) {
    throw invalid("tls", `the TLS library refuses this: ${message(cause)}`, cause);
  }
}

function checkPair([own, ...between]: readonly X509Certificate[], key: KeyObject): void {
  const { asymmetricKeyType: kind = "", asymmetricKeyDetails: { namedCurve } = {} } = key;
  if (!KINDS.has(kind) || (namedCurve !== undefined && !CURVES.has(namedCurve))) {
    throw invalid("tls.key", `TLS has no signatures with this kind of key (${namedCurve ?? kind}); use RSA or P-256`);
  }
  if (own!.checkPrivateKey(key)) {
    return;
  }
  if (between.some((certificate) => certificate.checkPrivateKey(key))) {
    throw invalid("tls.certificate", "is in the wrong order: the certificate of the key must come first");
  }
  throw invalid("tls.key", "is not the key of the certificate");
}

/** Keys and curves that sign in TLS 1.3. */
const KINDS = new Set(["rsa", "rsa-pss", "ec", "ed25519", "ed448"]);
const CURVES = new Set(["prime256v1", "secp384r1", "secp521r1"]);

function bytes(pem: string | undefined): Buffer | null {
  return pem === undefined ? null : Buffer.from(pem);
}
