package synthserve

import (
	"context"
	"crypto/tls"
	"log/slog"
	"unicode/utf8"

	"google.golang.org/grpc"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// Option is a setting of a client.
type Option func(*settings)

type settings struct {
	tls           *tls.Config
	token         func(context.Context) (string, error)
	fixedToken    *string
	hasToken      bool
	insecureToken bool
	policy        RetryPolicy
	logger        *slog.Logger
	dial          []grpc.DialOption
}

// WithTLS connects over TLS. See [LoadTLS] for a configuration from PEM files; nil or an empty one trusts the authorities
// of the system.
func WithTLS(config *tls.Config) Option {
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return func(s *settings) { s.tls = config }
}

// WithToken sends a bearer token with every call. It can be the content of a file: a byte order mark before it is left
// out, and blanks and line ends after it are. [NewClient] refuses one that is not a line of printable ASCII characters, and
// one that would be sent in plain text to another machine, unless [WithInsecureToken] is given.
func WithToken(token string) Option {
	return func(s *settings) {
		s.hasToken, s.fixedToken = true, &token
		s.token = func(context.Context) (string, error) { return token, nil }
	}
}

// WithTokenSource is [WithToken] with a token that can be renewed: source is called for each attempt of each call, by any
// number of goroutines. Where it fails the call does, with codes.Unauthenticated.
func WithTokenSource(source func(context.Context) (string, error)) Option {
	return func(s *settings) { s.hasToken, s.fixedToken, s.token = true, nil, source }
}

// WithInsecureToken lets a token go to another machine in plain text, for connections that something else secures. They
// go there directly: without [WithTLS], no proxy of the environment is used then.
func WithInsecureToken() Option {
	return func(s *settings) { s.insecureToken = true }
}

// WithRetryPolicy says how calls are tried again, instead of the defaults of [RetryPolicy].
func WithRetryPolicy(policy RetryPolicy) Option {
	return func(s *settings) { s.policy = policy }
}

// WithLogger tells a logger, at level Info, whenever a call failed and will be tried again. Nil is none.
func WithLogger(logger *slog.Logger) Option {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return func(s *settings) { s.logger = logger }
}

// WithDialOptions passes options to gRPC, for example interceptors. They go over those of this package. What is said of
// tokens here goes by [WithTLS], whatever transport credentials are among the options.
func WithDialOptions(options ...grpc.DialOption) Option {
	return func(s *settings) { s.dial = append(s.dial, options...) }
}

// RowsOption is an option of a stream of rows.
type RowsOption interface{ rows(*request) }

// ImagesOption is an option of a stream of images.
type ImagesOption interface{ images(*request) }

// StreamOption is an option of any stream.
type StreamOption func(*request)

func (o StreamOption) rows(r *request)   { o(r) }
func (o StreamOption) images(r *request) { o(r) }

type imagesOption func(*request)

func (o imagesOption) images(r *request) { o(r) }

// request is what was asked for, apart from what changes when a stream goes on.
type request struct {
	ask
	conditions  []*synthservev1.Condition
	refused     error // why there is a condition that cannot be sent
	perMessage  int32
	imageFormat synthservev1.ImageFormat
	jpegQuality int32
}

// Count is how many samples to generate, from 0; offset and count together must stay below 2^63. Default: they come until
// the stream is cancelled, or to the last index. A server can require a count and limit it.
func Count(count int64) StreamOption {
	return func(r *request) { r.count = &count }
}

// Seed is what the samples depend on, from 0 to 2^63 - 1. Default: the server draws one; the stream's Info tells it.
func Seed(seed int64) StreamOption {
	return func(r *request) { r.seed = &seed }
}

// Offset is the index of the first sample, from 0 to 2^63 - 1. Default: 0. A large one costs no more than a small one.
func Offset(offset int64) StreamOption {
	return func(r *request) { r.offset = offset }
}

// PerMessage is a hint: how many samples the server should put into one message, at least 1. It never changes the
// samples. Default: the server chooses.
func PerMessage(samples int32) StreamOption {
	return func(r *request) { r.perMessage = samples }
}

// Format is how images are encoded. Default: [PNG].
func Format(format ImageFormat) ImagesOption {
	return imagesOption(func(r *request) { r.imageFormat = synthservev1.ImageFormat(format) })
}

// JPEGQuality is the quality of JPEG images, from 1 to 100. Default: 95.
func JPEGQuality(quality int32) ImagesOption {
	return imagesOption(func(r *request) { r.jpegQuality = quality })
}

// check reads the model's name, and fails for what cannot be sent. What can be is for the server to judge.
func (r *request) check(model string) error {
	if !utf8.ValidString(model) {
		return invalid("model", "must be UTF-8")
	}
	if r.refused != nil {
		return r.refused
	}
	var err error
	r.model, err = resourceName(model)
	return err
}
