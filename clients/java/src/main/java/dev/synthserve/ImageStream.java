package dev.synthserve;

import com.google.protobuf.ByteString;
import dev.synthserve.v1.GenerateImagesResponse;
import dev.synthserve.v1.ImageSchema;
import java.util.ArrayList;
import java.util.List;

/** Images, one by one; see {@link Client#images}. */
public final class ImageStream extends SampleStream<Image> {
  private ImageStream(ResumingCall<?, ?, Image> call) {
    super(call);
  }

  static ImageStream open(Connection connection, ImagesRequest request) {
    var method = StreamMethod.images(request, (response, info, first) -> unpack(response));
    return new ImageStream(new ResumingCall<>(connection, method, request));
  }

  private static List<Image> unpack(GenerateImagesResponse response) {
    List<Image> images = new ArrayList<>(response.getImagesCount());
    for (ByteString data : response.getImagesList()) {
      images.add(new Image(response.getFirstIndex() + images.size(), data));
    }
    return images;
  }

  /**
   * Returns the schema of the images. Waits for the first response if necessary.
   *
   * @return height, width and channels
   * @throws SynthserveException if the stream failed before the first response
   */
  public ImageSchema schema() {
    return (ImageSchema) info().schema();
  }
}
