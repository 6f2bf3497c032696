package dev.synthserve;

import java.util.Objects;

/** A request for {@link Client#images}. */
public final class ImagesRequest extends StreamRequest {
  final ImageFormat format;
  final int jpegQuality;
  final int imagesPerMessage;

  private ImagesRequest(Builder builder) {
    super(builder);
    format = builder.format;
    jpegQuality = builder.jpegQuality;
    imagesPerMessage = builder.imagesPerMessage;
  }

  /**
   * Begins a request for images.
   *
   * @param model {@code mnist-dcgan} (the newest version that is ready), {@code mnist-dcgan@2}
   *     (that version) or a full resource name ({@code models/mnist-dcgan/versions/2})
   * @return a builder
   * @throws SynthserveException with {@code INVALID_ARGUMENT} if the name has none of these forms
   */
  public static Builder builder(String model) {
    return new Builder(model);
  }

  /** Builds an {@link ImagesRequest}. */
  public static final class Builder extends StreamRequest.Builder<Builder> {
    private ImageFormat format = ImageFormat.PNG;
    private int jpegQuality;
    private int imagesPerMessage;

    private Builder(String model) {
      super(model);
    }

    @Override
    Builder self() {
      return this;
    }

    /**
     * Sets the encoding of images.
     *
     * @param format the format, by default {@link ImageFormat#PNG}
     * @return this builder
     */
    public Builder format(ImageFormat format) {
      this.format = Objects.requireNonNull(format, "format");
      return this;
    }

    /**
     * Sets the quality of JPEG images. Only for {@link ImageFormat#JPEG}.
     *
     * @param quality from 1 to 100, or 0 (the default): 95
     * @return this builder
     */
    public Builder jpegQuality(int quality) {
      jpegQuality = quality;
      return this;
    }

    /**
     * Sets a hint for the number of images per message. It never changes the images.
     *
     * @param images at least 1, or 0 (the default): the server chooses
     * @return this builder
     */
    public Builder imagesPerMessage(int images) {
      imagesPerMessage = images;
      return this;
    }

    /**
     * Builds the request.
     *
     * @return the request
     */
    public ImagesRequest build() {
      return new ImagesRequest(this);
    }
  }
}
