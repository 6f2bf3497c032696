package synthserve

import (
	"context"
	"fmt"
	"net"
	"os"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// What tests that see this package from outside, as the README does, need of the others.

// ServeFake serves two models on a socket, iris-vae and mnist-dcgan, and returns the address.
func ServeFake(t *testing.T) string {
	t.Helper()
	return serveOnSocket(t, generators())
}

// ServeFakeThatShows is [ServeFake] that shows each request for rows.
func ServeFakeThatShows(t *testing.T, show func(*synthservev1.GenerateRowsRequest)) string {
	t.Helper()
	f := generators()
	answer := f.rows
	f.rows = func(request *rowsRequest, stream rowsServer) error {
		show(request)
		return answer(request, stream)
	}
	return serveOnSocket(t, f)
}

func serveOnSocket(t *testing.T, f *fake) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	synthservev1.RegisterGenerationServiceServer(server, f)
	synthservev1.RegisterModelServiceServer(server, f)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

// ServeFakeOverTLS serves models to clients with a certificate, and returns the address. What a client needs lies in the
// current folder then: ca.pem, client.pem, client-key.pem.
func ServeFakeOverTLS(t *testing.T) string {
	t.Helper()
	ca := newAuthority(t)
	certificate, key := ca.issue(t)
	for name, file := range map[string]string{"ca.pem": ca.file, "client.pem": certificate, "client-key.pem": key} {
		if err := os.Link(file, name); err != nil {
			t.Fatal(err)
		}
	}
	return serveTLS(t, ca, generators())
}

func generators() *fake {
	return &fake{
		rows: func(request *rowsRequest, stream rowsServer) error {
			info := &synthservev1.RowStreamInfo{Model: request.GetModel() + "/versions/1", Seed: request.GetSeed(), Schema: iris}
			response := &rowsResponse{Info: info, RowCount: request.GetCount()}
			if request.GetFormat() == synthservev1.RowFormat_ROW_FORMAT_CSV {
				info.Preamble = []byte("petal_length,species\n")
				response.Rows = &synthservev1.GenerateRowsResponse_Data{Data: []byte("1.5,setosa\n")}
			} else {
				response.Rows = &synthservev1.GenerateRowsResponse_Columns{Columns: irises(int(request.GetCount()))}
			}
			return stream.Send(response)
		},
		images: func(request *imagesRequest, stream imagesServer) error {
			info := &synthservev1.ImageStreamInfo{Model: request.GetModel() + "/versions/1", Seed: request.GetSeed()}
			response := &synthservev1.GenerateImagesResponse{Info: info}
			for i := range request.GetCount() {
				response.Images = append(response.Images, fmt.Appendf(nil, "image %d", i))
			}
			return stream.Send(response)
		},
		get: func(_ context.Context, request *synthservev1.GetModelRequest) (*synthservev1.GetModelResponse, error) {
			if request.GetName() == "models/iris-vae" {
				return &synthservev1.GetModelResponse{Model: &synthservev1.Model{Name: request.GetName()}}, nil
			}
			return nil, refusal(codes.NotFound, "no such model", ReasonModelNotFound,
				&errdetails.ResourceInfo{ResourceName: request.GetName()})
		},
	}
}

var iris = &synthservev1.TableSchema{Columns: []*synthservev1.Column{
	{Name: "petal_length", Type: synthservev1.ColumnType_COLUMN_TYPE_DOUBLE},
	{Name: "species", Type: synthservev1.ColumnType_COLUMN_TYPE_CATEGORY, Categories: []string{"setosa"}},
}}

// irises are rows that are all alike.
func irises(count int) *synthservev1.ColumnBatch {
	lengths := &synthservev1.DoubleValues{Values: make([]float64, count)}
	for i := range lengths.Values {
		lengths.Values[i] = 1.5
	}
	species := &synthservev1.CategoryCodes{Codes: make([]int32, count)}
	return &synthservev1.ColumnBatch{Columns: []*synthservev1.ColumnValues{
		{Values: &synthservev1.ColumnValues_Doubles{Doubles: lengths}},
		{Values: &synthservev1.ColumnValues_Categories{Categories: species}},
	}}
}
