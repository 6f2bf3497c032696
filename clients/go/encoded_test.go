package synthserve

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// sendLines answers with one line of text for each row, two rows in a message, and stops after limit rows.
func sendLines(request *rowsRequest, stream rowsServer, limit int64) error {
	response := &rowsResponse{Info: numbersInfo(request)}
	response.Info.Preamble = []byte("number\n")
	left := min(request.GetCount(), limit)
	for first := request.GetOffset(); ; {
		var data []byte
		count := min(2, left)
		for i := range count {
			data = fmt.Appendf(data, "%d\n", first+i)
		}
		response.FirstIndex, response.RowCount = first, count
		response.Rows = &synthservev1.GenerateRowsResponse_Data{Data: data}
		if err := stream.Send(response); err != nil {
			return err
		}
		first, left, response = first+count, left-count, &rowsResponse{}
		if left == 0 {
			return nil
		}
	}
}

func sendLinesAndBreak(request *rowsRequest, stream rowsServer) error {
	if err := sendLines(request, stream, 3); err != nil || request.GetCount() <= 3 {
		return err
	}
	return status.Error(codes.Unavailable, "going down")
}

func TestFileAcrossBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var formats []synthservev1.RowFormat
		client := connect(t, &fake{rows: func(request *rowsRequest, stream rowsServer) error {
			formats = append(formats, request.GetFormat())
			return sendLinesAndBreak(request, stream)
		}})
		var file bytes.Buffer
		stream := client.EncodedRows(t.Context(), "numbers", CSV, Count(7))
		written, err := stream.WriteTo(&file)
		if want := "number\n0\n1\n2\n3\n4\n5\n6\n"; err != nil || file.String() != want || written != int64(len(want)) {
			t.Errorf("wrote %d bytes, %q, %v", written, file.String(), err)
		}
		csv := synthservev1.RowFormat_ROW_FORMAT_CSV
		if !slices.Equal(formats, []synthservev1.RowFormat{csv, csv, csv}) {
			t.Errorf("asked for %v", formats)
		}
		if stream.Info().GetSeed() != 1234 {
			t.Errorf("info is %v", stream.Info())
		}
	})
}

func TestChunks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := connect(t, &fake{rows: sendLinesAndBreak})
		var chunks []string
		for chunk, err := range client.EncodedRows(t.Context(), "numbers", CSV, Count(5)).Chunks() {
			if err != nil {
				t.Fatal(err)
			}
			chunks = append(chunks, fmt.Sprintf("%d+%d %q", chunk.FirstIndex, chunk.RowCount, chunk.Data))
		}
		want := []string{`0+0 "number\n"`, `0+2 "0\n1\n"`, `2+1 "2\n"`, `3+2 "3\n4\n"`}
		if !slices.Equal(chunks, want) {
			t.Errorf("got %v, want %v", chunks, want)
		}
		empty := 0
		for chunk, err := range client.EncodedRows(t.Context(), "numbers", CSV, Count(0)).Chunks() {
			if err != nil || string(chunk.Data) != "number\n" {
				t.Errorf("without rows: %v, %v", chunk, err)
			}
			empty++
		}
		if empty != 1 {
			t.Errorf("without rows: %d chunks", empty)
		}
	})
}

type fullDisk struct{ left int }

var errFull = errors.New("the disk is full")

func (d *fullDisk) Write(p []byte) (int, error) {
	n := min(len(p), d.left)
	if d.left -= n; n < len(p) {
		return n, errFull
	}
	return n, nil
}

func TestWritingFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := connect(t, &fake{rows: sendLinesAndBreak})
		written, err := client.EncodedRows(t.Context(), "numbers", CSV, Count(5)).WriteTo(&fullDisk{left: 9})
		if written != 9 || !errors.Is(err, errFull) {
			t.Errorf("wrote %d bytes, %v", written, err)
		}
	})
}

func TestColumnsInsteadOfAFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := connect(t, &fake{rows: func(request *rowsRequest, stream rowsServer) error {
			return sendNumbers(request, stream, 1, 1)
		}})
		_, err := client.EncodedRows(t.Context(), "numbers", CSV, Count(1)).WriteTo(&bytes.Buffer{})
		if !errors.Is(err, ErrProtocol) {
			t.Errorf("got %v", err)
		}
	})
}
