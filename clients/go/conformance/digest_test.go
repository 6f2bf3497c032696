package main

import (
	"bytes"
	"crypto/sha256"
	"image"
	"image/color"
	"image/png"
	"testing"
	"time"

	synthserve "synthserve.dev/go"
	synthservev1 "synthserve.dev/go/synthserve/v1"
)

func TestColumns(t *testing.T) {
	spec := &synthservev1.Column{Categories: []string{"a", "東"}}
	for name, c := range map[string]struct {
		column   synthserve.Column
		validity []bool
		want     string
	}{
		"double":        {synthserve.Column{Doubles: []float64{1, 2}}, []bool{true, false}, "\x01\x00\x00\x00\x00\x00\x00\xf0\x3f\x00"},
		"int64":         {synthserve.Column{Int64s: []int64{-2}}, []bool{true}, "\x01\xfe\xff\xff\xff\xff\xff\xff\xff"},
		"bool":          {synthserve.Column{Bools: []bool{true, false, true}}, []bool{true, true, false}, "\x01\x01\x01\x00\x00"},
		"category":      {synthserve.Column{Codes: []int32{1, 0, -1}}, []bool{true, true, false}, "\x01\x03\x00\x00\x00東\x01\x01\x00\x00\x00a\x00"},
		"string":        {synthserve.Column{Strings: []string{"", "東", ""}}, []bool{true, true, false}, "\x01\x00\x00\x00\x00\x01\x03\x00\x00\x00東\x00"},
		"date":          {synthserve.Column{Dates: []synthserve.Date{-2, 0}}, []bool{true, false}, "\x01\xfe\xff\xff\xff\x00"},
		"timestamp_utc": {synthserve.Column{Instants: []time.Time{time.UnixMicro(258), {}}}, []bool{true, false}, "\x01\x02\x01\x00\x00\x00\x00\x00\x00\x00"},
		"timestamp":     {synthserve.Column{DateTimes: []synthserve.DateTime{-2, 0}}, []bool{true, false}, "\x01\xfe\xff\xff\xff\xff\xff\xff\xff\x00"},
	} {
		c.column.Spec, c.column.Validity = spec, c.validity
		digest := newColumnDigests(1)[0]
		digest.add(&c.column, len(c.validity))
		digest.add(&c.column, len(c.validity))
		want := sha256.Sum256([]byte(c.want + c.want))
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
