package main

import (
	"strings"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

func (p *player) model() (outcome, error) {
	ctx, cancel := p.context()
	defer cancel()
	model, err := p.client.Model(ctx, p.Model)
	if err != nil {
		return outcome{}, err
	}
	return described(model), nil
}

// described is the printed description of a model.
func described(model *synthservev1.Model) outcome {
	result := outcome{Model: model.GetVersion(), GraphSHA256: model.GetGraphSha256()}
	for _, column := range model.GetTable().GetColumns() {
		result.Columns = append(result.Columns, column.GetName())
		result.Types = append(result.Types, typeName(column))
		result.CategoryCounts = append(result.CategoryCounts, len(column.GetCategories()))
	}
	for _, condition := range model.GetConditions() {
		result.Conditions = append(result.Conditions, condition.GetColumn())
		result.ConditionKinds = append(result.ConditionKinds, kindName(condition.GetKind()))
	}
	return result
}

func typeName(column *synthservev1.Column) string {
	name := strings.ToLower(strings.TrimPrefix(column.GetType().String(), "COLUMN_TYPE_"))
	if column.GetUtc() {
		name += "_utc"
	}
	return name
}

func kindName(kind synthservev1.ConditionKind) string {
	if kind == synthservev1.ConditionKind_CONDITION_KIND_UNSPECIFIED {
		kind = synthservev1.ConditionKind_CONDITION_KIND_CODE
	}
	return strings.ToLower(strings.TrimPrefix(kind.String(), "CONDITION_KIND_"))
}
