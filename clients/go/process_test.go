package synthserve

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"
)

// A process reads its proxies from the environment once. So calls that depend on them are made by processes of their own:
// this program, run again.

// errand is one call of a process, with its client.
type errand struct {
	Target        string
	Token         string
	InsecureToken bool
	Authorization string // in the metadata of the call
	CA            string
	Timeout       time.Duration // 0: none
}

const errandVariable = "SYNTHSERVE_TEST_ERRAND"

func TestMain(m *testing.M) {
	if text := os.Getenv(errandVariable); text != "" {
		var e errand
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			panic(err)
		}
		fmt.Println(e.run())
		return
	}
	os.Exit(m.Run())
}

// run returns what came: the name of a model, or the error.
func (e errand) run() string {
	options := []Option{WithRetryPolicy(NoRetries())}
	if e.CA != "" {
		config, err := LoadTLS(e.CA, "", "")
		if err != nil {
			return err.Error()
		}
		options = append(options, WithTLS(config))
	}
	if e.Token != "" {
		options = append(options, WithToken(e.Token))
	}
	if e.InsecureToken {
		options = append(options, WithInsecureToken())
	}
	client, err := NewClient(e.Target, options...)
	if err != nil {
		return err.Error()
	}
	defer client.Close()
	ctx := context.Background()
	if e.Timeout > 0 {
		limited, cancel := context.WithTimeout(ctx, e.Timeout)
		defer cancel()
		ctx = limited
	}
	if e.Authorization != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", e.Authorization)
	}
	model, err := client.Model(ctx, "iris-vae")
	if err != nil {
		return err.Error()
	}
	return model.GetName()
}

// send runs an errand with variables of the environment, and none other about proxies.
func (e errand) send(t *testing.T, variables ...string) string {
	t.Helper()
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(os.Args[0])
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); !strings.HasSuffix(strings.ToLower(name), "_proxy") {
			command.Env = append(command.Env, variable)
		}
	}
	command.Env = append(append(command.Env, variables...), errandVariable+"="+string(text))
	command.Stderr = os.Stderr
	printed, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(printed))
}
