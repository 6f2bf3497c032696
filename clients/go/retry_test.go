package synthserve

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
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
	for _, bad := range []RetryPolicy{
		{StartAttempts: -1},
		{ResumeAttempts: -1},
		{InitialBackoff: -1},
		{InitialBackoff: time.Minute},
		{Multiplier: 0.5},
		{Multiplier: math.NaN()},
	} {
		if _, err := NewClient("localhost:1", WithRetryPolicy(bad)); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}
