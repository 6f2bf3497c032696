/** Conditions on columns, and their encoding in a request. */
import * as args from "./arguments.js";
import { FIRST_MICROSECOND, LAST_MICROSECOND, timestampText } from "./calendar.js";
import { invalid } from "./errors.js";
import type { Condition } from "./gen/synthserve/v1/generation.js";

/**
 * A value of a column. A `Date` is an instant. Days and timestamps without a zone are text: `"2024-02-29"`,
 * `"2024-02-29T12:30:00"`. A `number` must be finite.
 */
export type ConditionValue = string | number | bigint | boolean | Date;

/** A range that includes both ends; see {@link between}. */
export class Between {
  /** @internal */
  constructor(
    /** The smallest value; null or undefined: unbounded. */
    readonly low: ConditionValue | null | undefined,
    /** The largest value; null or undefined: unbounded. */
    readonly high: ConditionValue | null | undefined,
  ) {}
}

/**
 * The condition that a column lies in a range, both ends included.
 *
 * @param low - The smallest value. Null: the range is open at this end.
 * @param high - The largest value. Null: the range is open at this end.
 *
 * @example
 * ```ts
 * client.rows("people", { where: { age: between(30, 40), joined: between("2024-01-01", null) } });
 * ```
 */
export function between(low: ConditionValue | null | undefined, high: ConditionValue | null | undefined): Between {
  return new Between(low, high);
}

/** The condition that a column has a value: `where: { income: present }`. */
export const present: unique symbol = Symbol("present");

/**
 * A condition on a column: it has this value, has one of these values (null among them: or it is missing), lies in a
 * range ({@link between}), is missing (null), or is not missing ({@link present}).
 */
export type ConditionTest = ConditionValue | readonly (ConditionValue | null)[] | Between | typeof present | null;

/** Conditions by column, all of which hold, for example `{ country: ["AT", "DE"], age: between(30, 40) }`. */
export type Conditions = Readonly<Record<string, ConditionTest>>;

/** @throws InvalidArgumentError - A condition cannot be sent. The server checks whether the model supports it. */
export function conditions(where: Conditions): Condition[] {
  const columns = Object.entries(args.options("where", where));
  return columns.map(([column, wanted]) => ({ column, test: test(`conditions[${column}]`, wanted) }));
}

function test(field: string, wanted: ConditionTest): Condition["test"] {
  if (wanted === null) {
    return { $case: "missing", value: true };
  }
  if (wanted === present) {
    return { $case: "missing", value: false };
  }
  if (wanted instanceof Between) {
    const end = (value: ConditionValue | null | undefined) => (value == null ? undefined : text(field, value));
    return { $case: "between", value: { low: end(wanted.low), high: end(wanted.high) } };
  }
  if (Array.isArray(wanted)) {
    const values = wanted.filter((value) => value !== null).map((value) => text(field, value));
    return { $case: "anyOf", value: { values, missing: wanted.includes(null) } };
  }
  return { $case: "equals", value: text(field, wanted) };
}

/** A value as in a CSV file. */
function text(field: string, value: unknown): string {
  switch (typeof value) {
    case "string":
      return value;
    case "bigint":
    case "boolean":
      return String(value);
    case "number":
      return numberText(field, value);
    default:
      if (value instanceof Date) {
        return instantText(field, value);
      }
      throw invalid(
        field,
        `must be text, a number, a boolean, a Date, an array of these, between(low, high), null (missing) or present, ` +
          `not ${args.shown(value)}; to set none, leave the condition out`,
      );
  }
}

function numberText(field: string, value: number): string {
  if (!Number.isFinite(value)) {
    throw invalid(field, `must be a finite number, not ${value}; null leaves an end of a range open`);
  }
  // `String` rounds large integers to the digits that a double needs. A column of 64-bit integers needs all digits.
  return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? String(BigInt(value)) : String(value);
}

function instantText(field: string, value: Date): string {
  const milliseconds = value.getTime();
  // An invalid date is not a number.
  const microseconds = Number.isNaN(milliseconds) ? undefined : BigInt(milliseconds) * 1000n;
  if (microseconds === undefined || microseconds < FIRST_MICROSECOND || microseconds > LAST_MICROSECOND) {
    throw invalid(field, `must be a date of the years 1 to 9999, not ${args.shown(value)}`);
  }
  return timestampText(microseconds, true);
}
