import { X509Certificate } from "node:crypto";
import { BlockList, isIPv6 } from "node:net";
import { credentials, type ChannelCredentials, type ChannelOptions } from "@grpc/grpc-js";
import { invalid } from "./errors.js";
import { VERSION } from "./version.js";

/** How a connection is secured. PEM, as text or as read from a file. */
export interface TlsOptions {
  /** Certificates of the authorities that the server's may be of. Default: those that Node.js brings. */
  readonly ca?: string | Uint8Array | undefined;
  /** The client's own certificate, and those between it and its authority. Goes with `key`. */
  readonly certificate?: string | Uint8Array | undefined;
  /** The private key of `certificate`, without a password. */
  readonly key?: string | Uint8Array | undefined;
}

const SCHEME = /^(?<scheme>dns|ipv4|ipv6|unix):(?:\/\/[^/]*\/)?(?<rest>.+)$/;
/** A host, in brackets if it is an IPv6 address with a port, and a port. */
const ADDRESS = /^(?<host>\[[^\][/\s]+\]|[^\][:/\s]+)(?::(?<port>[0-9]{1,5}))?$/;

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/**
 * Returns a server's address if it can be one. gRPC would look for it first, and then say that it is unavailable.
 *
 * @throws InvalidArgumentError - It cannot.
 */
export function checkedTarget(target: string): string {
  if (SCHEME.test(target) || isIPv6(target)) {
    return target;
  }
  const port = ADDRESS.exec(target)?.groups?.port;
  if (!ADDRESS.test(target) || (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65_535))) {
    throw invalid("target", `must be HOST:PORT with a port from 1 to 65535, not ${JSON.stringify(target)}`);
  }
  return target;
}

/** Whether what is sent to an address stays on this machine. */
export function isLocal(target: string): boolean {
  const { scheme, rest } = SCHEME.exec(target)?.groups ?? {};
  return scheme === "unix" || (rest ?? target).split(",").every(isLoopback);
}

function isLoopback(address: string): boolean {
  const host = (ADDRESS.exec(address)?.groups?.host ?? address).replace(/^\[|\]$/g, "");
  return host.toLowerCase() === "localhost" || LOOPBACK.check(host, isIPv6(host) ? "ipv6" : "ipv4");
}

/** Puts the caller's options over the defaults. */
export function channelOptions(target: string, options: ChannelOptions): ChannelOptions {
  return {
    "grpc.primary_user_agent": `synthserve-node/${VERSION}`,
    "grpc.max_receive_message_length": 64 * 1024 * 1024,
    // A broken stream goes on as soon as a server is back, not after gRPC's backoff of up to two minutes.
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 2000,
    // Finds a peer that vanished. Servers by default close connections that ping more than once in five minutes.
    "grpc.keepalive_time_ms": 330_000,
    "grpc.keepalive_timeout_ms": 20_000,
    // Calls are tried again here, where it is known what is missing: gRPC's own attempts would multiply with those.
    "grpc.enable_retries": 0,
    "grpc.service_config_disable_resolution": 1,
    // Per stream; with HTTP/2's own 64 KiB a distant server would wait for the reader most of the time.
    "grpc-node.flow_control_window": 1024 * 1024,
    // A proxy of the environment is not on this machine; a token could be read there.
    ...(isLocal(target) && { "grpc.enable_http_proxy": 0 }),
    ...options,
  };
}

/**
 * Makes the credentials of a connection.
 *
 * @param tls - True: TLS with the authorities that Node.js brings. False: plain text.
 * @throws InvalidArgumentError - Something is not PEM, or `certificate` and `key` do not belong together.
 */
export function channelCredentials(tls: boolean | TlsOptions): ChannelCredentials {
  if (tls === false) {
    return credentials.createInsecure();
  }
  const { ca, certificate, key } = tls === true ? {} : tls;
  if ((certificate === undefined) !== (key === undefined)) {
    throw invalid("tls", "certificate and key go together");
  }
  if (ca !== undefined) {
    // TLS would ignore what it cannot read, and trust nobody.
    try {
      new X509Certificate(ca);
    } catch (cause) {
      throw invalid("tls", "ca holds no PEM certificate", cause);
    }
  }
  try {
    return credentials.createSsl(pem(ca), pem(key), pem(certificate));
  } catch (cause) {
    throw invalid("tls", "certificate is not a PEM certificate with its key, without a password", cause);
  }
}

function pem(content: string | Uint8Array | undefined): Buffer | null {
  return content === undefined ? null : Buffer.from(content);
}
