package synthserve

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// The tests of this file run in synctest bubbles: waits take no time, and are measured exactly.

func readNumbers(stream *RowStream) ([]int64, error) {
	var read []int64
	for row, err := range stream.Rows() {
		if err != nil {
			return read, err
		}
		read = append(read, row.Value(0).(int64))
	}
	return read, nil
}

func sequenceOf(first, count int64) []int64 {
	expected := make([]int64, count)
	for i := range expected {
		expected[i] = first + int64(i)
	}
	return expected
}

func TestRowsAcrossBreaks(t *testing.T) {
	breaks := map[string]error{
		"unavailable":           status.Error(codes.Unavailable, "going down"),
		"cancelled by a server": status.Error(codes.Canceled, ""),
		"shutting down":         refusal(codes.Unavailable, "", ReasonShuttingDown, retryIn(2*time.Second)),
		"over a limit":          refusal(codes.ResourceExhausted, "", ReasonLimitExceeded, retryIn(2*time.Second)),
	}
	for name, failure := range breaks {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var calls []*rowsRequest
				client := connect(t, &fake{rows: func(request *rowsRequest, stream rowsServer) error {
					calls = append(calls, request)
					if err := sendNumbers(request, stream, 3, 7); err != nil || request.GetCount() <= 7 {
						return err
					}
					return failure
				}})
				stream := client.Rows(t.Context(), "numbers", Count(20), Offset(5), Where("a", "b"), PerMessage(3))
				read, err := readNumbers(stream)
				if err != nil || !slices.Equal(read, sequenceOf(5, 20)) {
					t.Fatalf("got %v, %v", read, err)
				}
				if info := stream.Info(); info.GetModel() != version || info.GetSeed() != 1234 {
					t.Errorf("info is %v", info)
				}
				first, last := calls[0], calls[len(calls)-1]
				if len(calls) != 3 || first.GetModel() != "models/numbers" || first.Seed != nil {
					t.Errorf("%d calls, the first for %v", len(calls), first)
				}
				if last.GetModel() != version || last.GetSeed() != 1234 || last.GetOffset() != 19 || last.GetCount() != 6 {
					t.Errorf("the last call is for %v", last)
				}
				for _, call := range calls {
					if call.GetConditions()[0].GetEquals() != "b" || call.GetRowsPerMessage() != 3 {
						t.Errorf("a call forgets conditions or hint: %v", call)
					}
				}
			})
		})
	}
}

func TestLostConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &fake{rows: func(request *rowsRequest, stream rowsServer) error {
			if request.GetOffset() > 0 {
				return sendNumbers(request, stream, 10, 10)
			}
			if err := sendNumbers(request, stream, 10, 10); err != nil {
				return err
			}
			<-stream.Context().Done()
			return nil
		}}
		client := connect(t, server)
		var read []int64
		for batch, err := range client.Rows(t.Context(), "numbers", Count(20), Seed(1)).Batches() {
			if err != nil {
				t.Fatal(err)
			}
			if read = append(read, batch.Columns[0].Int64s...); len(read) == 10 {
				server.kill()
				time.AfterFunc(3*time.Second, server.start)
			}
		}
		if !slices.Equal(read, sequenceOf(0, 20)) {
			t.Errorf("got %v", read)
		}
	})
}

func TestGivingUp(t *testing.T) {
	for name, c := range map[string]struct {
		failure  error
		attempts int32
		shortest time.Duration
		longest  time.Duration
	}{
		"no server":        {status.Error(codes.Unavailable, "x"), 4, 350 * time.Millisecond, 700 * time.Millisecond},
		"told when":        {refusal(codes.Unavailable, "x", "Y", retryIn(time.Second)), 4, 3 * time.Second, 3 * time.Second},
		"over a limit":     {refusal(codes.ResourceExhausted, "x", "Y", retryIn(time.Second)), 4, 3350 * time.Millisecond, 3700 * time.Millisecond},
		"over for good":    {refusal(codes.ResourceExhausted, "x", "Y"), 1, 0, 0},
		"a server's fault": {status.Error(codes.Internal, "x"), 1, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var attempts atomic.Int32
				client := connect(t, &fake{rows: func(*rowsRequest, rowsServer) error {
					attempts.Add(1)
					return c.failure
				}})
				began := time.Now()
				_, err := readNumbers(client.Rows(t.Context(), "numbers", Count(1)))
				waited := time.Since(began)
				if status.Code(err) != status.Code(c.failure) || attempts.Load() != c.attempts {
					t.Errorf("%d attempts, %v; want %d", attempts.Load(), err, c.attempts)
				}
				if waited < c.shortest || waited > c.longest {
					t.Errorf("waited %v, not from %v to %v", waited, c.shortest, c.longest)
				}
			})
		})
	}
}

