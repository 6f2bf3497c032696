package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"image"
	"image/png"
	"math"

	synthserve "synthserve.dev/go"
)

// columnDigest is the digest of a column's values in order. It is given a whole batch at once, as hashing single values
// would take most of the time.
type columnDigest struct {
	hash       hash.Hash
	buffer     []byte
	categories [][]byte // how each is written
}

func newColumnDigests(columns []synthserve.Column) []columnDigest {
	digests := make([]columnDigest, len(columns))
	for k, column := range columns {
		digests[k].hash = sha256.New()
		for _, category := range column.Spec.GetCategories() {
			written := binary.LittleEndian.AppendUint32([]byte{1}, uint32(len(category)))
			digests[k].categories = append(digests[k].categories, append(written, category...))
		}
	}
	return digests
}

func (d *columnDigest) add(column *synthserve.Column) {
	d.buffer = d.buffer[:0]
	switch {
	case column.Doubles != nil:
		for i, value := range column.Doubles {
			d.add64(column.Valid(i), math.Float64bits(value))
		}
	case column.Int64s != nil:
		for i, value := range column.Int64s {
			d.add64(column.Valid(i), uint64(value))
		}
	case column.Codes != nil:
		for i, code := range column.Codes {
			if column.Valid(i) {
				d.buffer = append(d.buffer, d.categories[code]...)
			} else {
				d.buffer = append(d.buffer, 0)
			}
		}
	default:
		for i, value := range column.Bools {
			switch {
			case !column.Valid(i):
				d.buffer = append(d.buffer, 0)
			case value:
				d.buffer = append(d.buffer, 1, 1)
			default:
				d.buffer = append(d.buffer, 1, 0)
			}
		}
	}
	d.hash.Write(d.buffer)
}

func (d *columnDigest) add64(valid bool, bits uint64) {
	if valid {
		d.buffer = binary.LittleEndian.AppendUint64(append(d.buffer, 1), bits)
	} else {
		d.buffer = append(d.buffer, 0)
	}
}

// pixels decodes a PNG: rows from the top, channels last.
func pixels(data []byte) ([]byte, error) {
	decoded, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	switch decoded := decoded.(type) {
	case *image.Gray:
		return decoded.Pix, nil
	case *image.RGBA:
		rgb := make([]byte, 0, len(decoded.Pix)/4*3)
		for i := 0; i < len(decoded.Pix); i += 4 {
			rgb = append(rgb, decoded.Pix[i:i+3]...)
		}
		return rgb, nil
	default:
		return nil, fmt.Errorf("a PNG with pixels of type %T", decoded)
	}
}
