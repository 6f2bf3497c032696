package synthserve

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

func TestDetails(t *testing.T) {
	raised := refusal(codes.ResourceExhausted, "all at once", ReasonLimitExceeded,
		retryIn(1500*time.Millisecond),
		&errdetails.QuotaFailure{Violations: []*errdetails.QuotaFailure_Violation{
			{Subject: "server", Description: "4 streams"},
		}},
		&errdetails.PreconditionFailure{Violations: []*errdetails.PreconditionFailure_Violation{
			{Type: "STATE", Subject: version, Description: "is not ready"},
		}},
		&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: "count", Description: "is negative"}, {Field: "seed", Description: "is negative"},
		}},
		&errdetails.ResourceInfo{ResourceName: "models/nothing"},
		&errdetails.Help{}, // which this package does not read
	)
	got := fromRPC(raised, metadata.Pairs("x-request-id", "request-1"), &route{target: "host:1"})
	want := &Error{
		Code:                   codes.ResourceExhausted,
		Message:                "all at once",
		Reason:                 ReasonLimitExceeded,
		Metadata:               map[string]string{"key": "value"},
		RequestID:              "request-1",
		FieldViolations:        []FieldViolation{{"count", "is negative"}, {"seed", "is negative"}},
		ResourceName:           "models/nothing",
		RetryDelay:             new(1500 * time.Millisecond),
		QuotaViolations:        []Violation{{"", "server", "4 streams"}},
		PreconditionViolations: []Violation{{"STATE", version, "is not ready"}},
		cause:                  raised,
		status:                 status.Convert(raised),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestErrorsWithoutDetails(t *testing.T) {
	for code, want := range map[codes.Code]string{
		codes.Unavailable:   "synthserve: no answer from host:1: text",
		codes.Unimplemented: "synthserve: what answers at host:1 does not offer this API: text",
		codes.Internal:      "synthserve: text (request request-1)",
		codes.NotFound:      "synthserve: text",
	} {
		got := fromRPC(status.Error(code, "text"), metadata.Pairs("x-request-id", "request-1"), &route{target: "host:1"})
		if got.Error() != want || got.Reason != "" || got.RetryDelay != nil {
			t.Errorf("got %v, want %s", got, want)
		}
	}
	// An interceptor can return what is no status.
	plain := errors.New("text")
	if got := fromRPC(plain, nil, &route{target: "host:1"}); got.Code != codes.Unknown || !errors.Is(got, plain) {
		t.Errorf("got %v", got)
	}
}

func TestTellingErrorsApart(t *testing.T) {
	err := fmt.Errorf("in a program: %w", fromRPC(refusal(codes.NotFound, "text", ReasonModelNotFound), nil, &route{target: "host:1"}))
	state, ok := status.FromError(err)
	if !ok || state.Code() != codes.NotFound || len(state.Details()) != 1 {
		t.Errorf("gRPC sees %v", state)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrProtocol) {
		t.Error("it is taken for another error")
	}
	cause := &Error{Code: codes.Unavailable, Message: "down"}
	if err := late(cause); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, cause) ||
		status.Code(err) != codes.DeadlineExceeded || !strings.Contains(err.Error(), "down") {
		t.Errorf("a passed deadline: %v", err)
	}
	if err := closedError(); !errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a closed client: %v", err)
	}
}
