package synthserve

import (
	"context"
	"errors"
	"io"
	"math"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestWhatIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := connect(t, &fake{rows: func(request *rowsRequest, stream rowsServer) error {
			return sendNumbers(request, stream, 1, 1)
		}})
		for name, stream := range map[string]*RowStream{
			"model":         client.Rows(t.Context(), "a/b"),
			"conditions[a]": client.Rows(t.Context(), "numbers", Where("a", "\xff"), Where("b", math.NaN())),
		} {
			_, err := readNumbers(stream)
			failure, ok := errors.AsType[*Error](err)
			if !ok || failure.Code != codes.InvalidArgument || failure.FieldViolations[0].Field != name {
				t.Errorf("%s: %v", name, err)
			}
		}
		var missing context.Context
		_, err := client.Model(missing, "numbers")
		_, errRows := readNumbers(client.Rows(missing, "numbers"))
		for _, err := range []error{err, errRows} {
			if failure, ok := errors.AsType[*Error](err); !ok || failure.FieldViolations[0].Field != "ctx" {
				t.Errorf("without a context: %v", err)
			}
		}
		for _, encoding := range []RowEncoding{-1, 0, 1, 99} {
			_, err := client.EncodedRows(t.Context(), "numbers", encoding).WriteTo(io.Discard)
			if failure, ok := errors.AsType[*Error](err); !ok || failure.FieldViolations[0].Field != "encoding" {
				t.Errorf("the encoding %d: %v", encoding, err)
			}
		}
		twice := client.Rows(t.Context(), "numbers", Count(1))
		if _, err := readNumbers(twice); err != nil {
			t.Fatal(err)
		}
		if _, err := readNumbers(twice); status.Code(err) != codes.FailedPrecondition {
			t.Errorf("read twice: %v", err)
		}
	})
}
