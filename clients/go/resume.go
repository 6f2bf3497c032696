package synthserve

import (
	"fmt"
	"math"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
)

// end is the end of the indices: no sample has this one.
const end = math.MaxInt64

// ask is the part of a request that changes when a stream resumes.
type ask struct {
	model  string
	count  *int64 // nil: without end
	seed   *int64 // nil: the server draws one
	offset int64
}

// part is the part of a response that shows the progress of a stream.
type part struct {
	info  *head // only in the first response of a call
	first int64
	size  int64
}

// head is the information that applies to a whole stream.
type head struct {
	model  string
	seed   int64
	schema proto.Message
}

// resume joins the calls of a stream into one stream that obeys the contract of a single call. It does no I/O and reads
// no clock. Its driver gets each request from next, passes every response to accept, and reports the end of a call with
// finished or broken.
//
// A stream that broke before its first response is requested again as it was. Without a given seed, the server then
// draws another one, which is safe: the caller has not seen the first.
type resume struct {
	policy   RetryPolicy
	todo     ask
	known    *head
	failures int // in a row, since the last sample
}

func newResume(request ask, policy RetryPolicy) *resume {
	return &resume{policy: policy, todo: request}
}

// next returns the request for the missing samples.
func (r *resume) next() ask { return r.todo }

// complete reports whether all requested samples were received; without a count, all samples up to the last index.
func (r *resume) complete() bool {
	if r.todo.count != nil {
		return r.known != nil && *r.todo.count == 0
	}
	return r.known != nil && r.todo.offset == end
}

// accept records the next response of the running call. It fails if the response does not follow the previous one.
func (r *resume) accept(p part) error {
	if p.info != nil {
		if err := r.acceptInfo(p.info); err != nil {
			return err
		}
	} else if r.known == nil {
		return protocolError("the first response says neither model version nor seed")
	}
	if p.first != r.todo.offset || p.size < 0 {
		return protocolError("expected samples from index %d, got %d from %d", r.todo.offset, p.size, p.first)
	}
	left := end - r.todo.offset
	if r.todo.count != nil {
		left = min(left, *r.todo.count)
	}
	if p.size > left {
		return protocolError("asked for %d samples from index %d, got %d", left, p.first, p.size)
	}
	r.todo.offset += p.size
	if r.todo.count != nil {
		r.todo.count = new(*r.todo.count - p.size)
	}
	if p.size > 0 {
		r.failures = 0
	}
	return nil
}

func (r *resume) acceptInfo(info *head) error {
	// Before the first response, the model can mean its newest version, and the seed can be open.
	fixed := r.known != nil || strings.Contains(r.todo.model, "/versions/")
	if fixed && info.model != r.todo.model {
		return protocolError("asked for %s, got %s", r.todo.model, info.model)
	}
	if r.todo.seed != nil && info.seed != *r.todo.seed {
		return protocolError("asked for the seed %d, got %d", *r.todo.seed, info.seed)
	}
	if r.known != nil && !proto.Equal(info.schema, r.known.schema) {
		return protocolError("%s has another schema than before the stream broke", info.model)
	}
	r.known = info
	r.todo.model, r.todo.seed = info.model, new(info.seed)
	return nil
}

// finished records that the running call ended without an error. It fails if samples are missing.
func (r *resume) finished() error {
	if r.complete() {
		return nil
	}
	if r.todo.count == nil {
		return protocolError("the stream ended at index %d, but the call was not cancelled", r.todo.offset)
	}
	return protocolError("the stream ended at index %d, %d samples early", r.todo.offset, *r.todo.count)
}

// broken records that the running call failed. It returns the wait before the next call; done if no sample is missing,
// so that the error does not matter; and the error if the stream cannot resume. random is from [0, 1).
func (r *resume) broken(failure *Error, random float64) (wait time.Duration, done bool, err error) {
	if r.complete() {
		return 0, true, nil
	}
	r.failures++
	wait, again := r.policy.wait(r.failures, failure, r.known != nil, random)
	if again {
		return wait, false, nil
	}
	if r.known != nil {
		failure.note += fmt.Sprintf("; the stream broke at index %d", r.todo.offset)
	}
	return 0, false, failure
}
