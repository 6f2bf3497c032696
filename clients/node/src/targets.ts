import { BlockList, isIPv4, isIPv6 } from "node:net";
import { shown } from "./arguments.js";
import { invalid } from "./errors.js";

const SCHEME = /^(?<scheme>dns|ipv4|ipv6|unix):(?:\/\/[^/]*\/)?(?<rest>.+)$/s;
/** A host, in brackets if it is an IPv6 address with a port, and a port. */
const ADDRESS = /^(?<host>\[[^\][/\s]+\]|[^\][:/\s]+)(?::(?<port>[0-9]{1,5}))?$/;

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4"); // matches them in IPv6 too (::ffff:127.0.0.1)
LOOPBACK.addAddress("::1", "ipv6");

/** A server's address in its parts. */
interface Target {
  readonly scheme: string;
  /** The part after the scheme. */
  readonly rest: string;
  /** One address; for `ipv4:` and `ipv6:` one or more. */
  readonly addresses: readonly string[];
}

function parsed(target: string): Target {
  const { scheme = "dns", rest = target } = SCHEME.exec(target)?.groups ?? {};
  return { scheme, rest, addresses: scheme.startsWith("ip") ? rest.split(",") : [rest] };
}

/**
 * Returns a server's address if it is valid. gRPC would try to resolve it first, and then report it as unavailable.
 *
 * @throws InvalidArgumentError - The address is invalid.
 */
export function checkedTarget(target: unknown): string {
  const wrong = () => invalid("target", `must be HOST:PORT with a port from 1 to 65535, not ${shown(target)}`);
  if (typeof target !== "string") {
    throw wrong();
  }
  const { scheme, addresses } = parsed(target);
  if (scheme !== "unix" && !addresses.every((address) => canBe(scheme, address))) {
    throw wrong();
  }
  return target;
}

function canBe(scheme: string, address: string): boolean {
  const port = ADDRESS.exec(address)?.groups?.port;
  const host = hostOf(address);
  return (
    (isIPv6(address) || ADDRESS.test(address)) &&
    (port === undefined || (Number(port) >= 1 && Number(port) <= 65_535)) &&
    (scheme !== "ipv4" || isIPv4(host)) &&
    (scheme !== "ipv6" || isIPv6(host))
  );
}

/** The host of HOST:PORT, without brackets. */
function hostOf(address: string): string {
  return (ADDRESS.exec(address)?.groups?.host ?? address).replace(/^\[|\]$/g, "");
}

/** Whether an address is on this machine. */
export function isLocal(target: string): boolean {
  const { scheme, addresses } = parsed(target);
  return scheme === "unix" || addresses.every((address) => isLoopback(hostOf(address)));
}

function isLoopback(host: string): boolean {
  return host.toLowerCase() === "localhost" || LOOPBACK.check(host, isIPv6(host) ? "ipv6" : "ipv4");
}

/** The host that gRPC compares with `no_proxy`; undefined if gRPC does not use a proxy. */
export function proxiedHost(target: string): string | undefined {
  const { scheme, rest } = parsed(target);
  return scheme === "unix" ? undefined : hostOf(rest);
}
