import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { conditions } from "#src/conditions.js";
import { InvalidArgumentError, between, present, type ConditionTest, type ConditionValue } from "synthserve";
import type { Condition } from "synthserve/v1";

const test = (wanted: ConditionTest) => conditions({ a: wanted })[0]?.test;
const equals = (value: string): Condition["test"] => ({ $case: "equals", value });
const anyOf = (values: string[], missing = false): Condition["test"] => ({
  $case: "anyOf",
  value: { values, missing },
});
const range = (low?: string, high?: string): Condition["test"] => ({ $case: "between", value: { low, high } });

describe("a condition", () => {
  const forms: [string, ConditionTest, Condition["test"]][] = [
    ["a value", "AT", equals("AT")],
    ["an empty text", "", equals("")],
    ["one of several values", ["AT", 7, 7n, false], anyOf(["AT", "7", "7", "false"])],
    ["one of several values, or missing", ["AT", null], anyOf(["AT"], true)],
    ["one of no values, which the server judges", [], anyOf([])],
    ["between two values", between(30, 40.5), range("30", "40.5")],
    ["at least a value", between("2024-01-01", null), range("2024-01-01")],
    ["at most a value", between(undefined, 0), range(undefined, "0")],
    ["missing", null, { $case: "missing", value: true }],
    ["not missing", present, { $case: "missing", value: false }],
  ];
  for (const [what, wanted, expected] of forms) {
    it(`can be ${what}`, () => {
      assert.deepEqual(test(wanted), expected);
    });
  }

  it("is for a column of any name, in the order given", () => {
    assert.deepEqual(conditions({ b: 1, ["__proto__"]: "p", "": true }), [
      { column: "b", test: equals("1") },
      { column: "__proto__", test: equals("p") },
      { column: "", test: equals("true") },
    ]);
  });
});

describe("a value", () => {
  const texts: [ConditionValue, string][] = [
    [1.5, "1.5"],
    [0.1, "0.1"],
    [-0, "0"],
    [1e-7, "1e-7"],
    [5e-324, "5e-324"],
    [Number.MAX_VALUE, "1.7976931348623157e+308"],
    [30, "30"],
    [Number.MIN_SAFE_INTEGER, "-9007199254740991"],
    // What `String` would round.
    [2 ** 60, "1152921504606846976"],
    [2n ** 63n - 1n, "9223372036854775807"],
    [true, "true"],
    [false, "false"],
    [" two\nlines ", " two\nlines "],
    [new Date("2024-02-29T12:30:00Z"), "2024-02-29T12:30:00Z"],
    [new Date("2024-02-29T12:30:00.007+01:00"), "2024-02-29T11:30:00.007000Z"],
    [new Date(-1), "1969-12-31T23:59:59.999000Z"],
    [new Date("0001-01-01T00:00:00Z"), "0001-01-01T00:00:00Z"],
    [new Date("9999-12-31T23:59:59.999Z"), "9999-12-31T23:59:59.999000Z"],
  ];
  for (const [value, text] of texts) {
    it(`${JSON.stringify(text)} reads as it is in a CSV file`, () => {
      assert.deepEqual(test(value), equals(text));
      assert.deepEqual(test([value]), anyOf([text]));
      assert.deepEqual(test(between(value, value)), range(text, text));
    });
  }

  const wrong: [string, unknown][] = [
    ["NaN", NaN],
    ["Infinity", Infinity],
    ["-Infinity", -Infinity],
    ["an invalid Date", new Date(NaN)],
    ["a Date before the year 1", new Date("0000-12-31T23:59:59.999Z")],
    ["a Date after the year 9999", new Date("+010000-01-01T00:00:00Z")],
    ["undefined", undefined],
    ["a symbol", Symbol("present")],
    ["a function", () => "x"],
    ["an object", { low: 1, high: 2 }],
    ["a set", new Set(["x"])],
    ["bytes", Buffer.from("x")],
  ];
  for (const [what, value] of wrong) {
    it(`cannot be ${what}`, () => {
      for (const wanted of [value, ["x", value], between("x", value as string), between(value as string, "x")]) {
        if (value === undefined && wanted !== value && !Array.isArray(wanted)) {
          continue; // An open end.
        }
        assert.throws(
          () => test(wanted as ConditionTest),
          (error) =>
            error instanceof InvalidArgumentError &&
            error.fields.length === 1 &&
            error.fields[0]?.field === "conditions[a]" &&
            error.message.startsWith("conditions[a]: must be "),
        );
      }
    });
  }

  it("of a list or of an end of a range is one value", () => {
    assert.throws(() => test([["x"]] as unknown as ConditionTest), /^InvalidArgumentError: conditions\[a\]: /);
    assert.throws(() => test([present] as unknown as ConditionTest), /^InvalidArgumentError: conditions\[a\]: /);
    assert.throws(() => test(between(["x"] as unknown as string, null)), /^InvalidArgumentError: conditions\[a\]: /);
  });
});
