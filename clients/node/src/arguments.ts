/** Checks of arguments at run time: JavaScript callers can pass values of any type. Errors name the argument. */
import { inspect } from "node:util";
import { invalid } from "./errors.js";

/** A value for a message: short, on one line. */
export function shown(value: unknown): string {
  return inspect(value, { breakLength: Infinity, customInspect: false, depth: 0, maxStringLength: 100 });
}

/** @throws InvalidArgumentError - `value` is not a string. */
export function text(field: string, value: unknown): void {
  if (typeof value !== "string") {
    throw invalid(field, `must be text, not ${shown(value)}`);
  }
}

/** @throws InvalidArgumentError - `value` is neither true nor false. */
export function flag(field: string, value: unknown): void {
  if (typeof value !== "boolean") {
    throw invalid(field, `must be true or false, not ${shown(value)}`);
  }
}

/**
 * Checks a number that may be infinite.
 *
 * @param least - The smallest value that is allowed.
 * @param unit - The unit, for the message.
 * @throws InvalidArgumentError - `value` is not a number, is NaN, or is smaller.
 */
export function atLeast(field: string, value: unknown, least: number, unit: string): number {
  if (typeof value !== "number" || !(value >= least)) {
    throw invalid(field, `must be a number of ${unit}, at least ${least}, not ${shown(value)}`);
  }
  return value;
}

/**
 * Checks an object of options. The message does not show the value: it may be a secret in the wrong place.
 *
 * @throws InvalidArgumentError - `value` is not an object, or is an iterable such as an array or a map.
 */
export function options<Options extends object>(field: string, value: Options): Options {
  if (!isRecord(value)) {
    throw invalid(field, "must be an object, such as { name: value }");
  }
  return value;
}

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !(Symbol.iterator in value);
}

/** @throws InvalidArgumentError - `value` is not an `AbortSignal`. */
export function signal(field: string, value: unknown): AbortSignal | undefined {
  if (value !== undefined && !(value instanceof AbortSignal)) {
    throw invalid(field, `must be an AbortSignal, not ${shown(value)}`);
  }
  return value;
}

/**
 * The value of a name.
 *
 * @throws InvalidArgumentError - The name is unknown.
 */
export function choice<Name extends string, Value>(
  field: string,
  name: Name,
  values: Readonly<Record<Name, Value>>,
): Value {
  if (typeof name !== "string" || !Object.hasOwn(values, name)) {
    throw invalid(field, `must be one of ${Object.keys(values).join(", ")}, not ${shown(name)}`);
  }
  return values[name];
}
