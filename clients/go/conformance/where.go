package main

import synthserve "synthserve.dev/go"

// condition reads what a case says of a column: text equals; a list is any of its values, null a missing one; an object
// has the ends of a range, or says that the value is not missing.
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
