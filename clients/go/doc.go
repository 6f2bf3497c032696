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
// They are named iris-vae (the newest version that is ready), iris-vae@2 (that version), or by the full resource name,
// models/iris-vae/versions/2.
//
// # Streams
//
// Sample i depends only on the model version, the seed, i and the conditions: the same seed gives the same samples. A
// stream is asked for when a loop over it begins, takes a bounded amount of memory however long it is, and is cancelled
// when the loop is left or its context ends. Without [Count] it goes on until then, or to the last index, 2^63 - 2. A
// slow loop slows the server down.
//
// # Conditions and values
//
// [Where], [WhereAnyOf], [WhereBetween], [WhereMissing] and [WherePresent] set conditions on columns. Values come in as
// they come out: as text, numbers, bools, a [Date], a [time.Time] for an instant, and a [DateTime] for a timestamp without
// a time zone. A missing value is nil.
//
// # Broken connections
//
// Where a connection breaks or a server restarts, a stream goes on at the next index by itself: nothing is lost, nothing
// comes twice. [RetryPolicy] says how often that is tried. The deadline of the context holds for a whole stream, with all
// that is tried again.
//
// # Errors
//
// Whatever a call fails with is an [*Error]: tell errors apart by its Code or its Reason. The functions of gRPC's status
// package read it too, and errors.Is finds context.Canceled and context.DeadlineExceeded.
//
// # Everything else
//
// The stubs of the protos are in synthserve.dev/go/synthserve/v1; [Client.Conn] is the connection to call them over.
package synthserve

//go:generate go run ./internal/generate
