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

// columnDigest is the digest of a column's values in order. It hashes a whole batch at once: hashing single values
// would dominate the run time.
type columnDigest struct {
	hash   hash.Hash
	buffer []byte
}

func newColumnDigests(count int) []columnDigest {
	digests := make([]columnDigest, count)
	for k := range digests {
		digests[k].hash = sha256.New()
	}
	return digests
}

func (d *columnDigest) add(column *synthserve.Column, rows int) {
	d.buffer = d.buffer[:0]
	for i := range rows {
		if column.Valid(i) {
			d.buffer = append(d.buffer, 1)
			d.appendValue(column, i)
		} else {
			d.buffer = append(d.buffer, 0)
		}
	}
	d.hash.Write(d.buffer)
}

// appendValue appends the bytes of a value.
func (d *columnDigest) appendValue(column *synthserve.Column, i int) {
	switch {
	case column.Doubles != nil:
		d.append64(math.Float64bits(column.Doubles[i]))
	case column.Int64s != nil:
		d.append64(uint64(column.Int64s[i]))
	case column.Codes != nil:
		d.appendText(column.Spec.GetCategories()[column.Codes[i]])
	case column.Strings != nil:
		d.appendText(column.Strings[i])
	case column.Dates != nil:
		d.buffer = binary.LittleEndian.AppendUint32(d.buffer, uint32(column.Dates[i]))
	case column.Instants != nil:
		d.append64(uint64(column.Instants[i].UnixMicro()))
	case column.DateTimes != nil:
		d.append64(uint64(column.DateTimes[i]))
	case column.Bools[i]:
		d.buffer = append(d.buffer, 1)
	default:
		d.buffer = append(d.buffer, 0)
	}
}

func (d *columnDigest) append64(bits uint64) {
	d.buffer = binary.LittleEndian.AppendUint64(d.buffer, bits)
}

func (d *columnDigest) appendText(text string) {
	d.buffer = append(binary.LittleEndian.AppendUint32(d.buffer, uint32(len(text))), text...)
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
