package synthserve

import (
	"context"
	"crypto/tls"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

func TestTargets(t *testing.T) {
	for target, want := range map[string]struct{ valid, local bool }{
		"localhost:50051":                   {true, true},
		"LOCALHOST:50051":                   {true, true},
		"127.0.0.1:50051":                   {true, true},
		"127.9.9.9:50051":                   {true, true},
		"[::1]:50051":                       {true, true},
		"[::ffff:127.0.0.1]:50051":          {true, true},
		"[::FFFF:7f00:1]:50051":             {true, true},
		"dns:///LocalHost:50051":            {true, true},
		"DNS:///localhost:50051":            {true, true},
		"dns:///[::1]:50051":                {true, true},
		"0.0.0.0:50051":                     {true, false},
		"[::]:50051":                        {true, false},
		"[::ffff:10.0.0.1]:50051":           {true, false},
		"[::127.0.0.1]:50051":               {true, false},
		"foo.localhost:50051":               {true, false},
		"localhost.:50051":                  {true, false},
		"127.0.0.1.example.com:50051":       {true, false},
		"127.1:50051":                       {true, false},
		"2130706433:50051":                  {true, false},
		"128.0.0.1:50051":                   {true, false},
		"dns://localhost/example.com:50051": {true, false},
		"unix:/run/synthserve.sock":         {true, true},
		"unix:///run/synthserve.sock":       {true, true},
		"unix-abstract:synthserve":          {true, true},
		"dns:localhost:50051":               {true, true},
		"dns:///localhost:50051":            {true, true},
		"dns:///localhost":                  {true, true},
		"dns://127.0.0.1/example.com:50051": {true, false},
		"dns:///example.com:50051":          {true, false},
		"passthrough:///127.0.0.1:50051":    {true, true},
		"passthrough:///[::1]:50051":        {true, true},
		"example.com:50051":                 {true, false},
		"localhost.example.com:50051":       {true, false},
		"10.0.0.1:50051":                    {true, false},
		"[fe80::1]:50051":                   {true, false},
		"unix.example.com:50051":            {true, false},
		"":                                  {false, false},
		":50051":                            {false, false},
		"localhost":                         {false, true},
		"localhost:":                        {false, true},
		"localhost:0":                       {false, true},
		"localhost:65536":                   {false, true},
		"localhost:http":                    {false, true},
		"::1:50051":                         {false, false},
		"http://localhost:50051":            {false, false},
		"local host:50051":                  {false, false},
	} {
		if err := checkTarget(target); (err == nil) != want.valid {
			t.Errorf("%q: %v", target, err)
		}
		if local := isLocal(target); local != want.local {
			t.Errorf("%q: local is %t", target, local)
		}
	}
}

func TestTokensThatAreRefused(t *testing.T) {
	const token = "a secret"
	source := func(context.Context) (string, error) { return token, nil }
	for name, c := range map[string]struct {
		target  string
		options []Option
		refused bool
	}{
		"in plain text":                  {"example.com:1", []Option{WithToken(token)}, true},
		"of a source, in plain text":     {"example.com:1", []Option{WithTokenSource(source)}, true},
		"in plain text, to this machine": {"localhost:1", []Option{WithToken(token)}, false},
		"in plain text, insisted on":     {"example.com:1", []Option{WithToken(token), WithInsecureToken()}, false},
		"over TLS":                       {"example.com:1", []Option{WithToken(token), WithTLS(&tls.Config{})}, false},
		"over TLS, as the system has it": {"example.com:1", []Option{WithToken(token), WithTLS(nil)}, false},
		"not ASCII":                      {"localhost:1", []Option{WithToken(token + "\u00e9")}, true},
		"two lines":                      {"localhost:1", []Option{WithToken(token + "\n" + token)}, true},
		"empty":                          {"localhost:1", []Option{WithToken(" ")}, true},
		"a line with its end":            {"localhost:1", []Option{WithToken(token + "\n")}, false},
		"as an editor writes it":         {"localhost:1", []Option{WithToken("\ufeff" + token + " \t\r\n\r\n")}, false},
		"only a byte order mark":         {"localhost:1", []Option{WithToken("\ufeff\r\n")}, true},
		"a byte order mark after it":     {"localhost:1", []Option{WithToken(token + "\ufeff")}, true},
		"two byte order marks":           {"localhost:1", []Option{WithToken("\ufeff\ufeff" + token)}, true},
		"a space that is not ASCII":      {"localhost:1", []Option{WithToken(token + "\u00a0")}, true},
		"UTF-16":                         {"localhost:1", []Option{WithToken("\xff\xfea\x00 \x00")}, true},
		"a control character":            {"localhost:1", []Option{WithToken(token + "\x7f")}, true},
		"no source":                      {"localhost:1", []Option{WithTokenSource(nil)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := NewClient(c.target, c.options...)
			if (err != nil) != c.refused {
				t.Fatalf("got %v", err)
			}
			if err == nil {
				if err := client.Close(); err != nil {
					t.Error(err)
				}
				return
			}
			failure, ok := errors.AsType[*Error](err)
			if !ok || failure.Code != codes.InvalidArgument || failure.FieldViolations[0].Field != "token" {
				t.Errorf("got %#v", err)
			}
			if strings.Contains(err.Error(), token) {
				t.Errorf("the error has the token: %v", err)
			}
		})
	}
}

func TestBadTargets(t *testing.T) {
	for _, target := range []string{"", "localhost", "http://localhost:50051"} {
		if _, err := NewClient(target); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%q: %v", target, err)
		}
	}
}

