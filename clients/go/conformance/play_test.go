package main

import (
	"context"
	"encoding/json"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	synthserve "synthserve.dev/go"
	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// recorder is a server that keeps what it was asked for, and answers with no rows.
type recorder struct {
	synthservev1.UnimplementedGenerationServiceServer
	synthservev1.UnimplementedModelServiceServer

	asked *synthservev1.GenerateRowsRequest
	model *synthservev1.Model
}

func (r *recorder) GenerateRows(
	request *synthservev1.GenerateRowsRequest, stream grpc.ServerStreamingServer[synthservev1.GenerateRowsResponse],
) error {
	r.asked = request
	return stream.Send(&synthservev1.GenerateRowsResponse{Info: &synthservev1.RowStreamInfo{Model: request.GetModel()}})
}

func (r *recorder) GetModel(
	context.Context, *synthservev1.GetModelRequest,
) (*synthservev1.GetModelResponse, error) {
	return &synthservev1.GetModelResponse{Model: r.model}, nil
}

func (r *recorder) serve(t *testing.T) *synthserve.Client {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	synthservev1.RegisterGenerationServiceServer(server, r)
	synthservev1.RegisterModelServiceServer(server, r)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	client, err := synthserve.NewClient(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// played plays a case that is given as JSON.
func played(t *testing.T, client *synthserve.Client, text string) outcome {
	t.Helper()
	var c testCase
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	player := player{client: client, testCase: c}
	result, err := player.play()
	if err != nil || result.Error != nil {
		t.Fatalf("%v, %+v", err, result.Error)
	}
	return result
}

func TestConditionsOfCases(t *testing.T) {
	server := &recorder{}
	client := server.serve(t)
	for where, want := range map[string]*synthservev1.Condition{
		`"AT"`: {Test: &synthservev1.Condition_Equals{Equals: "AT"}},
		`["AT", null, "DE"]`: {Test: &synthservev1.Condition_AnyOf{
			AnyOf: &synthservev1.ValueSet{Values: []string{"AT", "DE"}, Missing: true},
		}},
		`{"low": "30", "high": "40"}`: {Test: &synthservev1.Condition_Between{
			Between: &synthservev1.ValueRange{Low: new("30"), High: new("40")},
		}},
		`{"high": "40"}`:     {Test: &synthservev1.Condition_Between{Between: &synthservev1.ValueRange{High: new("40")}}},
		`null`:               {Test: &synthservev1.Condition_Missing{Missing: true}},
		`{"missing": false}`: {Test: &synthservev1.Condition_Missing{Missing: false}},
	} {
		want.Column = "a"
		played(t, client, `{"call": "rows", "model": "models/m/versions/1", "count": "0", "where": {"a": `+where+`}}`)
		if got := server.asked.GetConditions(); len(got) != 1 || !proto.Equal(got[0], want) {
			t.Errorf("%s: asked for %v, want %v", where, got, want)
		}
	}
}

func TestDescriptions(t *testing.T) {
	table := &synthservev1.TableSchema{Columns: []*synthservev1.Column{
		{Name: "city", Type: synthservev1.ColumnType_COLUMN_TYPE_CATEGORY, Categories: []string{"x", "y"}, CategoryCount: 2},
		{Name: "at", Type: synthservev1.ColumnType_COLUMN_TYPE_TIMESTAMP, Utc: true},
		{Name: "local", Type: synthservev1.ColumnType_COLUMN_TYPE_TIMESTAMP},
	}}
	server := &recorder{model: &synthservev1.Model{
		Version: "models/m/versions/1",
		Output:  &synthservev1.Model_Table{Table: table},
		Conditions: []*synthservev1.ConditionSpec{
			{Column: "city"},
			{Column: "at", Kind: synthservev1.ConditionKind_CONDITION_KIND_RANGE},
		},
	}}
	printed, err := json.Marshal(played(t, server.serve(t), `{"name": "c", "call": "model", "model": "m"}`))
	const want = `{"case":"c","model":"models/m/versions/1","columns":["city","at","local"],"conditions":["city","at"],` +
		`"types":["category","timestamp_utc","timestamp"],"condition_kinds":["code","range"],"category_counts":[2,0,0]}`
	if err != nil || string(printed) != want {
		t.Errorf("printed %s (%v)", printed, err)
	}
}
