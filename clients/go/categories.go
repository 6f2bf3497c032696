package synthserve

import (
	"fmt"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// categoryList collects the categories of a column or condition, which a server can send in parts.
type categoryList struct {
	owner  string // the column or condition, for messages
	values *[]string
	count  int32 // the number of categories; 0 if there are no categories, or if the server does not send the number
	// Whether the list can be empty although the count is not: a condition of a table then uses the categories of its
	// column.
	optional bool
}

func columnCategories(schema *synthservev1.TableSchema) []categoryList {
	lists := make([]categoryList, len(schema.GetColumns()))
	for k, column := range schema.GetColumns() {
		lists[k] = categoryList{
			owner:  fmt.Sprintf("column %q", column.GetName()),
			values: &column.Categories,
			count:  column.GetCategoryCount(),
		}
	}
	return lists
}

func conditionCategories(model *synthservev1.Model) []categoryList {
	lists := make([]categoryList, len(model.GetConditions()))
	for k, condition := range model.GetConditions() {
		lists[k] = categoryList{
			owner:    fmt.Sprintf("condition %q", condition.GetColumn()),
			values:   &condition.Categories,
			count:    condition.GetCategoryCount(),
			optional: model.GetTable() != nil,
		}
	}
	return lists
}

// appendCategories appends the categories of parts of a schema to the lists. It fails if a list does not exist or
// overflows.
func appendCategories(lists []categoryList, parts []*synthservev1.CategoryPart) error {
	for _, part := range parts {
		index := int(part.GetIndex())
		if index < 0 || index >= len(lists) {
			return protocolError("a part of the schema has the index %d, of %d", index, len(lists))
		}
		list := lists[index]
		*list.values = append(*list.values, part.GetCategories()...)
		if came := len(*list.values); came > int(list.count) {
			return protocolError("%s: expected %d categories, got %d and perhaps more", list.owner, list.count, came)
		}
	}
	return nil
}

// checkCategories fails if categories are missing after the last part.
func checkCategories(lists []categoryList) error {
	for _, list := range lists {
		came := len(*list.values)
		if list.count == 0 || came == 0 && list.optional {
			continue
		}
		if came != int(list.count) {
			return protocolError("%s: expected %d categories, got %d", list.owner, list.count, came)
		}
	}
	return nil
}