// headers is a server that returns the metadata of each call.
func headers(seen *[]metadata.MD) *fake {
	return &fake{
		get: func(ctx context.Context, _ *synthservev1.GetModelRequest) (*synthservev1.GetModelResponse, error) {
			sent, _ := metadata.FromIncomingContext(ctx)
			*seen = append(*seen, sent)
			if len(*seen) == 1 {
				return nil, status.Error(codes.Unavailable, "going down")
			}
			return &synthservev1.GetModelResponse{}, nil
		},
		rows: func(request *rowsRequest, stream rowsServer) error {
			sent, _ := metadata.FromIncomingContext(stream.Context())
			*seen = append(*seen, sent)
			return sendNumbers(request, stream, 1, 1)
		},
	}
}

func TestATokenForEachAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []metadata.MD
		made := 0
		source := func(context.Context) (string, error) {
			made++
			return "\ufefftoken " + string(rune('0'+made)) + " \r\n", nil
		}
		client := connect(t, headers(&seen), WithTokenSource(source), WithInsecureToken())
		ctx := metadata.AppendToOutgoingContext(t.Context(), "x-request-id", "request-1")
		if _, err := client.Model(ctx, "numbers"); err != nil {
			t.Fatal(err)
		}
		if _, err := readNumbers(client.Rows(ctx, "numbers", Count(1))); err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"Bearer token 1", "Bearer token 2", "Bearer token 3"} {
			if got := seen[i].Get("authorization"); len(got) != 1 || got[0] != want {
				t.Errorf("call %d has %q", i, got)
			}
			if got := seen[i].Get("x-request-id"); len(got) != 1 || got[0] != "request-1" {
				t.Errorf("call %d has the request id %q", i, got)
			}
			if got := seen[i].Get("user-agent"); len(got) != 1 || !strings.HasPrefix(got[0], "synthserve-go/"+Version+" ") {
				t.Errorf("call %d is of %q", i, got)
			}
		}
	})
}

func TestNoToken(t *testing.T) {
	for name, c := range map[string]struct {
		source func(context.Context) (string, error)
		want   codes.Code
	}{
		"a source fails":   {func(context.Context) (string, error) { return "", errors.New("no issuer") }, codes.Unauthenticated},
		"not a line":       {func(context.Context) (string, error) { return "a\nb", nil }, codes.Unauthenticated},
		"a source is slow": {func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() }, codes.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked atomic.Int32
				var seen []metadata.MD
				source := func(ctx context.Context) (string, error) {
					asked.Add(1)
					return c.source(ctx)
				}
				client := connect(t, headers(&seen), WithTokenSource(source), WithInsecureToken())
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				_, err := readNumbers(client.Rows(ctx, "numbers", Count(1)))
				if status.Code(err) != c.want || asked.Load() != 1 || len(seen) != 0 {
					t.Errorf("asked for %d tokens, made %d calls, %v", asked.Load(), len(seen), err)
				}
			})
		})
	}
}

