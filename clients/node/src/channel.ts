import type { ChannelOptions } from "@grpc/grpc-js";
import { shown } from "./arguments.js";
import { invalid } from "./errors.js";
import { VERSION } from "./version.js";

/** The largest number of milliseconds and of HTTP/2 units. A longer timer would fire at once. */
const LARGEST = 2 ** 31 - 1;

/**
 * Merges the caller's options over the defaults.
 *
 * @param direct - Whether no proxy may be used, whatever the options and the environment say.
 * @throws InvalidArgumentError - The gRPC library does not accept a value.
 */
export function channelOptions(options: ChannelOptions, direct: boolean): ChannelOptions {
  for (const [name, value] of Object.entries(options)) {
    check(name, value);
  }
  const all: ChannelOptions = {
    "grpc.primary_user_agent": `synthserve-node/${VERSION}`,
    "grpc.max_receive_message_length": 64 * 1024 * 1024,
    // A broken stream resumes as soon as a server is back, not after gRPC's backoff of up to two minutes.
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 2000,
    // Detects a peer that vanished. Servers by default close connections that ping more than once in five minutes.
    "grpc.keepalive_time_ms": 330_000,
    "grpc.keepalive_timeout_ms": 20_000,
    // This package retries calls, because it knows which samples are missing; gRPC's retries would multiply with these.
    "grpc.enable_retries": 0,
    "grpc.service_config_disable_resolution": 1,
    // Per stream; with HTTP/2's own 64 KiB a distant server would wait for the reader most of the time.
    "grpc-node.flow_control_window": 1024 * 1024,
    ...options,
  };
  if (!direct) {
    return all;
  }
  const withoutProxy = Object.entries(all).filter(([name]) => !name.startsWith("grpc.http_connect_"));
  return { ...Object.fromEntries(withoutProxy), "grpc.enable_http_proxy": 0 };
}

function check(name: string, value: unknown): void {
  const field = `channelOptions[${JSON.stringify(name)}]`;
  const largest = /_(?:length|memory|buffer_size)$/.test(name) ? Number.MAX_SAFE_INTEGER : LARGEST;
  if (typeof value === "number" && !(Number.isInteger(value) && value >= -1 && value <= largest)) {
    throw invalid(field, `must be an integer from -1 to ${largest}, not ${shown(value)}`);
  }
  // Most go into headers; this one is JSON.
  if (typeof value === "string" && name !== "grpc.service_config" && !/^[\x20-\x7e]*$/.test(value)) {
    throw invalid(field, `must be a line of ASCII text, not ${shown(value)}`);
  }
}
