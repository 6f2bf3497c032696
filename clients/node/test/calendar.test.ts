import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FIRST_DAY, FIRST_MICROSECOND, LAST_DAY, LAST_MICROSECOND, dateText, timestampText } from "#src/calendar.js";

describe("the text of a date", () => {
  const texts: [number, string][] = [
    [0, "1970-01-01"],
    [-1, "1969-12-31"],
    [19_782, "2024-02-29"],
    [-25_509, "1900-02-28"],
    [-25_508, "1900-03-01"],
    [FIRST_DAY, "0001-01-01"],
    [LAST_DAY, "9999-12-31"],
  ];
  for (const [days, text] of texts) {
    it(`is ${text} after ${days} days`, () => {
      assert.equal(dateText(days), text);
    });
  }
});

describe("the text of a timestamp", () => {
  const texts: [bigint, string][] = [
    [0n, "1970-01-01T00:00:00"],
    [1n, "1970-01-01T00:00:00.000001"],
    [-1n, "1969-12-31T23:59:59.999999"],
    [-1_000_000n, "1969-12-31T23:59:59"],
    [1_709_209_800_000_000n, "2024-02-29T12:30:00"],
    [1_709_209_800_250_000n, "2024-02-29T12:30:00.250000"],
    [FIRST_MICROSECOND, "0001-01-01T00:00:00"],
    [LAST_MICROSECOND, "9999-12-31T23:59:59.999999"],
    // More than a double counts.
    [253_402_300_799_999_998n, "9999-12-31T23:59:59.999998"],
  ];
  for (const [microseconds, text] of texts) {
    it(`is ${text}, and has a Z where it is an instant`, () => {
      assert.equal(timestampText(microseconds, false), text);
      assert.equal(timestampText(microseconds, true), `${text}Z`);
    });
  }
});
