package synthserve

import (
	"log/slog"
	"sync"

	"google.golang.org/grpc"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// Version is the version of this package.
const Version = "0.1.0"

// maxMessage is the largest message that is taken, in bytes. The server's are a few MiB at most; gRPC's own limit is 4.
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

// userAgent is what servers and proxies see first of what calls them.
const userAgent = "synthserve-go/" + Version

// NewClient makes a client of the server at target: HOST:PORT, unix:PATH, or another address that gRPC takes. It connects
// when the first call is made, in plain text unless [WithTLS] is given. A server on another machine is reached through the
// proxy that HTTPS_PROXY names for it, less what NO_PROXY names; one on this machine, and one that is sent a token in plain
// text, never is.
//
// It fails with codes.InvalidArgument where target or an option is not what it should be.
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

// Close ends the connection. Calls and streams that are under way fail with codes.Canceled.
func (c *Client) Close() error { return c.closeOnce() }

// Conn returns the connection, for stubs that this package does not wrap, such as those that load models. It is closed
// with the client, and sends the client's token.
func (c *Client) Conn() grpc.ClientConnInterface { return c.conn }
