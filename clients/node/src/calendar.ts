/** Days and timestamps of the years 1 to 9999: their numbers, and their text in ISO 8601. Pure. */

const MILLISECONDS_PER_DAY = 86_400_000;
const MICROSECONDS_PER_DAY = 86_400_000_000n;

/** 0001-01-01 and 9999-12-31, in days since 1970-01-01. */
export const [FIRST_DAY, LAST_DAY] = [-719_162, 2_932_896] as const;

/** The beginning of the first day, in microseconds since 1970-01-01T00:00:00. */
export const FIRST_MICROSECOND = BigInt(FIRST_DAY) * MICROSECONDS_PER_DAY;

/** The end of the last day. */
export const LAST_MICROSECOND = (BigInt(LAST_DAY) + 1n) * MICROSECONDS_PER_DAY - 1n;

/** `2024-02-29`. */
export function dateText(days: number): string {
  return new Date(days * MILLISECONDS_PER_DAY).toISOString().slice(0, 10);
}

/**
 * `2024-02-29T12:30:00`, with six more digits where there is a fraction of a second, and with `Z` at the end where the
 * microseconds count an instant.
 */
export function timestampText(microseconds: bigint, utc: boolean): string {
  const fraction = ((microseconds % 1_000_000n) + 1_000_000n) % 1_000_000n;
  // A `Date` counts milliseconds, so only the whole seconds go through it.
  const seconds = new Date(Number((microseconds - fraction) / 1000n)).toISOString().slice(0, 19);
  const digits = fraction === 0n ? "" : `.${String(fraction).padStart(6, "0")}`;
  return `${seconds}${digits}${utc ? "Z" : ""}`;
}
