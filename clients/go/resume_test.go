package synthserve

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

func numbersHead(seed int64) *head { return &head{model: version, seed: seed, schema: numbers} }

func unavailable() *Error { return &Error{Code: codes.Unavailable, Message: "down"} }

// begun is a stream that has given five samples of ten.
func begun(t *testing.T) *resume {
	t.Helper()
	run := newResume(ask{model: "models/numbers", count: new(int64(10)), offset: 100}, defaults(t))
	if err := run.accept(part{info: numbersHead(7), first: 100, size: 5}); err != nil {
		t.Fatal(err)
	}
	return run
}

func TestWhatIsAskedForNext(t *testing.T) {
	run := newResume(ask{model: "models/numbers", count: new(int64(10)), offset: 100}, defaults(t))
	if _, done, err := run.broken(unavailable(), 0); done || err != nil {
		t.Fatal(done, err)
	}
	if next := run.next(); next.model != "models/numbers" || next.seed != nil || *next.count != 10 || next.offset != 100 {
		t.Errorf("before the first response: %+v", next)
	}
	next := begun(t).next()
	if next.model != version || *next.seed != 7 || *next.count != 5 || next.offset != 105 {
		t.Errorf("after the first response: %+v", next)
	}
}

func TestProtocol(t *testing.T) {
	other := &synthservev1.TableSchema{Columns: []*synthservev1.Column{{Name: "other"}}}
	for _, c := range []struct {
		name string
		part part
		want string // in the error; empty: none
	}{
		{"the next", part{first: 105, size: 5}, ""},
		{"nothing", part{first: 105}, ""},
		{"a second call", part{info: numbersHead(7), first: 105, size: 1}, ""},
		{"a gap", part{first: 106, size: 1}, "from index 105"},
		{"a repetition", part{first: 104, size: 1}, "from index 105"},
		{"too many", part{first: 105, size: 6}, "asked for 5"},
		{"less than none", part{first: 105, size: -1}, "got -1"},
		{"another seed", part{info: numbersHead(8), first: 105, size: 1}, "seed 7"},
		{"another version", part{info: &head{"models/numbers/versions/4", 7, numbers}, first: 105}, "asked for " + version},
		{"another schema", part{info: &head{version, 7, other}, first: 105}, "another schema"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := begun(t).accept(c.part)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if !errors.Is(err, ErrProtocol) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want a protocol error with %q", err, c.want)
			}
		})
	}
}

