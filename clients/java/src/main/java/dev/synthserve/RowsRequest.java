package dev.synthserve;

/** A request for {@link Client#rows} and {@link Client#encodedRows}. */
public final class RowsRequest extends StreamRequest {
  final int rowsPerMessage;

  private RowsRequest(Builder builder) {
    super(builder);
    rowsPerMessage = builder.rowsPerMessage;
  }

  /**
   * Begins a request for rows.
   *
   * @param model {@code iris-vae} (the newest version that is ready), {@code iris-vae@2} (that
   *     version) or a full resource name ({@code models/iris-vae/versions/2})
   * @return a builder
   * @throws SynthserveException with {@code INVALID_ARGUMENT} if the name has none of these forms
   */
  public static Builder builder(String model) {
    return new Builder(model);
  }

  /** Builds a {@link RowsRequest}. */
  public static final class Builder extends StreamRequest.Builder<Builder> {
    private int rowsPerMessage;

    private Builder(String model) {
      super(model);
    }

    @Override
    Builder self() {
      return this;
    }

    /**
     * Sets a hint for the number of rows per message. It never changes the rows.
     *
     * @param rows at least 1, or 0 (the default): the server chooses
     * @return this builder
     */
    public Builder rowsPerMessage(int rows) {
      rowsPerMessage = rows;
      return this;
    }

    /**
     * Builds the request.
     *
     * @return the request
     */
    public RowsRequest build() {
      return new RowsRequest(this);
    }
  }
}
