package synthserve

import (
	"context"
	"errors"
	"iter"

	"google.golang.org/grpc/codes"
)

// stream is what the streams of all kinds share.
type stream[Response any] struct {
	ctx     context.Context // of the one loop that reads it
	source  source[Response]
	invalid error // why it cannot be asked for
	used    bool
}

// each gives each response to use, in order.
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

// errLeft ends a stream whose loop was left.
var errLeft = errors.New("the loop was left")

// sequence makes what can be looped over of a stream. Unpack gives what is in a response to give, and stops with its
// error.
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
