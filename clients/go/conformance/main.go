// Command conformance plays the cases of a file through the client, and prints the results; see tests/conformance in
// the repository.
//
//	conformance PLAY
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"

	synthserve "synthserve.dev/go"
)

type play struct {
	Connections map[string]connection `json:"connections"`
	Cases       []testCase            `json:"cases"`
}

type connection struct {
	Target string `json:"target"`
	CA     string `json:"ca"`
	Token  string `json:"token"`
}

type testCase struct {
	Name        string         `json:"name"`
	Connection  string         `json:"connection"`
	Call        string         `json:"call"`
	Model       string         `json:"model"`
	Count       *number        `json:"count"`
	Seed        *number        `json:"seed"`
	Offset      *number        `json:"offset"`
	Where       map[string]any `json:"where"`
	Format      string         `json:"format"`
	PerMessage  int32          `json:"per_message"`
	JPEGQuality int32          `json:"jpeg_quality"`
	TimeoutMS   int64          `json:"timeout_ms"`
	Retries     *bool          `json:"retries"`
	CancelAfter *number        `json:"cancel_after"`
	PauseAfter  *number        `json:"pause_after"`
}

// number is 64 bits, as decimal text.
type number int64

func (n *number) UnmarshalText(text []byte) error {
	value, err := strconv.ParseInt(string(text), 10, 64)
	*n = number(value)
	return err
}

func (n number) MarshalText() ([]byte, error) { return strconv.AppendInt(nil, int64(n), 10), nil }

// outcome is the printed result of a case.
type outcome struct {
	Case           string   `json:"case"`
	Paused         bool     `json:"paused,omitempty"`
	Samples        *number  `json:"samples,omitempty"`
	SHA256         string   `json:"sha256,omitempty"`
	Model          string   `json:"model,omitempty"`
	Seed           *number  `json:"seed,omitempty"`
	Cancelled      bool     `json:"cancelled,omitempty"`
	Models         []string `json:"models,omitempty"`
	Columns        []string `json:"columns,omitempty"`
	Conditions     []string `json:"conditions,omitempty"`
	GraphSHA256    string   `json:"graph_sha256,omitempty"`
	Types          []string `json:"types,omitempty"`
	ConditionKinds []string `json:"condition_kinds,omitempty"`
	CategoryCounts []int    `json:"category_counts,omitempty"`
	Error          *failure `json:"error,omitempty"`
}

type failure struct {
	Code          string   `json:"code"`
	Reason        string   `json:"reason,omitempty"`
	Fields        []string `json:"fields,omitempty"`
	Resource      string   `json:"resource,omitempty"`
	RetryMS       *int64   `json:"retry_ms,omitempty"`
	Quotas        []string `json:"quotas,omitempty"`
	Preconditions []string `json:"preconditions,omitempty"`
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: conformance PLAY")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var p play
	if err := json.Unmarshal(content, &p); err != nil {
		return err
	}
	clients := clients{connections: p.Connections, open: map[clientKey]*synthserve.Client{}}
	defer clients.close()
	output := json.NewEncoder(os.Stdout)
	input := bufio.NewReader(os.Stdin)
	for _, c := range p.Cases {
		client, err := clients.get(c)
		if err != nil {
			return err
		}
		player := player{client: client, testCase: c, pause: func() error {
			if err := output.Encode(outcome{Case: c.Name, Paused: true}); err != nil {
				return err
			}
			_, err := input.ReadString('\n')
			return err
		}}
		result, err := player.play()
		if err != nil {
			return fmt.Errorf("case %q: %w", c.Name, err)
		}
		if err := output.Encode(result); err != nil {
			return err
		}
	}
	return nil
}

// clients holds two clients per connection: one with retries and one without.
type clients struct {
	connections map[string]connection
	open        map[clientKey]*synthserve.Client
}

type clientKey struct {
	connection string
	retries    bool
}

func (c *clients) get(wanted testCase) (*synthserve.Client, error) {
	key := clientKey{wanted.Connection, wanted.Retries == nil || *wanted.Retries}
	if client, found := c.open[key]; found {
		return client, nil
	}
	to := c.connections[key.connection]
	var options []synthserve.Option
	if to.CA != "" {
		config, err := synthserve.LoadTLS(to.CA, "", "")
		if err != nil {
			return nil, err
		}
		options = append(options, synthserve.WithTLS(config))
	}
	if to.Token != "" {
		options = append(options, synthserve.WithToken(to.Token))
	}
	if !key.retries {
		options = append(options, synthserve.WithRetryPolicy(synthserve.NoRetries()))
	}
	client, err := synthserve.NewClient(to.Target, options...)
	if err == nil {
		c.open[key] = client
	}
	return client, err
}

func (c *clients) close() {
	for _, client := range c.open {
		client.Close()
	}
}

func (c testCase) context() (context.Context, context.CancelFunc) {
	if c.TimeoutMS == 0 {
		return context.WithCancel(context.Background())
	}
	longest := int64(math.MaxInt64 / time.Millisecond)
	return context.WithTimeout(context.Background(), time.Duration(min(c.TimeoutMS, longest))*time.Millisecond)
}

func failureOf(err *synthserve.Error) *failure {
	result := &failure{
		Code:     code.Code(err.Code).String(),
		Reason:   err.Reason,
		Resource: err.ResourceName,
	}
	for _, v := range err.FieldViolations {
		result.Fields = append(result.Fields, v.Field)
	}
	if err.RetryDelay != nil {
		result.RetryMS = new(err.RetryDelay.Milliseconds())
	}
	for _, v := range err.QuotaViolations {
		result.Quotas = append(result.Quotas, v.Subject)
	}
	for _, v := range err.PreconditionViolations {
		result.Preconditions = append(result.Preconditions, v.Subject)
	}
	return result
}
