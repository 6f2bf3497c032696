package synthserve

import (
	"iter"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// Batch holds consecutive rows of a stream, column by column. The package does not reuse its memory.
type Batch struct {
	// FirstIndex is the index of the first row.
	FirstIndex int64
	// RowCount is the number of rows, at least 1.
	RowCount int
	// Columns are in the order of the schema.
	Columns []Column
}

// Row is one row of a batch.
type Row struct {
	// Index is the row's index in the model's sequence.
	Index int64

	columns []Column
	at      int
}

// Row returns the row at position i of the batch, from 0.
func (b *Batch) Row(i int) Row { return Row{b.FirstIndex + int64(i), b.Columns, i} }

// Len returns the number of columns.
func (r Row) Len() int { return len(r.columns) }

// Value returns the value in a column, counted from 0, as [Column.Value] does; nil where it is missing.
func (r Row) Value(column int) any { return r.columns[column].Value(r.at) }

// All yields column names and values, in the order of the schema. maps.Collect turns them into a map.
func (r Row) All() iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for k := range r.columns {
			if !yield(r.columns[k].Spec.GetName(), r.Value(k)) {
				return
			}
		}
	}
}

// newBatch reads a response with rows. It fails if the columns do not match the schema or the number of rows.
func newBatch(response *synthservev1.GenerateRowsResponse, schema *synthservev1.TableSchema) (*Batch, error) {
	specs, columns := schema.GetColumns(), response.GetColumns().GetColumns()
	if len(columns) != len(specs) {
		return nil, protocolError("expected %d columns, got %d", len(specs), len(columns))
	}
	batch := &Batch{
		FirstIndex: response.GetFirstIndex(),
		RowCount:   int(response.GetRowCount()),
		Columns:    make([]Column, len(specs)),
	}
	for k, spec := range specs {
		column, err := newColumn(columns[k], spec, batch.RowCount)
		if err != nil {
			return nil, protocolError("column %q: %s", spec.GetName(), err)
		}
		batch.Columns[k] = column
	}
	return batch, nil
}
