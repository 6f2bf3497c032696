package synthserve_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	synthserve "synthserve.dev/go"
	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// The functions here have what README.md shows, to the letter: tests/unit/docs holds the two together.

func readmeUse(ctx context.Context, target string, file io.Writer) error {
	client, err := synthserve.NewClient(target) // such as "localhost:50051"
	if err != nil {
		return err
	}
	defer client.Close()

	// Row by row; Batches() gives typed columns, many rows at once.
	rows := client.Rows(ctx, "iris-vae", synthserve.Count(1000), synthserve.Seed(7))
	for row, err := range rows.Rows() {
		if err != nil {
			return err
		}
		fmt.Println(row.Index, maps.Collect(row.All()))
	}

	// A file, as the server writes it: CSV, JSONLines or Arrow.
	_, err = client.EncodedRows(ctx, "iris-vae", synthserve.CSV, synthserve.Count(1000)).WriteTo(file)
	if err != nil {
		return err
	}

	// Images: PNG, or Format(JPEG), Format(Raw).
	for image, err := range client.Images(ctx, "mnist-dcgan", synthserve.Count(16), synthserve.Seed(7)).All() {
		if err != nil {
			return err
		}
		if err := os.WriteFile(fmt.Sprintf("%04d.png", image.Index), image.Data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func TestReadmeUse(t *testing.T) {
	target := synthserve.ServeFake(t)
	t.Chdir(t.TempDir())
	var file strings.Builder
	printed := capture(t, func() {
		if err := readmeUse(t.Context(), target, &file); err != nil {
			t.Error(err)
		}
	})
	if lines := strings.Split(printed, "\n"); len(lines) != 1001 || lines[999] != "999 map[petal_length:1.5 species:setosa]" {
		t.Errorf("printed %q", printed)
	}
	if want := "petal_length,species\n1.5,setosa\n"; file.String() != want {
		t.Errorf("wrote %q", file.String())
	}
	if images, err := filepath.Glob("*.png"); err != nil || len(images) != 16 || images[15] != "0015.png" {
		t.Errorf("wrote %v (%v)", images, err)
	}
}

func readmeConditions(ctx context.Context, client *synthserve.Client) *synthserve.RowStream {
	rows := client.Rows(ctx, "patients", synthserve.Count(1000),
		synthserve.Where("country", "AT"),
		synthserve.WhereAnyOf("insurance", "public", "private", nil),           // nil: or it is missing
		synthserve.WhereBetween("age", 30, 40),                                 // both ends included
		synthserve.WhereBetween("born", nil, synthserve.NewDate(1999, 12, 31)), // nil: an open end
		synthserve.WhereMissing("died"),
		synthserve.WherePresent("admitted"),
	)
	return rows
}

func TestReadmeConditions(t *testing.T) {
	var asked []*synthservev1.Condition
	client, err := synthserve.NewClient(synthserve.ServeFakeThatShows(t, func(request *synthservev1.GenerateRowsRequest) {
		asked = request.GetConditions()
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, err := range readmeConditions(t.Context(), client).Batches() {
		if err != nil {
			t.Fatal(err)
		}
	}
	var columns []string
	for _, condition := range asked {
		columns = append(columns, condition.GetColumn())
	}
	if want := []string{"country", "insurance", "age", "born", "died", "admitted"}; !slices.Equal(columns, want) {
		t.Fatalf("asked for %v", asked)
	}
	if born := asked[3].GetBetween(); born.Low != nil || born.GetHigh() != "1999-12-31" {
		t.Errorf("asked for %v", born)
	}
}

func readmeTLS(target, token string) (*synthserve.Client, error) {
	// The client's own certificate and its key are for mutual TLS; "" and "" otherwise.
	config, err := synthserve.LoadTLS("ca.pem", "client.pem", "client-key.pem")
	if err != nil {
		return nil, err
	}
	return synthserve.NewClient(target, synthserve.WithTLS(config), synthserve.WithToken(token))
}

func TestReadmeTLS(t *testing.T) {
	t.Chdir(t.TempDir())
	client, err := readmeTLS(synthserve.ServeFakeOverTLS(t), "a secret")
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if model, err := client.Model(t.Context(), "iris-vae"); model.GetName() != "models/iris-vae" {
		t.Errorf("got %v (%v)", model, err)
	}
}

func readmeErrors(ctx context.Context, client *synthserve.Client) {
	_, err := client.Model(ctx, "nothing")
	if status.Code(err) == codes.NotFound { // by gRPC's code
		fmt.Println("there is no such model")
	}
	if errors.Is(err, context.DeadlineExceeded) { // or context.Canceled, or synthserve.ErrProtocol
		fmt.Println("too late")
	}
	if failure, ok := errors.AsType[*synthserve.Error](err); ok { // also .FieldViolations, .RetryDelay, .RequestID and so on
		fmt.Println(failure.Reason, failure.ResourceName)
	}
}

func TestReadmeErrors(t *testing.T) {
	client := connect(t)
	printed := capture(t, func() { readmeErrors(t.Context(), client) })
	if want := "there is no such model\nMODEL_NOT_FOUND models/nothing\n"; printed != want {
		t.Errorf("printed %q", printed)
	}
}

func readmeStubs(ctx context.Context, client *synthserve.Client) error {
	models := synthservev1.NewModelServiceClient(client.Conn()) // of synthserve.dev/go/synthserve/v1
	_, err := models.ReloadModels(ctx, &synthservev1.ReloadModelsRequest{})
	return err
}

func TestReadmeStubs(t *testing.T) {
	if err := readmeStubs(t.Context(), connect(t)); status.Code(err) != codes.Unimplemented { // by the fake
		t.Errorf("got %v", err)
	}
}

func connect(t *testing.T) *synthserve.Client {
	t.Helper()
	client, err := synthserve.NewClient(synthserve.ServeFake(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// capture returns what a function prints.
func capture(t *testing.T, print func()) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	before := os.Stdout
	defer func() { os.Stdout = before }()
	os.Stdout = file
	print()
	printed, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(printed)
}
