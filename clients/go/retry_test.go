package synthserve

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

func defaults(t *testing.T) RetryPolicy {
	t.Helper()
	policy, err := RetryPolicy{}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

func TestWhatIsTriedAgain(t *testing.T) {
	delay := new(3 * time.Second)
	for _, c := range []struct {
		name  string
		err   Error
		again bool
		wait  time.Duration // of a first failure, without a random part
	}{
		{"unavailable", Error{Code: codes.Unavailable}, true, 100 * time.Millisecond},
		{"unavailable, told when", Error{Code: codes.Unavailable, RetryDelay: delay}, true, 3 * time.Second},
		{"unavailable, told a shorter wait", Error{Code: codes.Unavailable, RetryDelay: new(time.Nanosecond)}, true, 100 * time.Millisecond},
		{"exhausted, told when", Error{Code: codes.ResourceExhausted, RetryDelay: delay}, true, 3100 * time.Millisecond},
		{"exhausted, told nonsense", Error{Code: codes.ResourceExhausted, RetryDelay: new(-time.Hour)}, true, 100 * time.Millisecond},
		{"exhausted", Error{Code: codes.ResourceExhausted}, false, 0},
		{"cancelled", Error{Code: codes.Canceled}, false, 0},
		{"late", Error{Code: codes.DeadlineExceeded}, false, 0},
		{"not found", Error{Code: codes.NotFound}, false, 0},
		{"internal, told when", Error{Code: codes.Internal, RetryDelay: delay}, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, started := range []bool{false, true} {
				wait, again := defaults(t).wait(1, &c.err, started, 0)
				if again != c.again || wait != c.wait {
					t.Errorf("started %t: got %v, %t; want %v, %t", started, wait, again, c.wait, c.again)
				}
			}
		})
	}
}

func TestAttemptsAreBounded(t *testing.T) {
	policy := defaults(t)
	for started, attempts := range map[bool]int{false: 4, true: 12} {
		for failures := 1; failures < attempts; failures++ {
			if _, again := policy.wait(failures, &Error{Code: codes.Unavailable}, started, 0); !again {
				t.Errorf("started %t: gave up after %d failures", started, failures)
			}
		}
		last := &Error{Code: codes.Unavailable, Message: "down"}
		if _, again := policy.wait(attempts, last, started, 0); again {
			t.Errorf("started %t: went on after %d failures", started, attempts)
		}
		if !strings.Contains(last.Error(), "gave up after") {
			t.Errorf("the error does not tell of the attempts: %v", last)
		}
	}
	only := &Error{Code: codes.Unavailable, Message: "down"}
	if _, again := NoRetries().wait(1, only, true, 0); again || only.Error() != "synthserve: down" {
		t.Errorf("without retries: again %t, %v", again, only)
	}
}

func TestWaitsGrowAndAreShortenedByAtMostAHalf(t *testing.T) {
	policy := defaults(t)
	policy.ResumeAttempts = math.MaxInt
	backoff := policy.InitialBackoff
	for failures := 1; failures < 2000; failures++ {
		random := rand.Float64()
		wait, _ := policy.wait(failures, &Error{Code: codes.Unavailable}, true, random)
		if wait > backoff || wait < backoff/2 {
			t.Fatalf("failure %d: waits %v, not from %v to %v (random part %v)", failures, wait, backoff/2, backoff, random)
		}
		backoff = min(2*backoff, policy.MaxBackoff)
	}
}

func TestServersWaitsAreKept(t *testing.T) {
	policy := defaults(t)
	policy.ResumeAttempts = math.MaxInt
	for range 2000 {
		asked := time.Duration(rand.Int64N(math.MaxInt64))
		if rand.IntN(2) == 0 {
			asked = time.Duration(rand.Int64N(int64(10 * time.Second)))
		}
		failures := 1 + rand.IntN(100)
		for _, code := range []codes.Code{codes.Unavailable, codes.ResourceExhausted} {
			wait, again := policy.wait(failures, &Error{Code: code, RetryDelay: &asked}, true, rand.Float64())
			if !again || wait < min(asked, math.MaxInt64-policy.MaxBackoff) {
				t.Fatalf("%s: waits %v (again: %t), asked for %v", code, wait, again, asked)
			}
		}
	}
}

func TestPolicy(t *testing.T) {
	got, err := RetryPolicy{StartAttempts: 10}.withDefaults()
	want := RetryPolicy{10, 12, 100 * time.Millisecond, 5 * time.Second, 2}
	if err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	for name, bad := range map[string]RetryPolicy{
		"StartAttempts":  {StartAttempts: -1},
		"ResumeAttempts": {ResumeAttempts: -1},
		"InitialBackoff": {InitialBackoff: -1},
		"MaxBackoff":     {InitialBackoff: time.Minute},
		"Multiplier":     {Multiplier: 0.5},
	} {
		_, err := NewClient("localhost:1", WithRetryPolicy(bad))
		if failure, ok := errors.AsType[*Error](err); !ok || failure.FieldViolations[0].Field != name {
			t.Errorf("%+v: got %v", bad, err)
		}
	}
	for _, multiplier := range []float64{math.NaN(), math.Inf(-1), -2} {
		if _, err := NewClient("localhost:1", WithRetryPolicy(RetryPolicy{Multiplier: multiplier})); err == nil {
			t.Errorf("the multiplier %v is taken", multiplier)
		}
	}
}

