package synthserve

import (
	"context"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// bearer sends a token with each call.
type bearer struct {
	source func(context.Context) (string, error)
	secure bool
}

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (b bearer) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	token, err := b.source(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, status.FromContextError(ctx.Err()).Err()
		}
		return nil, status.Errorf(codes.Unauthenticated, "there is no token: %v", err)
	}
	value, err := bearerHeader(token)
	if err != nil {
		return nil, status.Error(codes.Unauthenticated, err.Error())
	}
	return map[string]string{authorization: value}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials.
func (b bearer) RequireTransportSecurity() bool { return b.secure }

// bearerHeader returns the header for a token, which can be the content of a file: with a leading byte order mark, and
// with trailing blanks and line ends. The error does not contain the token.
func bearerHeader(token string) (string, error) {
	token = strings.Trim(strings.TrimPrefix(token, byteOrderMark), " \t\r\n")
	if token == "" {
		return "", invalid("token", "is empty")
	}
	if strings.ContainsFunc(token, unprintable) {
		return "", invalid("token", "must be one line of printable ASCII characters")
	}
	return "Bearer " + token, nil
}

// byteOrderMark is the mark that some editors write at the beginning of a text file.
const byteOrderMark = "\ufeff"

func unprintable(r rune) bool { return r < ' ' || r > '~' }

// checkToken refuses a token that would be sent in plain text to another machine, or that is not a valid header.
func (s *settings) checkToken(target string) error {
	if s.token == nil {
		return invalid("token", "the source must not be nil")
	}
	if s.tls == nil && !s.insecureToken && !isLocal(target) {
		return plainTextToken("token", target)
	}
	if s.fixedToken == nil {
		return nil
	}
	_, err := bearerHeader(*s.fixedToken)
	return err
}

// plainTextToken returns the error for a token that would be sent in plain text to another machine.
func plainTextToken(field, target string) *Error {
	return invalid(field, "would be sent to %s in plain text; connect with WithTLS, "+
		"or give WithInsecureToken where something else secures the connection", target)
}
