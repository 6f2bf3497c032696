package synthserve

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

type (
	rowsRequest   = synthservev1.GenerateRowsRequest
	rowsResponse  = synthservev1.GenerateRowsResponse
	rowsServer    = grpc.ServerStreamingServer[rowsResponse]
	imagesRequest = synthservev1.GenerateImagesRequest
	imagesServer  = grpc.ServerStreamingServer[synthservev1.GenerateImagesResponse]
)

const version = "models/numbers/versions/3"

// fake is a server in this process that does what a test says.
type fake struct {
	synthservev1.UnimplementedGenerationServiceServer
	synthservev1.UnimplementedModelServiceServer

	rows   func(*rowsRequest, rowsServer) error
	images func(*imagesRequest, imagesServer) error
	list   func(context.Context, *synthservev1.ListModelsRequest) (*synthservev1.ListModelsResponse, error)
	get    func(context.Context, *synthservev1.GetModelRequest) (*synthservev1.GetModelResponse, error)

	mutex    sync.Mutex
	listener *bufconn.Listener
	server   *grpc.Server
}

func (f *fake) GenerateRows(request *rowsRequest, stream rowsServer) error {
	return f.rows(request, stream)
}

func (f *fake) GenerateImages(request *imagesRequest, stream imagesServer) error {
	return f.images(request, stream)
}

func (f *fake) ListModels(
	ctx context.Context, request *synthservev1.ListModelsRequest,
) (*synthservev1.ListModelsResponse, error) {
	return f.list(ctx, request)
}

func (f *fake) GetModel(
	ctx context.Context, request *synthservev1.GetModelRequest,
) (*synthservev1.GetModelResponse, error) {
	return f.get(ctx, request)
}

// start serves, on a connection without a network: so that a synctest bubble knows when nothing more will happen.
func (f *fake) start() {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.listener = bufconn.Listen(64 << 10)
	f.server = grpc.NewServer()
	synthservev1.RegisterGenerationServiceServer(f.server, f)
	synthservev1.RegisterModelServiceServer(f.server, f)
	listener, server := f.listener, f.server
	go func() { _ = server.Serve(listener) }()
}

// kill breaks all connections.
func (f *fake) kill() {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.server.Stop()
}

func (f *fake) dial(ctx context.Context, _ string) (net.Conn, error) {
	f.mutex.Lock()
	listener := f.listener
	f.mutex.Unlock()
	return listener.DialContext(ctx)
}

// connect starts the server, and returns a client of it.
func connect(t *testing.T, f *fake, options ...Option) *Client {
	t.Helper()
	f.start()
	t.Cleanup(f.kill)
	options = append(options, WithDialOptions(grpc.WithContextDialer(f.dial)))
	client, err := NewClient("passthrough:///fake", options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

var numbers = &synthservev1.TableSchema{Columns: []*synthservev1.Column{
	{Name: "number", Type: synthservev1.ColumnType_COLUMN_TYPE_INT64},
}}

// numberRows is a response with rows of one column: each row's index.
func numberRows(first, count int64, info *synthservev1.RowStreamInfo) *rowsResponse {
	values := make([]int64, count)
	for i := range values {
		values[i] = first + int64(i)
	}
	column := &synthservev1.ColumnValues{
		Values: &synthservev1.ColumnValues_Int64S{Int64S: &synthservev1.Int64Values{Values: values}},
	}
	return &rowsResponse{
		Info:       info,
		FirstIndex: first,
		RowCount:   count,
		Rows: &synthservev1.GenerateRowsResponse_Columns{
			Columns: &synthservev1.ColumnBatch{Columns: []*synthservev1.ColumnValues{column}},
		},
	}
}

func numbersInfo(request *rowsRequest) *synthservev1.RowStreamInfo {
	seed := int64(1234) // the drawn one
	if request.Seed != nil {
		seed = request.GetSeed()
	}
	return &synthservev1.RowStreamInfo{Model: version, Seed: seed, Schema: numbers}
}

// sendNumbers answers as a server does, in messages of size rows, and stops after limit rows.
func sendNumbers(request *rowsRequest, stream rowsServer, size, limit int64) error {
	info := numbersInfo(request)
	left := min(request.GetCount(), limit)
	for first := request.GetOffset(); ; info = nil {
		count := min(size, left)
		if err := stream.Send(numberRows(first, count, info)); err != nil {
			return err
		}
		first, left = first+count, left-count
		if left == 0 {
			return nil
		}
	}
}

// refusal is an error of a server: with ErrorInfo where a reason is given, and the other details.
func refusal(code codes.Code, message, reason string, details ...protoadapt.MessageV1) error {
	if reason != "" {
		info := &errdetails.ErrorInfo{Domain: "synthserve", Reason: reason, Metadata: map[string]string{"key": "value"}}
		details = append([]protoadapt.MessageV1{info}, details...)
	}
	result, err := status.New(code, message).WithDetails(details...)
	if err != nil {
		panic(err)
	}
	return result.Err()
}

func retryIn(delay time.Duration) protoadapt.MessageV1 {
	return &errdetails.RetryInfo{RetryDelay: durationpb.New(delay)}
}