func TestFirstResponse(t *testing.T) {
	for _, c := range []struct {
		name string
		ask  ask
		part part
		ok   bool
	}{
		{"any version", ask{model: "models/numbers"}, part{info: numbersHead(1), size: 1}, true},
		{"the version", ask{model: version}, part{info: numbersHead(1), size: 1}, true},
		{"another version", ask{model: "models/numbers/versions/2"}, part{info: numbersHead(1), size: 1}, false},
		{"the seed", ask{model: version, seed: new(int64(1))}, part{info: numbersHead(1), size: 1}, true},
		{"another seed", ask{model: version, seed: new(int64(0))}, part{info: numbersHead(1), size: 1}, false},
		{"no info", ask{model: version}, part{size: 1}, false},
		{"past the last index", ask{model: version, offset: end - 1}, part{info: numbersHead(1), first: end - 1, size: 2}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := newResume(c.ask, defaults(t)).accept(c.part)
			if (err == nil) != c.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestEnd(t *testing.T) {
	if err := begun(t).finished(); !errors.Is(err, ErrProtocol) {
		t.Errorf("an early end: %v", err)
	}
	if err := newResume(ask{count: new(int64(0))}, defaults(t)).finished(); !errors.Is(err, ErrProtocol) {
		t.Errorf("an end without a response: %v", err)
	}
	endless := newResume(ask{model: version}, defaults(t))
	if err := endless.accept(part{info: numbersHead(1), size: 5}); err != nil {
		t.Fatal(err)
	}
	if err := endless.finished(); !errors.Is(err, ErrProtocol) {
		t.Errorf("the end of an endless stream: %v", err)
	}

	for name, c := range map[string]struct {
		ask  ask
		size int64
	}{
		"all that was asked for":       {ask{model: version, count: new(int64(5))}, 5},
		"none was asked for":           {ask{model: version, count: new(int64(0))}, 0},
		"the last index":               {ask{model: version, offset: end - 5}, 5},
		"the last index, with a count": {ask{model: version, offset: end - 5, count: new(int64(5))}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			run := newResume(c.ask, defaults(t))
			if err := run.accept(part{info: numbersHead(1), first: c.ask.offset, size: c.size}); err != nil {
				t.Fatal(err)
			}
			if err := run.finished(); err != nil {
				t.Errorf("the end is an error: %v", err)
			}
			// Nothing is missing any more: what went wrong then does not matter.
			if _, done, err := run.broken(&Error{Code: codes.OutOfRange}, 0); !done || err != nil {
				t.Errorf("an error at the end matters: %t, %v", done, err)
			}
		})
	}
}

func TestFailuresAreCountedSinceTheLastSample(t *testing.T) {
	run := begun(t)
	for i := range 11 {
		if _, _, err := run.broken(unavailable(), 0); err != nil {
			t.Fatalf("failure %d: %v", i+1, err)
		}
	}
	// A response without samples is no progress.
	if err := run.accept(part{info: numbersHead(7), first: 105}); err != nil {
		t.Fatal(err)
	}
	if err := run.accept(part{first: 105, size: 1}); err != nil {
		t.Fatal(err)
	}
	for i := range 11 {
		if _, _, err := run.broken(unavailable(), 0); err != nil {
			t.Fatalf("failure %d after a sample: %v", i+1, err)
		}
	}
	if err := run.accept(part{info: numbersHead(7), first: 106}); err != nil {
		t.Fatal(err)
	}
	_, _, err := run.broken(unavailable(), 0)
	want := "synthserve: down; gave up after 12 attempts; the stream broke at index 106"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// However a stream breaks, its samples come once each, in order.
func TestAnyBreaks(t *testing.T) {
	for trial := range uint64(3000) {
		random := rand.New(rand.NewPCG(trial, 0))
		count := random.Int64N(40)
		offset := random.Int64N(1000)
		if random.IntN(4) == 0 {
			offset = end - count
		}
		run := newResume(ask{model: "models/numbers", count: &count, offset: offset}, defaults(t))
		next := offset // the index that must come
		drawn := int64(-1)
		for over := false; !over; {
			request := run.next()
			if request.offset != next || *request.count != offset+count-next {
				t.Fatalf("trial %d: asks for %d from %d when %d are missing", trial, *request.count, request.offset, offset+count-next)
			}
			seed := random.Int64N(10)
			if request.seed != nil {
				seed = *request.seed
			}
			if drawn >= 0 && (seed != drawn || request.model != version) {
				t.Fatalf("trial %d: asks for another stream: %+v", trial, request)
			}
			broke := false
			for info := numbersHead(seed); ; info = nil {
				if random.IntN(5) == 0 {
					broke = true
					break
				}
				size := random.Int64N(min(*request.count-(next-request.offset), 4) + 1)
				if err := run.accept(part{info: info, first: next, size: size}); err != nil {
					t.Fatalf("trial %d: %v", trial, err)
				}
				drawn = seed
				if next += size; next == offset+count {
					break
				}
			}
			if !broke && random.IntN(2) == 0 {
				if err := run.finished(); err != nil {
					t.Fatalf("trial %d: %v", trial, err)
				}
				break
			}
			wait, done, err := run.broken(unavailable(), random.Float64())
			if err != nil {
				// Twelve breaks in a row without a sample are possible; giving up is right then.
				if run.failures < 4 {
					t.Fatalf("trial %d: gave up after %d failures: %v", trial, run.failures, err)
				}
				break
			}
			if done != (drawn >= 0 && next == offset+count) || (!done && wait <= 0) {
				t.Fatalf("trial %d: done is %t at %d of %d; waits %v", trial, done, next-offset, count, wait)
			}
			over = done
		}
	}
}
