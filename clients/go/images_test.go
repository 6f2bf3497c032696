package synthserve

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

func TestImagesAcrossBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls []*imagesRequest
		client := connect(t, &fake{images: func(request *imagesRequest, stream imagesServer) error {
			calls = append(calls, request)
			response := &synthservev1.GenerateImagesResponse{
				Info:       &synthservev1.ImageStreamInfo{Model: version, Seed: request.GetSeed(), MediaType: "image/jpeg"},
				FirstIndex: request.GetOffset(),
			}
			for i := range min(request.GetCount(), 3) {
				response.Images = append(response.Images, fmt.Appendf(nil, "image %d", request.GetOffset()+i))
			}
			if err := stream.Send(response); err != nil || request.GetCount() <= 3 {
				return err
			}
			return status.Error(codes.Unavailable, "going down")
		}})
		stream := client.Images(
			t.Context(), "numbers@3", Count(5), Seed(7), Offset(10), Where("a", "b"), PerMessage(3), Format(JPEG), JPEGQuality(80),
		)
		var read []string
		for image, err := range stream.All() {
			if err != nil {
				t.Fatal(err)
			}
			if string(image.Data) != fmt.Sprintf("image %d", image.Index) {
				t.Errorf("%q has the index %d", image.Data, image.Index)
			}
			read = append(read, string(image.Data))
		}
		if want := []string{"image 10", "image 11", "image 12", "image 13", "image 14"}; !slices.Equal(read, want) {
			t.Errorf("got %v", read)
		}
		if len(calls) != 2 || calls[1].GetOffset() != 13 || calls[1].GetCount() != 2 {
			t.Errorf("the calls are %v", calls)
		}
		for _, call := range calls {
			if call.GetModel() != version || call.GetSeed() != 7 || call.GetConditions()[0].GetEquals() != "b" ||
				call.GetImagesPerMessage() != 3 || call.GetJpegQuality() != 80 ||
				call.GetFormat() != synthservev1.ImageFormat_IMAGE_FORMAT_JPEG {
				t.Errorf("asked for %v", call)
			}
		}
		if stream.Info().GetMediaType() != "image/jpeg" {
			t.Errorf("info is %v", stream.Info())
		}
	})
}
