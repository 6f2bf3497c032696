import { between, present, type ConditionTest, type Conditions } from "synthserve";
import type { Case, Wanted } from "./play.js";

/** The conditions of a case, as options of the client. */
export function conditionsOf({ where }: Case): Conditions | undefined {
  return where && Object.fromEntries(Object.entries(where).map(([column, wanted]) => [column, testOf(wanted)]));
}

function testOf(wanted: Wanted): ConditionTest {
  if (wanted === null || typeof wanted === "string" || isList(wanted)) {
    return wanted;
  }
  return "missing" in wanted ? present : between(wanted.low, wanted.high);
}

/** `Array.isArray` does not narrow to read-only arrays. */
function isList(wanted: Wanted): wanted is readonly (string | null)[] {
  return Array.isArray(wanted);
}
