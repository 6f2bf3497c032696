package synthserve

import (
	"iter"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// Batch is some rows of a stream, column by column. It is the reader's to keep.
type Batch struct {
	// FirstIndex is the index of the first row.
	FirstIndex int64
	// RowCount is how many rows there are, at least 1.
	RowCount int
	// Columns are in the order of the schema.
	Columns []Column
}

// Column is the values of one column, one for each row of a batch, in the slice of its type. The other slices are nil.
type Column struct {
	// Spec is the column's name, type, unit and so on.
	Spec *synthservev1.Column
	// Doubles are the values of a DOUBLE column.
	Doubles []float64
	// Int64s are the values of an INT64 column.
	Int64s []int64
	// Codes are the values of a CATEGORY column: indices into Spec.Categories.
	Codes []int32
	// Bools are the values of a BOOL column.
	Bools []bool
	// Validity is false where the value is missing; what stands in the other slice there means nothing. Nil: none is.
	Validity []bool
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

// Valid tells whether there is a value in row i of the batch.
func (c *Column) Valid(i int) bool { return c.Validity == nil || c.Validity[i] }

// Value returns the value in row i of the batch: a float64, int64, string (the category) or bool; nil where it is
// missing.
func (c *Column) Value(i int) any {
	switch {
	case !c.Valid(i):
		return nil
	case c.Doubles != nil:
		return c.Doubles[i]
	case c.Int64s != nil:
		return c.Int64s[i]
	case c.Codes != nil:
		return c.Spec.GetCategories()[c.Codes[i]]
	default:
		return c.Bools[i]
	}
}

// Len returns how many columns the row has.
func (r Row) Len() int { return len(r.columns) }

// Value returns the value in a column, counted from 0: a float64, int64, string (the category) or bool; nil where it is
// missing.
func (r Row) Value(column int) any { return r.columns[column].Value(r.at) }

// All gives the names of the columns and the row's values, in the order of the schema. maps.Collect makes a map of them.
func (r Row) All() iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for k := range r.columns {
			if !yield(r.columns[k].Spec.GetName(), r.Value(k)) {
				return
			}
		}
	}
}

// newBatch reads a response with rows. It fails where its columns do not fit the schema or the number of rows.
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
		column, length := newColumn(columns[k], spec)
		name := spec.GetName()
		if length < 0 {
			return nil, protocolError("column %q: expected %s, got %T", name, spec.GetType(), columns[k].GetValues())
		}
		if int64(length) != response.GetRowCount() {
			return nil, protocolError("column %q: %d values for %d rows", name, length, response.GetRowCount())
		}
		if marks := len(column.Validity); column.Validity != nil && marks != length {
			return nil, protocolError("column %q: %d validity marks for %d rows", name, marks, length)
		}
		for i, code := range column.Codes {
			if (code < 0 || int(code) >= len(spec.GetCategories())) && column.Valid(i) {
				return nil, protocolError("column %q: %d is no code of %d categories", name, code, len(spec.GetCategories()))
			}
		}
		batch.Columns[k] = column
	}
	return batch, nil
}

// newColumn returns the values of a column and how many they are; less than 0 where they are not of the column's type.
func newColumn(values *synthservev1.ColumnValues, spec *synthservev1.Column) (Column, int) {
	column := Column{Spec: spec}
	if len(values.GetValidity()) > 0 {
		column.Validity = values.GetValidity()
	}
	switch kind := values.GetValues().(type) {
	case *synthservev1.ColumnValues_Doubles:
		if spec.GetType() == synthservev1.ColumnType_COLUMN_TYPE_DOUBLE {
			column.Doubles = kind.Doubles.GetValues()
			return column, len(column.Doubles)
		}
	case *synthservev1.ColumnValues_Int64S:
		if spec.GetType() == synthservev1.ColumnType_COLUMN_TYPE_INT64 {
			column.Int64s = kind.Int64S.GetValues()
			return column, len(column.Int64s)
		}
	case *synthservev1.ColumnValues_Categories:
		if spec.GetType() == synthservev1.ColumnType_COLUMN_TYPE_CATEGORY {
			column.Codes = kind.Categories.GetCodes()
			return column, len(column.Codes)
		}
	case *synthservev1.ColumnValues_Bools:
		if spec.GetType() == synthservev1.ColumnType_COLUMN_TYPE_BOOL {
			column.Bools = kind.Bools.GetValues()
			return column, len(column.Bools)
		}
	}
	return column, -1
}
