package dev.synthserve;

/** The detail of each model in a list; see {@link Client#models(ModelView)}. */
public enum ModelView {
  /** Everything except the categories of columns and conditions; only their number is given. */
  BASIC(dev.synthserve.v1.ModelView.MODEL_VIEW_BASIC),
  /**
   * With the categories, except for a model whose categories do not fit into a message; {@link
   * Client#model(String)} returns them.
   */
  FULL(dev.synthserve.v1.ModelView.MODEL_VIEW_FULL);

  final dev.synthserve.v1.ModelView wire;

  ModelView(dev.synthserve.v1.ModelView wire) {
    this.wire = wire;
  }
}
