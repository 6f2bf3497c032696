// Package synthserve streams rows and images from generative models that a synthserve server runs.
//
//	client, err := synthserve.NewClient("localhost:50051")
//	if err != nil {
//		return err
//	}
//	defer client.Close()
//
//	rows := client.Rows(ctx, "iris-vae", synthserve.Count(1000), synthserve.Seed(7))
//	for row, err := range rows.Rows() {
//		if err != nil {
//			return err
//		}
//		fmt.Println(row.Index, row.Value(0))
//	}
//
// # Models
//
// A model name is iris-vae (the newest version that is ready), iris-vae@2 (that version), or the full resource name,
// models/iris-vae/versions/2.
//
// # Streams
//
// Sample i depends only on the model version, the seed, i and the conditions: the same seed gives the same samples. A
// stream starts when a loop over it begins, and is cancelled when the loop exits or the context ends. Its memory is
// bounded, however long it is. Without [Count] it continues until it is cancelled, or to the last index, 2^63 - 2. A
// slow loop slows the server down.
//
// # Conditions and values
//
// [Where], [WhereAnyOf], [WhereBetween], [WhereMissing] and [WherePresent] set conditions on columns. Conditions and
// rows use the same types of values: text, numbers, bools, [Date], [time.Time] for an instant, and [DateTime] for a
// timestamp without a time zone. A missing value is nil.
//
// # Broken connections
//
// If a connection breaks or a server restarts, the stream resumes at the next index: no sample is lost or repeated.
// [RetryPolicy] bounds the attempts. The deadline of the context applies to the whole stream, including all attempts.
//
// # Errors
//
// Every error of a call is an [*Error]: distinguish errors by Code or Reason. The functions of gRPC's status package
// accept it too, and errors.Is matches context.Canceled and context.DeadlineExceeded.
//
// # Everything else
//
// The stubs of the protos are in synthserve.dev/go/synthserve/v1; use them with the connection of [Client.Conn].
package synthserve

//go:generate go run ./internal/generate
