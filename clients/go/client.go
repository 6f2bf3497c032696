package synthserve

import (
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// Version is the version of this package.
const Version = "0.1.0"

// maxMessage is the largest message that is taken, in bytes. The server's are a few MiB at most; gRPC's own limit is 4.
const maxMessage = 64 << 20

// Client is a connection to a server. It can be used by any number of goroutines.
type Client struct {
	target     string
	conn       *grpc.ClientConn
	generation synthservev1.GenerationServiceClient
	models     synthservev1.ModelServiceClient
	policy     RetryPolicy
	logger     *slog.Logger
	closed     chan struct{}
	closeOnce  func() error
}

// NewClient makes a client of the server at target: HOST:PORT, unix:PATH, or another address that gRPC takes. It connects
// when the first call is made, in plain text unless [WithTLS] is given.
//
// It fails where target or an option is not what it should be.
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
	dial := []grpc.DialOption{
		grpc.WithUserAgent("synthserve-go/" + Version),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)),
		// A broken stream goes on soon after a server is back, not after gRPC's backoff of up to two minutes.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{
				BaseDelay:  100 * time.Millisecond,
				Multiplier: 2,
				Jitter:     0.2,
				MaxDelay:   2 * time.Second,
			},
			MinConnectTimeout: 20 * time.Second,
		}),
		// Finds a peer that vanished. Servers by default close connections that ping more than once in five minutes.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 330 * time.Second, Timeout: 20 * time.Second}),
		// What is tried again is decided here, and not by what a name server says.
		grpc.WithDisableServiceConfig(),
	}
	transport := insecure.NewCredentials()
	if settings.tls != nil {
		transport = credentials.NewTLS(settings.tls)
	}
	dial = append(dial, grpc.WithTransportCredentials(transport))
	if settings.token != nil {
		if err := settings.checkToken(target); err != nil {
			return nil, err
		}
		dial = append(dial, grpc.WithPerRPCCredentials(bearer{settings.token, settings.tls != nil}))
	}
	conn, err := grpc.NewClient(target, append(dial, settings.dial...)...)
	if err != nil {
		return nil, invalid("target", "%s", err)
	}
	closed := make(chan struct{})
	return &Client{
		target:     target,
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
