package synthserve

import (
	"fmt"
	"math"
	"time"

	"google.golang.org/grpc/codes"
)

// RetryPolicy configures retries after the server was unavailable, or refused a call temporarily. A field that is zero
// means its default.
//
// A wrong address should fail soon, but a stream that has delivered a million rows deserves patience. Therefore there
// is one bound before the first sample, and one after it. Both count attempts since the last sample received. Each wait
// is shortened by a random part of at most a half, and is never shorter than the server asks for.
type RetryPolicy struct {
	// StartAttempts is the number of attempts in a row before the first sample, at least 1; 1 turns retries off.
	// Default: 4.
	StartAttempts int
	// ResumeAttempts is the number of attempts in a row once a stream has begun, at least 1; the one that broke
	// counts, so 1 turns resuming off. Default: 12.
	ResumeAttempts int
	// InitialBackoff is the wait before the second attempt. Default: 100 ms.
	InitialBackoff time.Duration
	// MaxBackoff is the longest wait, at least InitialBackoff. Default: 5 s.
	MaxBackoff time.Duration
	// Multiplier is the growth from wait to wait, at least 1. Default: 2.
	Multiplier float64
}

// NoRetries returns a policy without retries.
func NoRetries() RetryPolicy { return RetryPolicy{StartAttempts: 1, ResumeAttempts: 1} }

func (p RetryPolicy) withDefaults() (RetryPolicy, error) {
	p.StartAttempts = orDefault(p.StartAttempts, 4)
	p.ResumeAttempts = orDefault(p.ResumeAttempts, 12)
	p.InitialBackoff = orDefault(p.InitialBackoff, 100*time.Millisecond)
	p.MaxBackoff = orDefault(p.MaxBackoff, 5*time.Second)
	p.Multiplier = orDefault(p.Multiplier, 2)
	switch {
	case p.StartAttempts < 1:
		return p, invalid("StartAttempts", "must be at least 1, not %d", p.StartAttempts)
	case p.ResumeAttempts < 1:
		return p, invalid("ResumeAttempts", "must be at least 1, not %d", p.ResumeAttempts)
	case p.InitialBackoff < 0:
		return p, invalid("InitialBackoff", "must not be negative, as %v is", p.InitialBackoff)
	case p.InitialBackoff > p.MaxBackoff:
		return p, invalid("MaxBackoff", "must be at least InitialBackoff, %v, not %v", p.InitialBackoff, p.MaxBackoff)
	case !(p.Multiplier >= 1):
		return p, invalid("Multiplier", "must be at least 1, not %v", p.Multiplier)
	}
	return p, nil
}

func orDefault[T int | time.Duration | float64](value, fallback T) T {
	if value == 0 {
		return fallback
	}
	return value
}

// wait returns the wait after a failed attempt, or the error if there is no further attempt. failures counts the
// failures since the last progress, including this one; started reports whether the call has delivered samples; random
// is from [0, 1).
func (p RetryPolicy) wait(failures int, err *Error, started bool, random float64) (time.Duration, bool) {
	var atLeast, more time.Duration
	switch {
	case err.Code == codes.Unavailable && err.RetryDelay != nil:
		atLeast = *err.RetryDelay
	case err.Code == codes.Unavailable:
	case err.Code == codes.ResourceExhausted && err.RetryDelay != nil:
		// The policy's wait is added, so that not all clients return at once.
		more = max(*err.RetryDelay, 0)
	default:
		return 0, false
	}
	attempts := p.StartAttempts
	if started {
		attempts = p.ResumeAttempts
	}
	if failures >= attempts {
		if failures > 1 {
			err.note += fmt.Sprintf("; gave up after %d attempts", failures)
		}
		return 0, false
	}
	// Only a value below the longest wait is sure to fit into a Duration.
	backoff := p.MaxBackoff
	if grown := float64(p.InitialBackoff) * math.Pow(p.Multiplier, float64(failures-1)); grown < float64(backoff) {
		backoff = time.Duration(grown)
	}
	jittered := backoff - time.Duration(float64(backoff)*random/2)
	return max(jittered, atLeast) + min(more, math.MaxInt64-p.MaxBackoff), true
}
