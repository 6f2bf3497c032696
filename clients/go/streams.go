package synthserve

import (
	"context"
	"errors"
	"iter"

	"google.golang.org/grpc/codes"
)

// stream is the common part of all streams.
type stream[Response any] struct {
	ctx     context.Context // of the one loop that reads it
	source  source[Response]
	invalid error // the error of an invalid request
	used    bool
}

// each passes each response to use, in order.
func (s *stream[Response]) each(use func(*Response) error) error {
	if s.invalid != nil {
		return s.invalid
	}
	if s.ctx == nil {
		return noContext()
	}
	if s.used {
		return &Error{Code: codes.FailedPrecondition, Message: "a stream can be read once; ask for another"}
	}
	s.used = true
	return s.source.drain(s.ctx, use)
}

// errLeft ends a stream whose loop exited early.
var errLeft = errors.New("the loop was left")

// sequence makes an iterator over a stream. unpack passes the items of a response to its callback, and stops with the
// callback's error.
func sequence[Response, Item any](
	s *stream[Response], unpack func(response *Response, give func(Item) error) error,
) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		give := func(item Item) error {
			if !yield(item, nil) {
				return errLeft
			}
			return nil
		}
		err := s.each(func(response *Response) error { return unpack(response, give) })
		if err != nil && !errors.Is(err, errLeft) {
			var none Item
			yield(none, err)
		}
	}
}
