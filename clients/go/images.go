package synthserve

import (
	"context"
	"iter"

	"google.golang.org/grpc"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// ImageFormat is the encoding of images. The metadata of PNG and JPEG files marks the image as synthetic, and records
// how it was made.
type ImageFormat synthservev1.ImageFormat

// The formats of images.
const (
	// PNG is lossless, 8 bits per channel.
	PNG = ImageFormat(synthservev1.ImageFormat_IMAGE_FORMAT_PNG)
	// JPEG is JFIF; see [JPEGQuality].
	JPEG = ImageFormat(synthservev1.ImageFormat_IMAGE_FORMAT_JPEG)
	// Raw is uncompressed pixels: height * width * channels bytes, rows from the top, channels last.
	Raw = ImageFormat(synthservev1.ImageFormat_IMAGE_FORMAT_RAW)
)

// Image is one generated image.
type Image struct {
	// Index is the image's index in the model's sequence.
	Index int64
	// Data is the encoded image.
	Data []byte
}

// ImageStream is a stream of images of an image model. See [Client.Images].
type ImageStream struct {
	stream[synthservev1.GenerateImagesResponse]
	info *synthservev1.ImageStreamInfo
}

// Images opens a stream of images of an image model, as [PNG] unless [Format] is given. It sends nothing before a loop
// over the stream begins; the loop also yields all errors, including those of the arguments. The context applies to the
// whole stream.
func (c *Client) Images(ctx context.Context, model string, options ...ImagesOption) *ImageStream {
	asked := request{imageFormat: synthservev1.ImageFormat(PNG)}
	for _, option := range options {
		option.images(&asked)
	}
	err := asked.check(model)
	return &ImageStream{stream: stream[synthservev1.GenerateImagesResponse]{
		ctx:     ctx,
		invalid: err,
		source: source[synthservev1.GenerateImagesResponse]{
			client: c,
			run:    newResume(asked.ask, c.policy),
			look:   imagesPart,
			start: func(
				ctx context.Context, next ask,
			) (grpc.ServerStreamingClient[synthservev1.GenerateImagesResponse], error) {
				return c.generation.GenerateImages(ctx, &synthservev1.GenerateImagesRequest{
					Model:            next.model,
					Count:            next.count,
					Seed:             next.seed,
					Offset:           next.offset,
					Conditions:       asked.conditions,
					Format:           asked.imageFormat,
					ImagesPerMessage: asked.perMessage,
					JpegQuality:      asked.jpegQuality,
				})
			},
		},
	}}
}

// Info returns the model version, the seed, the schema and the media type. It is nil before the first image.
func (s *ImageStream) Info() *synthservev1.ImageStreamInfo { return s.info }

// All yields the images one by one. A stream can be read once.
func (s *ImageStream) All() iter.Seq2[Image, error] {
	return sequence(&s.stream, func(response *synthservev1.GenerateImagesResponse, give func(Image) error) error {
		if s.info == nil {
			s.info = response.GetInfo()
		}
		for i, data := range response.GetImages() {
			if err := give(Image{response.GetFirstIndex() + int64(i), data}); err != nil {
				return err
			}
		}
		return nil
	})
}

func imagesPart(response *synthservev1.GenerateImagesResponse) part {
	result := part{first: response.GetFirstIndex(), size: int64(len(response.GetImages()))}
	if info := response.GetInfo(); info != nil {
		result.info = &head{info.GetModel(), info.GetSeed(), info.GetSchema()}
	}
	return result
}
