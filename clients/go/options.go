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

// WithTLS connects over TLS. [LoadTLS] makes a configuration from PEM files. A configuration that is nil or empty
// trusts the authorities of the system.
func WithTLS(config *tls.Config) Option {
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return func(s *settings) { s.tls = config }
}

// WithToken sends a bearer token with every call. The token can be the content of a file: a leading byte order mark,
// and trailing blanks and line ends, are removed. [NewClient] refuses a token that is not one line of printable ASCII
// characters. It also refuses to send a token in plain text to another machine, unless [WithInsecureToken] is given.
func WithToken(token string) Option {
	return func(s *settings) {
		s.hasToken, s.fixedToken = true, &token
		s.token = func(context.Context) (string, error) { return token, nil }
	}
}

// WithTokenSource is [WithToken] with a token that can be renewed: source is called for each attempt of each call, from
// any number of goroutines. If source fails, the call fails with codes.Unauthenticated.
func WithTokenSource(source func(context.Context) (string, error)) Option {
	return func(s *settings) { s.hasToken, s.fixedToken, s.token = true, nil, source }
}

// WithInsecureToken allows sending a token in plain text to another machine, for connections that are secured by other
// means. Without [WithTLS], the client then ignores the proxies of the environment.
func WithInsecureToken() Option {
	return func(s *settings) { s.insecureToken = true }
}

// WithRetryPolicy sets the retry policy, in place of the defaults of [RetryPolicy].
func WithRetryPolicy(policy RetryPolicy) Option {
	return func(s *settings) { s.policy = policy }
}

// WithLogger logs, at level Info, every call that failed and will be retried. Nil logs nothing.
func WithLogger(logger *slog.Logger) Option {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return func(s *settings) { s.logger = logger }
}

// WithDialOptions passes options to gRPC, for example interceptors. They override those of this package. The rules for
// tokens in plain text depend only on [WithTLS], even if the options contain transport credentials.
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

// request is the part of a request that stays the same when a stream resumes.
type request struct {
	ask
	conditions  []*synthservev1.Condition
	refused     error // the error of a condition that cannot be sent
	perMessage  int32
	imageFormat synthservev1.ImageFormat
	jpegQuality int32
}

// Count is the number of samples, from 0; offset + count must be below 2^63. Default: the stream continues until it is
// cancelled, or to the last index. A server can require and limit the count.
func Count(count int64) StreamOption {
	return func(r *request) { r.count = &count }
}

// Seed is the seed of the samples, from 0 to 2^63 - 1. Default: the server draws one; the stream's Info has it.
func Seed(seed int64) StreamOption {
	return func(r *request) { r.seed = &seed }
}

// Offset is the index of the first sample, from 0 to 2^63 - 1. Default: 0. A large offset costs no more than a small
// one.
func Offset(offset int64) StreamOption {
	return func(r *request) { r.offset = offset }
}

// PerMessage is a hint for the number of samples per message, at least 1. It never changes the samples. Default: the
// server chooses.
func PerMessage(samples int32) StreamOption {
	return func(r *request) { r.perMessage = samples }
}

// Format is the encoding of images. Default: [PNG].
func Format(format ImageFormat) ImagesOption {
	return imagesOption(func(r *request) { r.imageFormat = synthservev1.ImageFormat(format) })
}

// JPEGQuality is the quality of JPEG images, from 1 to 100. Default: 95.
func JPEGQuality(quality int32) ImagesOption {
	return imagesOption(func(r *request) { r.jpegQuality = quality })
}

// check parses the model's name, and fails for values that cannot be sent. The server checks all others.
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
