package synthserve_test

import (
	"context"
	"slices"
	"testing"

	synthserve "synthserve.dev/go"
	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// What docs/your-data.md shows, to the letter: its test holds the two together.
func yourDataRows(ctx context.Context, client *synthserve.Client) *synthserve.RowStream {
	rows := client.Rows(ctx, "customers", synthserve.Count(1000), synthserve.Seed(7),
		synthserve.WhereAnyOf("country", "AT", "DE"),
		synthserve.WhereBetween("age", 30, 40),
		synthserve.WhereBetween("joined", synthserve.NewDate(2023, 1, 1), nil), // nil: an open end
	)
	return rows
}

func TestYourDataRows(t *testing.T) {
	var asked []string
	client, err := synthserve.NewClient(synthserve.ServeFakeThatShows(t, func(request *synthservev1.GenerateRowsRequest) {
		asked = nil
		for _, condition := range request.GetConditions() {
			asked = append(asked, condition.GetColumn())
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, err := range yourDataRows(t.Context(), client).Batches() {
		if err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"country", "age", "joined"}; !slices.Equal(asked, want) {
		t.Errorf("asked for conditions on %v", asked)
	}
}
