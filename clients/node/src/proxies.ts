/**
 * Finds the proxy that gRPC uses. gRPC selects it without exposing the choice, and error messages must name the proxy.
 */
import { BlockList, isIPv4 } from "node:net";
import { invalid } from "./errors.js";
import { proxiedHost } from "./targets.js";

/** A proxy that the environment names. */
export interface Proxy {
  /** The address, without user and password. */
  readonly address: string;
  /** The environment variable that names the proxy. */
  readonly variable: string;
}

/** Variables that name a proxy; the first that is not empty counts. */
const PROXIES = ["grpc_proxy", "https_proxy", "http_proxy"];
/** Variables that name hosts to be reached without one; the first that is not empty counts. */
const EXCEPTIONS = ["no_grpc_proxy", "no_proxy"];

/**
 * @returns The proxy through which gRPC reaches a server, by gRPC's rule; undefined for a direct connection.
 * @throws InvalidArgumentError - The variable holds a user or a password that gRPC cannot read.
 */
export function proxyOf(target: string, environment: NodeJS.ProcessEnv): Proxy | undefined {
  const variable = PROXIES.find((name) => environment[name]);
  const host = proxiedHost(target);
  if (variable === undefined || host === undefined) {
    return undefined;
  }
  const exceptions = EXCEPTIONS.map((name) => environment[name]).find(Boolean);
  if (exceptions?.split(",").some((exception) => covers(exception, host))) {
    return undefined;
  }
  const url = URL.canParse(environment[variable]!) ? new URL(environment[variable]!) : undefined;
  if (url?.protocol !== "http:") {
    return undefined;
  }
  if (url.username !== "" && url.password !== "") {
    try {
      decodeURIComponent(`${url.username}:${url.password}`);
    } catch {
      throw invalid(variable, "% in the user or the password of a proxy must be written as %25");
    }
  }
  return { address: `http://${url.hostname}:${url.port === "" ? "80" : url.port}`, variable };
}

/** Whether an entry of `no_proxy` holds for a host: an end of its name, or the network of its address. */
function covers(exception: string, host: string): boolean {
  const [network, prefix, ...more] = exception.split("/");
  const bits = Number.parseInt(prefix ?? "", 10);
  if (isIPv4(host) && isIPv4(network!) && bits >= 0 && bits <= 32 && more.length === 0) {
    const hosts = new BlockList();
    hosts.addSubnet(network!, bits, "ipv4");
    return hosts.check(host) || host.endsWith(exception);
  }
  return host.endsWith(exception);
}