func TestDeadline(t *testing.T) {
	t.Run("a wait that would pass it is not begun", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			client := connect(t, &fake{rows: func(request *rowsRequest, stream rowsServer) error {
				_ = sendNumbers(request, stream, 1, 1)
				return refusal(codes.Unavailable, "the disk is full", ReasonShuttingDown, retryIn(time.Minute))
			}})
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			began := time.Now()
			read, err := readNumbers(client.Rows(ctx, "numbers", Count(5)))
			if len(read) != 1 || !errors.Is(err, context.DeadlineExceeded) || status.Code(err) != codes.DeadlineExceeded {
				t.Fatalf("got %v, %v", read, err)
			}
			if !strings.Contains(err.Error(), "the disk is full") || time.Since(began) != 0 {
				t.Errorf("after %v: %v", time.Since(began), err)
			}
			if cause, ok := errors.AsType[*Error](errors.Unwrap(err)); !ok || cause.Reason != ReasonShuttingDown {
				t.Errorf("the cause is %v", cause)
			}
		})
	})
	t.Run("it holds for the whole stream", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var calls atomic.Int32
			client := connect(t, &fake{rows: func(request *rowsRequest, stream rowsServer) error {
				if calls.Add(1) == 1 {
					return status.Error(codes.Unavailable, "the disk is full")
				}
				<-stream.Context().Done()
				return nil
			}})
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			began := time.Now()
			_, err := readNumbers(client.Rows(ctx, "numbers", Count(5)))
			if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "the disk is full") {
				t.Errorf("got %v", err)
			}
			if took := time.Since(began); took != 10*time.Second {
				t.Errorf("took %v", took)
			}
		})
	})
}

func TestADeadlineDoesNotNameWhatWasOvercome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		client := connect(t, &fake{rows: func(request *rowsRequest, stream rowsServer) error {
			if calls.Add(1) == 1 {
				return status.Error(codes.Unavailable, "the disk is full")
			}
			if err := sendNumbers(request, stream, 1, 1); err != nil {
				return err
			}
			<-stream.Context().Done()
			return nil
		}})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := readNumbers(client.Rows(ctx, "numbers", Count(5)))
		if !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "the disk is full") {
			t.Errorf("got %v", err)
		}
	})
}

func TestCancelling(t *testing.T) {
	waitForEver := func(request *rowsRequest, stream rowsServer) error {
		if err := sendNumbers(request, stream, 1, 1); err != nil {
			return err
		}
		<-stream.Context().Done()
		return stream.Context().Err()
	}
	breakForEver := func(*rowsRequest, rowsServer) error {
		return refusal(codes.Unavailable, "", ReasonShuttingDown, retryIn(time.Hour))
	}
	for name, rows := range map[string]func(*rowsRequest, rowsServer) error{
		"while reading": waitForEver,
		"while waiting": breakForEver,
	} {
		t.Run("context, "+name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := connect(t, &fake{rows: rows})
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Minute, cancel)
				began := time.Now()
				_, err := readNumbers(client.Rows(ctx, "numbers", Count(2)))
				if !errors.Is(err, context.Canceled) || status.Code(err) != codes.Canceled {
					t.Errorf("got %v", err)
				}
				if took := time.Since(began); took != time.Minute {
					t.Errorf("took %v", took)
				}
			})
		})
		t.Run("client, "+name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := connect(t, &fake{rows: rows})
				time.AfterFunc(time.Minute, func() { _ = client.Close() })
				began := time.Now()
				_, err := readNumbers(client.Rows(t.Context(), "numbers", Count(2)))
				if status.Code(err) != codes.Canceled || !strings.Contains(err.Error(), "the client is closed") {
					t.Errorf("got %v", err)
				}
				if took := time.Since(began); took != time.Minute {
					t.Errorf("took %v", took)
				}
				if err := client.Close(); err != nil {
					t.Errorf("closing again: %v", err)
				}
			})
		})
	}
}

func TestLeavingALoopCancelsTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cancelled atomic.Bool
		client := connect(t, &fake{rows: func(request *rowsRequest, stream rowsServer) error {
			_ = sendNumbers(request, stream, 1, 1)
			<-stream.Context().Done()
			cancelled.Store(true)
			return nil
		}})
		for _, err := range client.Rows(t.Context(), "numbers", Count(2)).Rows() {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		synctest.Wait()
		if !cancelled.Load() {
			t.Error("the server goes on")
		}
	})
}

func TestASlowReaderSlowsTheServerDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rows = 32 << 10 // of 8 bytes: 256 KiB
		var sent atomic.Int64
		client := connect(t, &fake{rows: func(request *rowsRequest, stream rowsServer) error {
			info := numbersInfo(request)
			for first := int64(0); ; first += rows {
				if err := stream.Send(numberRows(first, rows, info)); err != nil {
					return err
				}
				info = nil
				sent.Add(1)
			}
		}})
		read := int64(0)
		for _, err := range client.Rows(t.Context(), "numbers").Batches() {
			if err != nil {
				t.Fatal(err)
			}
			read++
			// Nothing more happens without the reader: what is on its way is not more than gRPC's windows hold.
			synctest.Wait()
			if ahead := sent.Load() - read; ahead > 100 {
				t.Fatalf("the server is %d messages ahead after %d", ahead, read)
			}
			if read == 300 {
				break
			}
		}
	})
}

func TestProtocolErrorsEndAStream(t *testing.T) {
	for name, rows := range map[string]func(*rowsRequest, rowsServer) error{
		"an early end": func(request *rowsRequest, stream rowsServer) error {
			return sendNumbers(request, stream, 1, 1)
		},
		"nothing": func(*rowsRequest, rowsServer) error { return nil },
		"too many": func(request *rowsRequest, stream rowsServer) error {
			return stream.Send(numberRows(0, 6, numbersInfo(request)))
		},
		"no columns": func(request *rowsRequest, stream rowsServer) error {
			return stream.Send(&rowsResponse{Info: numbersInfo(request), RowCount: 5})
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var calls atomic.Int32
				client := connect(t, &fake{rows: func(request *rowsRequest, stream rowsServer) error {
					calls.Add(1)
					return rows(request, stream)
				}})
				_, err := readNumbers(client.Rows(t.Context(), "numbers", Count(5)))
				if !errors.Is(err, ErrProtocol) || status.Code(err) != codes.Internal || calls.Load() != 1 {
					t.Errorf("%d calls, %v", calls.Load(), err)
				}
			})
		})
	}
}

func TestAnErrorAfterTheLastSampleDoesNotMatter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := connect(t, &fake{rows: func(request *rowsRequest, stream rowsServer) error {
			info := numbersInfo(request)
			count := end - request.GetOffset()
			if err := stream.Send(numberRows(request.GetOffset(), count, info)); err != nil {
				return err
			}
			return refusal(codes.OutOfRange, "the indices end", ReasonIndicesExhausted)
		}})
		read, err := readNumbers(client.Rows(t.Context(), "numbers", Offset(end-3)))
		if err != nil || !slices.Equal(read, sequenceOf(end-3, 3)) {
			t.Errorf("got %v, %v", read, err)
		}
	})
}

func TestErrorsOfTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := connect(t, &fake{rows: func(_ *rowsRequest, stream rowsServer) error {
			stream.SetTrailer(metadata.Pairs("x-request-id", "request-1"))
			return refusal(codes.InvalidArgument, "count: is negative", ReasonInvalidRequest, &errdetails.BadRequest{
				FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "count", Description: "is negative"}},
			})
		}})
		stream := client.Rows(t.Context(), "numbers", Count(-1))
		_, err := readNumbers(stream)
		failure, ok := errors.AsType[*Error](err)
		if !ok || failure.Code != codes.InvalidArgument || failure.RequestID != "request-1" {
			t.Fatalf("got %#v", err)
		}
		if want := []FieldViolation{{"count", "is negative"}}; !slices.Equal(failure.FieldViolations, want) {
			t.Errorf("violations are %v", failure.FieldViolations)
		}
		if stream.Info() != nil {
			t.Errorf("info is %v", stream.Info())
		}
	})
}

func TestLogger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		failed := false
		client := connect(t, &fake{rows: func(request *rowsRequest, stream rowsServer) error {
			if !failed {
				failed = true
				return status.Error(codes.Unavailable, "the disk is full")
			}
			return sendNumbers(request, stream, 1, 1)
		}}, WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		if _, err := readNumbers(client.Rows(t.Context(), "numbers", Count(1))); err != nil {
			t.Fatal(err)
		}
		if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), "the disk is full") {
			t.Errorf("the log is %q", log.String())
		}
	})
}

func TestNoLogger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := false
		client := connect(t, &fake{rows: func(request *rowsRequest, stream rowsServer) error {
			if !failed {
				failed = true
				return status.Error(codes.Unavailable, "the disk is full")
			}
			return sendNumbers(request, stream, 1, 1)
		}}, WithLogger(nil))
		if _, err := readNumbers(client.Rows(t.Context(), "numbers", Count(1))); err != nil {
			t.Error(err)
		}
	})
}
