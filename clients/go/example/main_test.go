package main

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"google.golang.org/grpc"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// The tests run this program again, as the example.

const asExample = "SYNTHSERVE_TEST_EXAMPLE"

func TestMain(m *testing.M) {
	if os.Getenv(asExample) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// generator is a server with what the example asks for.
type generator struct {
	synthservev1.UnimplementedGenerationServiceServer
	synthservev1.UnimplementedModelServiceServer
}

func (generator) ListModels(
	context.Context, *synthservev1.ListModelsRequest,
) (*synthservev1.ListModelsResponse, error) {
	return &synthservev1.ListModelsResponse{Models: []*synthservev1.Model{{Version: "models/iris-vae/versions/1"}}}, nil
}

func (generator) GenerateRows(
	request *synthservev1.GenerateRowsRequest, stream grpc.ServerStreamingServer[synthservev1.GenerateRowsResponse],
) error {
	return stream.Send(&synthservev1.GenerateRowsResponse{
		Info:     &synthservev1.RowStreamInfo{Model: request.GetModel(), Seed: request.GetSeed(), Preamble: []byte("rows\n")},
		RowCount: request.GetCount(),
		Rows:     &synthservev1.GenerateRowsResponse_Data{Data: []byte(strings.Repeat("1\n", int(request.GetCount())))},
	})
}

func (generator) GenerateImages(
	request *synthservev1.GenerateImagesRequest, stream grpc.ServerStreamingServer[synthservev1.GenerateImagesResponse],
) error {
	return stream.Send(&synthservev1.GenerateImagesResponse{
		Info:   &synthservev1.ImageStreamInfo{Model: request.GetModel(), Seed: request.GetSeed()},
		Images: make([][]byte, request.GetCount()),
	})
}

func serve(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	synthservev1.RegisterGenerationServiceServer(server, generator{})
	synthservev1.RegisterModelServiceServer(server, generator{})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

// example runs the program in a shell line, in which "$@" is its command. It returns the working folder.
func example(t *testing.T, line string, stdout, stderr *os.File, arguments ...string) (string, *os.ProcessState) {
	t.Helper()
	folder := t.TempDir()
	command := exec.Command("sh", append([]string{"-c", line, "sh", os.Args[0]}, arguments...)...)
	command.Dir, command.Stdout, command.Stderr = folder, stdout, stderr
	command.Env = append(os.Environ(), asExample+"=1")
	if err := command.Run(); err != nil {
		if _, exited := errors.AsType[*exec.ExitError](err); !exited {
			t.Fatal(err)
		}
	}
	return folder, command.ProcessState
}

// closedPipe is the write end of a pipe whose read end is closed.
func closedPipe(t *testing.T) *os.File {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = reader.Close()
	t.Cleanup(func() { _ = writer.Close() })
	return writer
}

func opened(t *testing.T, name string, flags int) *os.File {
	t.Helper()
	file, err := os.OpenFile(name, flags, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

func stderr(t *testing.T) *os.File {
	t.Helper()
	return opened(t, filepath.Join(t.TempDir(), "stderr"), os.O_CREATE|os.O_RDWR)
}

func TestWithoutStreams(t *testing.T) {
	target := serve(t)
	for _, line := range []string{
		`exec "$@" >&-`, `exec "$@" 2>&-`, `exec "$@" <&-`, `exec "$@" <&- >&- 2>&-`, `exec "$@" 2>/dev/full`,
	} {
		folder, state := example(t, line, opened(t, os.DevNull, os.O_WRONLY), nil, target)
		rows, err := os.ReadFile(filepath.Join(folder, "iris.csv"))
		if want := "rows\n" + strings.Repeat("1\n", 1000); err != nil || string(rows) != want {
			t.Errorf("%s: wrote %q (%v)", line, rows, err)
		}
		images, err := os.ReadDir(filepath.Join(folder, "digits"))
		if err != nil || len(images) != 16 || state.ExitCode() != 0 {
			t.Errorf("%s: wrote %v (%v), %v", line, images, err, state)
		}
	}
}

func TestAFullDevice(t *testing.T) {
	log := stderr(t)
	_, state := example(t, `exec "$@"`, opened(t, "/dev/full", os.O_WRONLY), log, serve(t))
	said, err := os.ReadFile(log.Name())
	if err != nil || state.ExitCode() != 1 || string(said) != "example: write /dev/stdout: no space left on device\n" {
		t.Errorf("%v: %q (%v)", state, said, err)
	}
}

func TestAReaderThatIsGone(t *testing.T) {
	target := serve(t)
	log := stderr(t)
	for _, line := range []string{`exec "$@"`, `trap "" PIPE; exec "$@"`} {
		_, state := example(t, line, closedPipe(t), log, target)
		if ended := state.Sys().(syscall.WaitStatus); !ended.Signaled() || ended.Signal() != syscall.SIGPIPE {
			t.Errorf("%s: %v", line, state)
		}
	}
	if said, err := os.ReadFile(log.Name()); err != nil || len(said) > 0 {
		t.Errorf("said %q (%v)", said, err)
	}
}

func TestFailures(t *testing.T) {
	for target, want := range map[string]string{
		"127.0.0.1:1": "example: synthserve: no server at 127.0.0.1:1 (connection refused)",
		"":            `example: synthserve: target: must be HOST:PORT, not ""`,
		"--help":      `example: synthserve: target: must be HOST:PORT, not "--help"`,
	} {
		log := stderr(t)
		_, state := example(t, `exec "$@"`, nil, log, target)
		said, err := os.ReadFile(log.Name())
		if err != nil || state.ExitCode() != 1 || !strings.HasPrefix(string(said), want) {
			t.Errorf("%q: %v: %q (%v)", target, state, said, err)
		}
		if _, state := example(t, `exec "$@" 2>/dev/full`, nil, nil, target); state.ExitCode() != 1 {
			t.Errorf("%q, with a full device: %v", target, state)
		}
	}
}
