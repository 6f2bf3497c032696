package synthserve

import (
	"errors"
	"io"

	"google.golang.org/grpc"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// joinedCall is a call for rows. It joins a schema and preamble that the server sent in parts into the first response,
// so that no other code handles parts.
type joinedCall struct {
	grpc.ServerStreamingClient[synthservev1.GenerateRowsResponse]
}

// Recv returns the next response that is not a part of the schema.
func (c joinedCall) Recv() (*synthservev1.GenerateRowsResponse, error) {
	response, err := c.ServerStreamingClient.Recv()
	if err != nil {
		return nil, err
	}
	if response.GetPart() != nil {
		return nil, protocolError("got a part of the schema that was not announced")
	}
	if response.GetInfo() == nil {
		return response, nil
	}
	return response, c.join(response)
}

// join appends the parts that follow a response to its info.
func (c joinedCall) join(first *synthservev1.GenerateRowsResponse) error {
	info := first.GetInfo()
	categories := columnCategories(info.GetSchema())
	count := info.GetPartCount()
	if count > 0 && first.GetRowCount() != 0 {
		return protocolError("got rows before the parts of the schema")
	}
	for i := range count {
		response, err := c.ServerStreamingClient.Recv()
		if errors.Is(err, io.EOF) {
			return protocolError("the stream ended after %d of %d parts of the schema", i, count)
		}
		if err != nil {
			return err
		}
		part := response.GetPart()
		if part == nil || response.GetRowCount() != 0 {
			return protocolError("expected part %d of %d of the schema, got something else", i+1, count)
		}
		if err := appendCategories(categories, part.GetColumns()); err != nil {
			return err
		}
		info.Preamble = append(info.Preamble, part.GetPreamble()...)
	}
	return checkCategories(categories)
}
