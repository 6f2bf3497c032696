package synthserve

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// authorization is the key of the metadata that holds a token.
const authorization = "authorization"

// outgoing checks the metadata in the context of a call before the call is sent.
type outgoing struct {
	target       string
	refuseTokens bool // because the connection is in plain text
}

// check returns the context with its keys in lower case, as HTTP/2 requires.
func (o outgoing) check(ctx context.Context) (context.Context, error) {
	sent, found := metadata.FromOutgoingContext(ctx)
	if !found {
		return ctx, nil
	}
	for key, values := range sent {
		if strings.HasPrefix(key, ":") {
			continue // These belong to an incoming call that is forwarded; gRPC omits them.
		}
		if key == "" || strings.ContainsFunc(key, unfitForKeys) {
			return nil, invalid("metadata", "the key %.80q must consist of letters, digits, '-', '_' and '.'", key)
		}
		if strings.HasSuffix(key, "-bin") {
			continue // gRPC encodes these values.
		}
		for _, value := range values {
			if strings.ContainsFunc(value, unprintable) {
				return nil, invalid("metadata", "the value of %q must be one line of printable ASCII characters", key)
			}
		}
	}
	if o.refuseTokens && len(sent.Get(authorization)) > 0 {
		return nil, plainTextToken(authorization, o.target)
	}
	return metadata.NewOutgoingContext(ctx, sent), nil
}

func unfitForKeys(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r))
}

func (o outgoing) unary(
	ctx context.Context, method string, request, reply any,
	conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	ctx, err := o.check(ctx)
	if err != nil {
		return err
	}
	return invoke(ctx, method, request, reply, conn, options...)
}

func (o outgoing) stream(
	ctx context.Context, description *grpc.StreamDesc,
	conn *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption,
) (grpc.ClientStream, error) {
	ctx, err := o.check(ctx)
	if err != nil {
		return nil, err
	}
	return open(ctx, description, conn, method, options...)
}