// However large the numbers of a policy are, waits grow, and are never longer than the longest or less than none.
func TestLargePolicies(t *testing.T) {
	for _, policy := range []RetryPolicy{
		{MaxBackoff: math.MaxInt64},
		{MaxBackoff: math.MaxInt64, Multiplier: math.Inf(1)},
		{MaxBackoff: math.MaxInt64 - 1, Multiplier: math.MaxFloat64},
		{InitialBackoff: math.MaxInt64, MaxBackoff: math.MaxInt64},
		{InitialBackoff: 1, MaxBackoff: math.MaxInt64, Multiplier: 1e10},
	} {
		policy.StartAttempts, policy.ResumeAttempts = math.MaxInt, math.MaxInt
		policy, err := policy.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		for _, random := range []float64{0, 0.5, math.Nextafter(1, 0)} {
			before := time.Duration(0)
			for _, failures := range []int{1, 2, 3, 10, 64, 1000, math.MaxInt32, math.MaxInt64 - 1} {
				wait, again := policy.wait(failures, &Error{Code: codes.Unavailable}, true, random)
				if !again || wait < before || wait > policy.MaxBackoff {
					t.Errorf("%+v: waits %v after %d failures, and %v before", policy, wait, failures, before)
				}
				before = wait
			}
		}
		for _, asked := range []time.Duration{math.MinInt64, -1, 0, 1, math.MaxInt64} {
			refused := &Error{Code: codes.ResourceExhausted, RetryDelay: &asked}
			if wait, again := policy.wait(1000, refused, true, 0); !again || wait < policy.MaxBackoff {
				t.Errorf("%+v: waits %v, asked for %v", policy, wait, asked)
			}
		}
	}
}

// A server's wait that no clock can hold is as long as can be: until the caller gives up.
func TestServersWaitsThatAreNonsense(t *testing.T) {
	for name, c := range map[string]struct {
		delay   *durationpb.Duration
		forever bool
	}{
		"longer than anything":     {&durationpb.Duration{Seconds: 1e15}, true},
		"longer than any number":   {&durationpb.Duration{Seconds: math.MaxInt64, Nanos: math.MaxInt32}, true},
		"as long as a number":      {&durationpb.Duration{Seconds: 9223372036, Nanos: math.MaxInt32}, true},
		"negative":                 {&durationpb.Duration{Seconds: -1e15}, false},
		"as negative as a number":  {&durationpb.Duration{Seconds: math.MinInt64, Nanos: math.MinInt32}, false},
		"nanoseconds of no second": {&durationpb.Duration{Nanos: math.MinInt32}, false},
		"two signs":                {&durationpb.Duration{Seconds: 1, Nanos: math.MinInt32}, false},
	} {
		for _, code := range []codes.Code{codes.Unavailable, codes.ResourceExhausted} {
			t.Run(name+", "+code.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					calls := 0
					client := connect(t, &fake{rows: func(request *rowsRequest, stream rowsServer) error {
						if calls++; calls == 1 {
							return refusal(code, "later", ReasonLimitExceeded, &errdetails.RetryInfo{RetryDelay: c.delay})
						}
						return sendNumbers(request, stream, 1, 1)
					}})
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					began := time.Now()
					time.AfterFunc(time.Hour, cancel)
					_, err := readNumbers(client.Rows(ctx, "numbers", Count(1)))
					took := time.Since(began)
					if c.forever && (status.Code(err) != codes.Canceled || took != time.Hour || calls != 1) {
						t.Errorf("%d calls, %v after %v", calls, err, took)
					}
					if !c.forever && (err != nil || took < 50*time.Millisecond || took > time.Second) {
						t.Errorf("%v after %v", err, took)
					}
				})
			})
		}
	}
}

func TestDeadlinesThatAreFar(t *testing.T) {
	for _, deadline := range []time.Duration{math.MaxInt64, 1 << 62, 100 * 365 * 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			failed := false
			client := connect(t, &fake{rows: func(request *rowsRequest, stream rowsServer) error {
				if !failed {
					failed = true
					return status.Error(codes.Unavailable, "going down")
				}
				return sendNumbers(request, stream, 1, 2)
			}})
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			defer cancel()
			read, err := readNumbers(client.Rows(ctx, "numbers", Count(2)))
			if err != nil || len(read) != 2 {
				t.Errorf("%v: got %v, %v", deadline, read, err)
			}
		})
	}
}
