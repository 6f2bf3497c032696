package synthserve

import (
	"log/slog"
	"sync"

	"google.golang.org/grpc"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// Version is the version of this package.
const Version = "0.1.0"

// maxMessage is the largest message that the client accepts, in bytes. The server sends at most a few MiB per
// message; gRPC's default limit is 4 MiB.
const maxMessage = 64 << 20

// Client is a connection to a server. It can be used by any number of goroutines.
type Client struct {
	route      *route
	conn       *grpc.ClientConn
	generation synthservev1.GenerationServiceClient
	models     synthservev1.ModelServiceClient
	policy     RetryPolicy
	logger     *slog.Logger
	closed     chan struct{}
	closeOnce  func() error
}

// userAgent identifies this client to servers and proxies.
const userAgent = "synthserve-go/" + Version

// NewClient creates a client of the server at target: HOST:PORT, unix:PATH, or another address that gRPC supports. The
// first call connects, in plain text unless [WithTLS] is given. The client reaches a server on another machine through
// the proxy of HTTPS_PROXY, unless NO_PROXY excludes the server. It connects directly to servers on this machine, and
// whenever it sends a token in plain text.
//
// It fails with codes.InvalidArgument if target or an option is invalid.
func NewClient(target string, options ...Option) (*Client, error) {
	if err := checkTarget(target); err != nil {
		return nil, err
	}
	settings := settings{logger: slog.New(slog.DiscardHandler)}
	for _, option := range options {
		option(&settings)
	}
	policy, err := settings.policy.withDefaults()
	if err != nil {
		return nil, err
	}
	if settings.hasToken {
		if err := settings.checkToken(target); err != nil {
			return nil, err
		}
	}
	route, err := settings.route(target)
	if err != nil {
		return nil, err
	}
	address, dial := settings.dialOptions(route)
	conn, err := grpc.NewClient(address, dial...)
	if err != nil {
		return nil, invalid("target", "%s", err)
	}
	closed := make(chan struct{})
	return &Client{
		route:      route,
		conn:       conn,
		generation: synthservev1.NewGenerationServiceClient(conn),
		models:     synthservev1.NewModelServiceClient(conn),
		policy:     policy,
		logger:     settings.logger,
		closed:     closed,
		closeOnce: sync.OnceValue(func() error {
			close(closed)
			return conn.Close()
		}),
	}, nil
}

// Close closes the connection. Running calls and streams fail with codes.Canceled.
func (c *Client) Close() error { return c.closeOnce() }

// Conn returns the connection, for methods that this package does not wrap, such as loading models. Close closes it.
// Calls over it send the client's token.
func (c *Client) Conn() grpc.ClientConnInterface { return c.conn }
