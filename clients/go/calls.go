package synthserve

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
)

// unary makes a call with one response, and retries it if the error is transient.
func unary[Response any](
	ctx context.Context, client *Client, call func(context.Context, ...grpc.CallOption) (Response, error),
) (Response, error) {
	var last *Error
	if ctx == nil {
		var none Response
		return none, noContext()
	}
	for failures := 1; ; failures++ {
		var trailer metadata.MD
		response, err := call(ctx, grpc.Trailer(&trailer))
		if err == nil {
			return response, nil
		}
		failure := client.failure(ctx, err, trailer, last)
		wait, again := client.policy.wait(failures, failure, false, rand.Float64())
		if !again {
			return response, failure
		}
		if err := client.pause(ctx, wait, failure); err != nil {
			return response, err
		}
		last = failure
	}
}

// source is one logical stream, made of one or more calls.
type source[Response any] struct {
	client *Client
	run    *resume
	start  func(context.Context, ask) (grpc.ServerStreamingClient[Response], error)
	look   func(*Response) part
	last   *Error // the error of the previous attempt
}

// drain passes each response to use, in order. It returns when the stream ends, or with the error of the stream or of
// use.
func (s *source[Response]) drain(ctx context.Context, use func(*Response) error) error {
	for {
		failure, err := s.attempt(ctx, use)
		if failure == nil {
			return err
		}
		wait, done, err := s.run.broken(failure, rand.Float64())
		if done || err != nil {
			return err
		}
		if err := s.client.pause(ctx, wait, failure); err != nil {
			return err
		}
		s.last = failure
	}
}

// attempt makes one call. It returns a failure of the call, which a retry may repair, or an error that ends the stream.
func (s *source[Response]) attempt(outer context.Context, use func(*Response) error) (*Error, error) {
	// The call must not outlive the attempt, however the attempt ends.
	ctx, cancel := context.WithCancel(outer)
	defer cancel()
	call, err := s.start(ctx, s.run.next())
	if err != nil {
		return s.client.failure(outer, err, nil, s.last), nil
	}
	for {
		response, err := call.Recv()
		if errors.Is(err, io.EOF) {
			return nil, s.run.finished()
		}
		if err != nil {
			return s.client.failure(outer, err, call.Trailer(), s.last), nil
		}
		part := s.look(response)
		if err := s.run.accept(part); err != nil {
			return nil, err
		}
		if part.size > 0 {
			s.last = nil
		}
		if err := use(response); err != nil {
			return nil, err
		}
	}
}

// failure converts the error of a call. last is the error of the previous attempt since the last progress, or nil.
func (c *Client) failure(ctx context.Context, err error, trailer metadata.MD, last *Error) *Error {
	if refused, own := errors.AsType[*Error](err); own {
		return refused // This package refused the request or the response.
	}
	failure := fromRPC(err, trailer, c.route)
	select {
	case <-c.closed:
		return closedError()
	default:
	}
	switch {
	case failure.Code == codes.DeadlineExceeded && last != nil:
		return late(last)
	case failure.Code == codes.Canceled && failure.Reason == "" && ctx.Err() == nil:
		// A server that shuts down, or a proxy, cancels calls like this. This client did not cancel the call.
		failure.Code = codes.Unavailable
		failure.Message = c.route.server() + " dropped the call: " + failure.Message
	}
	return failure
}

// pause waits until the next attempt. It fails if the wait would exceed the deadline, or if the call is cancelled.
// cause is the error of the previous attempt.
func (c *Client) pause(ctx context.Context, wait time.Duration, cause *Error) error {
	if deadline, bounded := ctx.Deadline(); bounded && wait >= time.Until(deadline) {
		return late(cause)
	}
	c.logger.InfoContext(ctx, "synthserve: trying again", "target", c.route.target, "wait", wait, "error", cause)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.closed:
		return closedError()
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return late(cause)
		}
		return &Error{Code: codes.Canceled, Message: "cancelled while waiting: " + cause.Message, cause: cause}
	}
}

func closedError() *Error { return &Error{Code: codes.Canceled, Message: "the client is closed"} }
