/** Lists of categories that arrive in parts. Pure. */
import { ProtocolError } from "./errors.js";
import type { CategoryPart } from "./gen/synthserve/v1/schema.js";

/** An owner of categories: a column or a condition. */
interface Categorized {
  readonly categories: string[];
  readonly categoryCount: number;
}

/**
 * Appends categories to the columns or conditions that they belong to.
 *
 * @throws ProtocolError - The column or condition does not exist, or gets more categories than announced.
 */
export function appendCategories(owners: readonly Categorized[], parts: readonly CategoryPart[]): void {
  for (const { index, categories } of parts) {
    const owner = owners[index];
    if (owner === undefined) {
      throw new ProtocolError(`categories came for column or condition ${index}, of ${owners.length}`);
    }
    if (owner.categories.length + categories.length > owner.categoryCount) {
      throw new ProtocolError(`column or condition ${index} has ${owner.categoryCount} categories, and more came`);
    }
    // One by one: there can be more than the maximum number of arguments of a call.
    for (const category of categories) {
      owner.categories.push(category);
    }
  }
}

/** @throws ProtocolError - Categories are missing. */
export function checkCategories(owners: readonly Categorized[]): void {
  for (const [index, { categories, categoryCount }] of owners.entries()) {
    if (categories.length < categoryCount) {
      throw new ProtocolError(
        `column or condition ${index} has ${categoryCount} categories, and only ${categories.length} came`,
      );
    }
  }
}
