package synthserve_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	synthserve "synthserve.dev/go"
)

func ExampleClient_Rows() {
	client, err := synthserve.NewClient("localhost:50051")
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	stream := client.Rows(ctx, "iris-vae", synthserve.Count(1000), synthserve.Where("species", "setosa"))
	for row, err := range stream.Rows() {
		if err != nil {
			log.Print(err)
			return
		}
		for name, value := range row.All() {
			fmt.Println(row.Index, name, value)
		}
	}
	fmt.Println("the same again:", stream.Info().GetModel(), stream.Info().GetSeed())
}

func ExampleRowStream_Batches() {
	client, err := synthserve.NewClient("localhost:50051")
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	sum := 0.0
	for batch, err := range client.Rows(context.Background(), "iris-vae", synthserve.Count(1_000_000)).Batches() {
		if err != nil {
			log.Print(err)
			return
		}
		for _, value := range batch.Columns[0].Doubles {
			sum += value
		}
	}
	fmt.Println(sum)
}

func ExampleClient_EncodedRows() {
	client, err := synthserve.NewClient("localhost:50051")
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	rows := client.EncodedRows(context.Background(), "iris-vae", synthserve.CSV, synthserve.Count(5), synthserve.Seed(7))
	if _, err := rows.WriteTo(os.Stdout); err != nil {
		log.Print(err)
	}
}

func ExampleWithTLS() {
	config, err := synthserve.LoadTLS("ca.pem", "client.pem", "client-key.pem")
	if err != nil {
		log.Fatal(err)
	}
	token := func(context.Context) (string, error) {
		content, err := os.ReadFile("token")
		return string(content), err
	}
	client, err := synthserve.NewClient("host:443", synthserve.WithTLS(config), synthserve.WithTokenSource(token))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
}

func ExampleError() {
	client, err := synthserve.NewClient("localhost:50051")
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	_, err = client.Model(context.Background(), "nothing")
	if status.Code(err) == codes.NotFound {
		fmt.Println("there is no such model")
	}
	if failure, ok := errors.AsType[*synthserve.Error](err); ok {
		fmt.Println(failure.Reason, failure.ResourceName, failure.RequestID)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		fmt.Println("too late")
	}
}
