package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"

	synthserve "synthserve.dev/go"
)

// player plays one case.
type player struct {
	testCase
	client *synthserve.Client
	pause  func() error

	samples number
	paused  bool
}

func (p *player) play() (outcome, error) {
	result, err := p.call()
	result.Case = p.Name
	if failed, ok := errors.AsType[*synthserve.Error](err); ok {
		return outcome{Case: p.Name, Samples: &p.samples, Error: failureOf(failed)}, nil
	}
	if errors.Is(err, errCancelled) {
		return outcome{Case: p.Name, Samples: &p.samples, Cancelled: true}, nil
	}
	return result, err
}

func (p *player) call() (outcome, error) {
	switch p.Call {
	case "models":
		return p.models()
	case "model":
		return p.model()
	case "images":
		return p.images()
	case "rows":
		if p.Format == "" || p.Format == "columns" {
			return p.columns()
		}
		return p.encoded()
	default:
		return outcome{}, fmt.Errorf("no such call: %q", p.Call)
	}
}

var errCancelled = errors.New("cancelled, as the case says")

// count counts received samples, and pauses or cancels at the positions that the case defines.
func (p *player) count(samples int64) error {
	p.samples += number(samples)
	if p.CancelAfter != nil && p.samples >= *p.CancelAfter {
		return errCancelled
	}
	if p.PauseAfter != nil && p.samples >= *p.PauseAfter && !p.paused {
		p.paused = true
		return p.pause()
	}
	return nil
}

// ended is the printed result of a stream that ended.
func (p *player) ended(digest hash.Hash, info interface {
	GetModel() string
	GetSeed() int64
}) outcome {
	return outcome{
		Samples: &p.samples,
		SHA256:  hex.EncodeToString(digest.Sum(nil)),
		Model:   info.GetModel(),
		Seed:    new(number(info.GetSeed())),
	}
}

func (p *player) columns() (outcome, error) {
	ctx, cancel := p.context()
	defer cancel()
	stream := p.client.Rows(ctx, p.Model, p.rowsOptions()...)
	var columns []columnDigest
	for batch, err := range stream.Batches() {
		if err != nil {
			return outcome{}, err
		}
		if columns == nil {
			columns = newColumnDigests(len(batch.Columns))
		}
		for k := range batch.Columns {
			columns[k].add(&batch.Columns[k], batch.RowCount)
		}
		if err := p.count(int64(batch.RowCount)); err != nil {
			return outcome{}, err
		}
	}
	if columns == nil {
		columns = newColumnDigests(len(stream.Info().GetSchema().GetColumns()))
	}
	digest := sha256.New()
	for k := range columns {
		digest.Write(columns[k].hash.Sum(nil))
	}
	return p.ended(digest, stream.Info()), nil
}

var encodings = map[string]synthserve.RowEncoding{
	"csv":        synthserve.CSV,
	"json_lines": synthserve.JSONLines,
	"arrow":      synthserve.Arrow,
}

func (p *player) encoded() (outcome, error) {
	ctx, cancel := p.context()
	defer cancel()
	stream := p.client.EncodedRows(ctx, p.Model, encodings[p.Format], p.rowsOptions()...)
	digest := sha256.New()
	for chunk, err := range stream.Chunks() {
		if err != nil {
			return outcome{}, err
		}
		digest.Write(chunk.Data)
		if err := p.count(chunk.RowCount); err != nil {
			return outcome{}, err
		}
	}
	return p.ended(digest, stream.Info()), nil
}

var imageFormats = map[string]synthserve.ImageFormat{
	"":     synthserve.PNG,
	"png":  synthserve.PNG,
	"jpeg": synthserve.JPEG,
	"raw":  synthserve.Raw,
}

func (p *player) images() (outcome, error) {
	ctx, cancel := p.context()
	defer cancel()
	format := imageFormats[p.Format]
	options := []synthserve.ImagesOption{synthserve.Format(format), synthserve.JPEGQuality(p.JPEGQuality)}
	for _, option := range p.streamOptions() {
		options = append(options, option)
	}
	stream := p.client.Images(ctx, p.Model, options...)
	digest := sha256.New()
	for image, err := range stream.All() {
		if err != nil {
			return outcome{}, err
		}
		data := image.Data
		if format == synthserve.PNG {
			if data, err = pixels(data); err != nil {
				return outcome{}, err
			}
		}
		digest.Write(data)
		if err := p.count(1); err != nil {
			return outcome{}, err
		}
	}
	return p.ended(digest, stream.Info()), nil
}

func (p *player) models() (outcome, error) {
	ctx, cancel := p.context()
	defer cancel()
	var names []string
	for model, err := range p.client.Models(ctx) {
		if err != nil {
			return outcome{}, err
		}
		names = append(names, model.GetVersion())
	}
	return outcome{Models: names}, nil
}

func (c testCase) streamOptions() []synthserve.StreamOption {
	options := []synthserve.StreamOption{synthserve.PerMessage(c.PerMessage)}
	if c.Count != nil {
		options = append(options, synthserve.Count(int64(*c.Count)))
	}
	if c.Seed != nil {
		options = append(options, synthserve.Seed(int64(*c.Seed)))
	}
	if c.Offset != nil {
		options = append(options, synthserve.Offset(int64(*c.Offset)))
	}
	for column, test := range c.Where {
		options = append(options, condition(column, test))
	}
	return options
}

func (c testCase) rowsOptions() []synthserve.RowsOption {
	var options []synthserve.RowsOption
	for _, option := range c.streamOptions() {
		options = append(options, option)
	}
	return options
}