func TestMetadata(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []metadata.MD
		client := connect(t, headers(&seen), WithRetryPolicy(NoRetries()))
		seen = append(seen, nil) // No call fails.
		for name, refused := range map[string][]string{
			"a space in a key":   {"x request", "1"},
			"an umlaut in a key": {"x-\u00fc", "1"},
			"a line end":         {"x-request-id", "1\r\nauthorization: 2"},
			"an umlaut":          {"x-request-id", "\u00fc"},
			"no key":             {"", "1"},
		} {
			ctx := metadata.AppendToOutgoingContext(t.Context(), refused...)
			_, err := client.Model(ctx, "numbers")
			_, errRows := readNumbers(client.Rows(ctx, "numbers", Count(1)))
			for _, err := range []error{err, errRows} {
				failure, ok := errors.AsType[*Error](err)
				if !ok || failure.Code != codes.InvalidArgument || failure.FieldViolations[0].Field != "metadata" {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		if len(seen) != 1 {
			t.Errorf("sent %v", seen)
		}
		ctx := metadata.NewOutgoingContext(t.Context(), metadata.MD{
			"X-Request-ID": {"1"}, "X-Trace-Bin": {"\x00\xff"}, ":authority": {"of a call that is passed on"},
		})
		if _, err := client.Model(ctx, "numbers"); err != nil {
			t.Fatal(err)
		}
		if got := seen[1]; got.Get("x-request-id")[0] != "1" || got.Get("x-trace-bin")[0] != "\x00\xff" {
			t.Errorf("sent %v", got)
		}
	})
}

// What interceptors of the caller add is metadata, too.
func TestTokensOfInterceptors(t *testing.T) {
	add := func(
		ctx context.Context, method string, request, reply any,
		conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
	) error {
		ctx = metadata.AppendToOutgoingContext(ctx, "Authorization", "a secret")
		return invoke(ctx, method, request, reply, conn, options...)
	}
	addToStream := func(
		ctx context.Context, description *grpc.StreamDesc,
		conn *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		return open(metadata.AppendToOutgoingContext(ctx, "Authorization", "a secret"), description, conn, method, options...)
	}
	synctest.Test(t, func(t *testing.T) {
		var seen []metadata.MD
		interceptors := WithDialOptions(grpc.WithUnaryInterceptor(add), grpc.WithStreamInterceptor(addToStream))
		client := connect(t, headers(&seen), interceptors)
		stub := synthservev1.NewModelServiceClient(client.Conn())
		_, err := client.Model(t.Context(), "numbers")
		_, errRows := readNumbers(client.Rows(t.Context(), "numbers", Count(1)))
		_, errStub := stub.GetModel(t.Context(), &synthservev1.GetModelRequest{})
		for _, err := range []error{err, errRows, errStub} {
			failure, ok := errors.AsType[*Error](err)
			if !ok || failure.FieldViolations[0].Field != "authorization" || strings.Contains(err.Error(), "a secret") {
				t.Errorf("got %v", err)
			}
		}
		if len(seen) != 0 {
			t.Errorf("sent %v", seen)
		}
		insists := connect(t, headers(&seen), interceptors, WithInsecureToken())
		if _, err := insists.Model(t.Context(), "numbers"); err != nil || seen[1].Get("authorization")[0] != "a secret" {
			t.Errorf("got %v, sent %v", err, seen)
		}
	})
}

func TestAClosedClient(t *testing.T) {
	client, err := NewClient("localhost:1", WithLogger(nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = client.Model(t.Context(), "numbers")
	_, errRows := readNumbers(client.Rows(t.Context(), "numbers", Count(1)))
	for _, err := range []error{err, errRows} {
		if status.Code(err) != codes.Canceled || !strings.Contains(err.Error(), "the client is closed") {
			t.Errorf("got %v", err)
		}
	}
}

func TestStubsOverTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := make([]metadata.MD, 1)
		client := connect(t, headers(&seen), WithToken("a secret"), WithInsecureToken())
		stub := synthservev1.NewModelServiceClient(client.Conn())
		if _, err := stub.GetModel(t.Context(), &synthservev1.GetModelRequest{}); err != nil {
			t.Fatal(err)
		}
		if got := seen[1].Get("authorization"); len(got) != 1 || got[0] != "Bearer a secret" {
			t.Errorf("sent %q", got)
		}
	})
}
