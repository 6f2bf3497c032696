package synthserve

import (
	"context"
	"io"
	"iter"

	"google.golang.org/grpc"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// RowEncoding is the file format of encoded rows.
type RowEncoding synthservev1.RowFormat

// The encodings of rows.
const (
	// CSV is RFC 4180 with a header line, LF line ends, UTF-8, with the delimiter and the formats of the schema.
	CSV = RowEncoding(synthservev1.RowFormat_ROW_FORMAT_CSV)
	// JSONLines is one JSON object per line, UTF-8.
	JSONLines = RowEncoding(synthservev1.RowFormat_ROW_FORMAT_JSON_LINES)
	// Arrow is the Arrow IPC streaming format, with categories as dictionaries.
	Arrow = RowEncoding(synthservev1.RowFormat_ROW_FORMAT_ARROW)
)

// RowStream is a stream of rows of a table model as typed values. See [Client.Rows].
type RowStream struct {
	stream[synthservev1.GenerateRowsResponse]
	info *synthservev1.RowStreamInfo
}

// Rows opens a stream of rows of a table model. It sends nothing before a loop over the stream begins; the loop also
// yields all errors, including those of the arguments. The context applies to the whole stream.
func (c *Client) Rows(ctx context.Context, model string, options ...RowsOption) *RowStream {
	return &RowStream{stream: c.rowStream(ctx, model, synthservev1.RowFormat_ROW_FORMAT_COLUMNS, options)}
}

// Info returns the model version, the seed and the schema. It is nil before the first batch.
func (s *RowStream) Info() *synthservev1.RowStreamInfo { return s.info }

// Batches yields the rows as the server sends them: in batches, column by column. A stream can be read once.
func (s *RowStream) Batches() iter.Seq2[*Batch, error] {
	return sequence(&s.stream, func(response *synthservev1.GenerateRowsResponse, give func(*Batch) error) error {
		if s.info == nil {
			s.info = response.GetInfo()
		}
		if response.GetRowCount() == 0 {
			return nil
		}
		batch, err := newBatch(response, s.info.GetSchema())
		if err != nil {
			return err
		}
		return give(batch)
	})
}

// Rows yields the rows one by one. A stream can be read once.
func (s *RowStream) Rows() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for batch, err := range s.Batches() {
			if err != nil {
				yield(Row{}, err)
				return
			}
			for i := range batch.RowCount {
				if !yield(batch.Row(i), nil) {
					return
				}
			}
		}
	}
}

// EncodedStream is a stream of rows of a table model as the bytes of a file. See [Client.EncodedRows].
type EncodedStream struct {
	stream[synthservev1.GenerateRowsResponse]
	info *synthservev1.RowStreamInfo
}

var _ io.WriterTo = (*EncodedStream)(nil)

// EncodedRows opens a stream of rows of a table model that the server encodes. Otherwise it behaves as [Client.Rows]
// does.
func (c *Client) EncodedRows(
	ctx context.Context, model string, encoding RowEncoding, options ...RowsOption,
) *EncodedStream {
	s := &EncodedStream{stream: c.rowStream(ctx, model, synthservev1.RowFormat(encoding), options)}
	if s.invalid == nil && encoding != CSV && encoding != JSONLines && encoding != Arrow {
		s.invalid = invalid("encoding", "must be CSV, JSONLines or Arrow, not %d", encoding)
	}
	return s
}

// Chunk is a piece of a file.
type Chunk struct {
	// FirstIndex is the index of the first row of the chunk.
	FirstIndex int64
	// RowCount is the number of rows in the chunk. 0 if the chunk holds only the beginning of the file.
	RowCount int64
	// Data holds the bytes; it is never empty.
	Data []byte
}

// Info returns the model version, the seed and the schema. It is nil before the first chunk.
func (s *EncodedStream) Info() *synthservev1.RowStreamInfo { return s.info }

// Chunks yields the rows as the server sends them. Concatenated, the chunks are a valid file. A stream can be read
// once.
func (s *EncodedStream) Chunks() iter.Seq2[Chunk, error] {
	return sequence(&s.stream, func(response *synthservev1.GenerateRowsResponse, give func(Chunk) error) error {
		data, encoded := response.GetRows().(*synthservev1.GenerateRowsResponse_Data)
		if response.GetRowCount() > 0 && !encoded {
			return protocolError("expected encoded rows, got columns")
		}
		if s.info == nil {
			s.info = response.GetInfo()
			if preamble := s.info.GetPreamble(); len(preamble) > 0 {
				if err := give(Chunk{FirstIndex: response.GetFirstIndex(), Data: preamble}); err != nil {
					return err
				}
			}
		}
		if !encoded || len(data.Data) == 0 {
			return nil
		}
		return give(Chunk{response.GetFirstIndex(), response.GetRowCount(), data.Data})
	})
}

// WriteTo writes the rows as a file, and returns the number of bytes written. It returns the error of the stream or of
// w; the bytes received before a stream error are written. A stream can be read once.
func (s *EncodedStream) WriteTo(w io.Writer) (int64, error) {
	var written int64
	for chunk, err := range s.Chunks() {
		if err != nil {
			return written, err
		}
		n, err := w.Write(chunk.Data)
		written += int64(n)
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

func (c *Client) rowStream(
	ctx context.Context, model string, format synthservev1.RowFormat, options []RowsOption,
) stream[synthservev1.GenerateRowsResponse] {
	var asked request
	for _, option := range options {
		option.rows(&asked)
	}
	err := asked.check(model)
	return stream[synthservev1.GenerateRowsResponse]{
		ctx:     ctx,
		invalid: err,
		source: source[synthservev1.GenerateRowsResponse]{
			client: c,
			run:    newResume(asked.ask, c.policy),
			look:   rowsPart,
			start: func(
				ctx context.Context, next ask,
			) (grpc.ServerStreamingClient[synthservev1.GenerateRowsResponse], error) {
				call, err := c.generation.GenerateRows(ctx, &synthservev1.GenerateRowsRequest{
					Model:          next.model,
					Count:          next.count,
					Seed:           next.seed,
					Offset:         next.offset,
					Conditions:     asked.conditions,
					Format:         format,
					RowsPerMessage: asked.perMessage,
				})
				return joinedCall{call}, err
			},
		},
	}
}

func rowsPart(response *synthservev1.GenerateRowsResponse) part {
	result := part{first: response.GetFirstIndex(), size: response.GetRowCount()}
	if info := response.GetInfo(); info != nil {
		result.info = &head{info.GetModel(), info.GetSeed(), info.GetSchema()}
	}
	return result
}
