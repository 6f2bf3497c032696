package main

import (
	"bytes"
	"crypto/sha256"
	"image"
	"image/color"
	"image/png"
	"testing"

	synthserve "synthserve.dev/go"
	synthservev1 "synthserve.dev/go/synthserve/v1"
)

func TestColumns(t *testing.T) {
	spec := &synthservev1.Column{Categories: []string{"a", "東"}}
	for name, c := range map[string]struct {
		column synthserve.Column
		want   []byte
	}{
		"double": {
			synthserve.Column{Doubles: []float64{1, 2}, Validity: []bool{true, false}},
			[]byte{1, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0},
		},
		"int64":    {synthserve.Column{Int64s: []int64{-2}}, []byte{1, 0xfe, 255, 255, 255, 255, 255, 255, 255}},
		"bool":     {synthserve.Column{Bools: []bool{true, false, true}, Validity: []bool{true, true, false}}, []byte{1, 1, 1, 0, 0}},
		"category": {synthserve.Column{Codes: []int32{1, 0, -1}, Validity: []bool{true, true, false}}, []byte("\x01\x03\x00\x00\x00東\x01\x01\x00\x00\x00a\x00")},
	} {
		c.column.Spec = spec
		digest := newColumnDigests([]synthserve.Column{c.column})[0]
		digest.add(&c.column)
		digest.add(&c.column)
		want := sha256.Sum256(append(bytes.Clone(c.want), c.want...))
		if got := digest.hash.Sum(nil); !bytes.Equal(got, want[:]) {
			t.Errorf("%s: got %x, want %x", name, got, want)
		}
	}
}

func TestPixels(t *testing.T) {
	size := image.Rect(0, 0, 2, 1)
	grey, colour := image.NewGray(size), image.NewRGBA(size)
	grey.SetGray(1, 0, color.Gray{7})
	colour.SetRGBA(0, 0, color.RGBA{1, 2, 3, 255})
	colour.SetRGBA(1, 0, color.RGBA{4, 5, 6, 255})
	for _, c := range []struct {
		image image.Image
		want  []byte
	}{
		{grey, []byte{0, 7}},
		{colour, []byte{1, 2, 3, 4, 5, 6}},
	} {
		var file bytes.Buffer
		if err := png.Encode(&file, c.image); err != nil {
			t.Fatal(err)
		}
		if got, err := pixels(file.Bytes()); err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("got %v, %v; want %v", got, err, c.want)
		}
	}
}
