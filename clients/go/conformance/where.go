package main

import synthserve "synthserve.dev/go"

// condition reads the condition of a case on a column. Text means equality. A list means any of its values; null in it
// means missing. An object has the ends of a range, or says that the value is not missing.
func condition(column string, test any) synthserve.StreamOption {
	switch test := test.(type) {
	case []any:
		return synthserve.WhereAnyOf(column, test...)
	case map[string]any:
		if test["missing"] == false {
			return synthserve.WherePresent(column)
		}
		return synthserve.WhereBetween(column, test["low"], test["high"])
	default:
		return synthserve.Where(column, test)
	}
}
