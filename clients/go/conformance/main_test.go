package main

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The tests run this program again, as the runner.

const asRunner = "SYNTHSERVE_TEST_RUNNER"

func TestMain(m *testing.M) {
	if os.Getenv(asRunner) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// runner runs the program with one case, for which there is no server.
func runner(t *testing.T, stdout *os.File) (*os.ProcessState, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "play.json")
	const play = `{"connections": {"unreachable": {"target": "127.0.0.1:1"}},
		"cases": [{"name": "a case", "connection": "unreachable", "call": "models", "retries": false}]}`
	if err := os.WriteFile(file, []byte(play), 0o600); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	command := exec.Command(os.Args[0], file)
	command.Env = append(os.Environ(), asRunner+"=1")
	command.Stdout, command.Stderr = stdout, &said
	_ = command.Run()
	return command.ProcessState, said.String()
}

func TestStreams(t *testing.T) {
	printed, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	defer printed.Close()
	if state, said := runner(t, printed); state.ExitCode() != 0 || said != "" {
		t.Errorf("%v: %s", state, said)
	}
	content, err := os.ReadFile(printed.Name())
	if err != nil {
		t.Fatal(err)
	}
	var got outcome
	if err := json.Unmarshal(content, &got); err != nil || got.Case != "a case" || got.Error.Code != "UNAVAILABLE" {
		t.Errorf("printed %s (%v)", content, err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	if state, said := runner(t, full); state.ExitCode() != 1 || !strings.Contains(said, "no space left") {
		t.Errorf("a full device: %v: %s", state, said)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = reader.Close()
	defer writer.Close()
	state, said := runner(t, writer)
	if ended := state.Sys().(syscall.WaitStatus); !ended.Signaled() || ended.Signal() != syscall.SIGPIPE || said != "" {
		t.Errorf("a reader that is gone: %v: %s", state, said)
	}
}

func TestTimeoutsOfCases(t *testing.T) {
	for _, milliseconds := range []int64{60_000, math.MaxInt64/1_000_000 + 1, math.MaxInt64} {
		ctx, cancel := testCase{TimeoutMS: milliseconds}.context()
		if _, bounded := ctx.Deadline(); !bounded || ctx.Err() != nil {
			t.Errorf("%d ms: bounded %t, %v", milliseconds, bounded, ctx.Err())
		}
		cancel()
	}
}
