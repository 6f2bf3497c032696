// Command example lists a server's models, and writes 1,000 rows and 16 images into the current folder.
//
//	go run ./example [TARGET]
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	synthserve "synthserve.dev/go"
)

func main() {
	target := "localhost:50051"
	if len(os.Args) > 1 {
		target = os.Args[1]
	}
	// Ctrl-C cancels running calls.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, target); err != nil {
		fmt.Fprintln(os.Stderr, "example:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, target string) error {
	client, err := synthserve.NewClient(target)
	if err != nil {
		return err
	}
	defer client.Close()

	for model, err := range client.Models(ctx) {
		if err != nil {
			return err
		}
		if _, err := fmt.Printf("%s: %s\n", model.GetVersion(), model.GetCard().GetSummary()); err != nil {
			return err
		}
	}
	if err := writeRows(ctx, client, "iris.csv"); err != nil {
		return err
	}
	return writeImages(ctx, client, "digits")
}

func writeRows(ctx context.Context, client *synthserve.Client, path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	rows := client.EncodedRows(ctx, "iris-vae", synthserve.CSV, synthserve.Count(1000), synthserve.Seed(7))
	size, err := rows.WriteTo(file)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	_, err = fmt.Printf("wrote %s: %d bytes, 1,000 rows of %s\n", path, size, rows.Info().GetModel())
	return err
}

func writeImages(ctx context.Context, client *synthserve.Client, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	images := client.Images(ctx, "mnist-dcgan", synthserve.Count(16), synthserve.Seed(7))
	for image, err := range images.All() {
		if err != nil {
			return err
		}
		path := filepath.Join(folder, fmt.Sprintf("%04d.png", image.Index))
		if err := os.WriteFile(path, image.Data, 0o644); err != nil {
			return err
		}
	}
	_, err := fmt.Printf("wrote %s: 16 images of %s\n", folder, images.Info().GetModel())
	return err
}
