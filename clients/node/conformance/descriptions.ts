import { ColumnType, ConditionKind, type Column, type ConditionSpec, type Model } from "synthserve";

/** The printed description of a model. */
export function described(model: Model): Record<string, unknown> {
  const columns = model.output?.$case === "table" ? model.output.value.columns : [];
  return {
    model: model.version,
    columns: columns.map(({ name }) => name),
    conditions: model.conditions.map(({ column }) => column),
    graph_sha256: model.graphSha256,
    types: columns.map(typeOf),
    condition_kinds: model.conditions.map(kindOf),
    category_counts: columns.map(({ categories }) => categories.length),
  };
}

function typeOf({ type, utc }: Column): string {
  return utc ? `${nameOf(type, ColumnType)}_utc` : nameOf(type, ColumnType);
}

function kindOf({ kind }: ConditionSpec): string {
  return nameOf(kind === ConditionKind.UNSPECIFIED ? ConditionKind.CODE : kind, ConditionKind);
}

/** The name of an enum's value in lower case; its number if a newer server added the value. */
function nameOf(value: number, values: Readonly<Record<string, number>>): string {
  const name = Object.keys(values).find((name) => values[name] === value);
  return name?.toLowerCase() ?? String(value);
}
