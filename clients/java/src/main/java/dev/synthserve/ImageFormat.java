package dev.synthserve;

/** The encoding of images; see {@link ImagesRequest.Builder#format}. */
public enum ImageFormat {
  /** PNG, lossless, 8 bits per channel. */
  PNG(dev.synthserve.v1.ImageFormat.IMAGE_FORMAT_PNG),
  /** JPEG (JFIF). */
  JPEG(dev.synthserve.v1.ImageFormat.IMAGE_FORMAT_JPEG),
  /** Uncompressed pixels: height * width * channels bytes, rows from the top, channels last. */
  RAW(dev.synthserve.v1.ImageFormat.IMAGE_FORMAT_RAW);

  final dev.synthserve.v1.ImageFormat wire;

  ImageFormat(dev.synthserve.v1.ImageFormat wire) {
    this.wire = wire;
  }
}
