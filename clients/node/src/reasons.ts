/** Translates gRPC's messages for failed connections into a reason and a fix. Pure. */
import type { Proxy } from "./proxies.js";
import type { Security } from "./tls.js";

/** The peer of a connection, for messages. */
export interface Peer {
  /** The server's address. */
  readonly target: string;
  readonly security: Security;
  /** The proxy on the way, if any. */
  readonly proxy: Proxy | undefined;
}

/** gRPC's text around the reason of the last connection attempt. */
const NOT_CONNECTED = /^No connection established\. Last error: (?<reason>.*?)(?:\. Resolution note: .*)?$/s;

/** The time of the attempt, which messages omit. */
const WHEN = /\s*\(\d{4}-\d\d-\d\dT[\d:.]+Z\)$/;

/** gRPC's texts for an established connection that ended. */
const LOST = /^(?:Connection dropped|Stream refused by server|read E[A-Z]+|write E[A-Z]+)/;

/** Maps texts of Node.js and OpenSSL to their meaning. The first match counts. */
const MEANINGS: readonly (readonly [RegExp, string | Readonly<Record<Security, string>>])[] = [
  [/certificate's altnames|ALTNAME_INVALID/, "the server's certificate is for other names; connect by a name in it"],
  [
    /certificate has expired/,
    "the server's certificate has expired, or the clock of this machine is wrong; renew the one or set the other",
  ],
  [
    /certificate is not yet valid/,
    "the server's certificate is not valid yet, or the clock of this machine is wrong; wait, or set the clock",
  ],
  [
    /unable to verify the first certificate|unable to get (?:local )?issuer certificate|self[- ]signed certificate/,
    "the server's certificate was not issued by an authority that this client trusts; " +
      "set tls.ca to the certificate of its root authority",
  ],
  [
    /wrong version number|packet length too long|http request|unknown protocol/,
    "the server does not speak TLS; connect without tls, or start the server with a certificate",
  ],
  [/alert no application protocol/, "the server offers no HTTP/2, which gRPC needs; check host and port"],
  [/^Protocol error/, "the server does not speak HTTP/2 as gRPC does; check host and port"],
  [
    /alert (?:certificate|bad certificate|unsupported certificate|unknown ca|handshake failure|access denied|decrypt)/,
    {
      plain: "the server refused the handshake",
      tls: "the server refused the TLS handshake; if it asks for a client certificate, set tls.certificate and tls.key",
      mutual:
        "the server does not accept tls.certificate; check its authority, its dates and that its key is RSA, P-256 or P-384",
    },
  ],
  [
    /^Failed to connect|Socket closed|Connection closed|ECONNRESET|EPIPE|disconnected before secure TLS/,
    {
      plain: "the server closed the connection before it answered; if it speaks TLS, set tls",
      tls:
        "the server closed the connection before it answered; " +
        "if it asks for a client certificate, set tls.certificate and tls.key",
      mutual:
        "the server closed the connection before it answered; if it does not accept tls.certificate, " +
        "check its authority, its dates and that its key is RSA, P-256 or P-384",
    },
  ],
  [/ETIMEDOUT/, "it timed out; check the address, and firewalls between"],
  [/EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL/, "there is no route to it; check the address and the network"],
  [/EACCES|EPERM/, "this user may not connect to it; check permissions and firewalls"],
];

/**
 * The message for a server that cannot be reached.
 *
 * @param said - The text of gRPC, or of a server or proxy that answered.
 */
export function unreachable(said: string, peer: Peer): string {
  const { target, security, proxy } = peer;
  const way = wayTo(peer);
  if (said.startsWith("Name resolution failed")) {
    return proxy === undefined
      ? `cannot find the host of ${target}: check the address`
      : `cannot connect to ${way}: cannot find the host of the proxy; check ${proxy.variable}`;
  }
  const reason = NOT_CONNECTED.exec(said)?.groups?.reason?.replace(WHEN, "").trim();
  if (reason === undefined) {
    return LOST.test(said) ? `lost the connection to ${way}: ${said}` : `${way} is unavailable: ${said}`;
  }
  if (proxy !== undefined && reason === "undefined") {
    // gRPC's error has no more detail here; gRPC logs the rest to standard error.
    return (
      `cannot connect to ${way}: the proxy is not there or refuses; ` +
      `check ${proxy.variable}, or name the server's host in no_proxy to do without the proxy`
    );
  }
  if (/ECONNREFUSED|connect ENOENT/.test(reason)) {
    const how = reason.includes("ENOENT") ? "no such socket" : "connection refused";
    return `no server at ${target} (${how}): is it running? Else check the address`;
  }
  const meaning = MEANINGS.find(([words]) => words.test(reason))?.[1];
  const told = typeof meaning === "object" ? meaning[security] : meaning;
  return `cannot connect to ${way}: ${told === undefined ? reason : `${told} (${reason})`}`;
}

/**
 * The message for a call that exceeded its deadline.
 *
 * @param said - The text of gRPC.
 */
export function overdue(said: string, peer: Peer): string {
  return /waiting for/i.test(said) ? `not connected to ${wayTo(peer)} in time: ${said}` : said;
}

function wayTo({ target, proxy }: Peer): string {
  return proxy === undefined ? target : `${target} through the proxy ${proxy.address} (${proxy.variable})`;
}
