package dev.synthserve;

/** How much a list of models tells of each; see {@link Client#models(ModelView)}. */
public enum ModelView {
  /** All but the categories of columns and conditions, of which only their number is given. */
  BASIC(dev.synthserve.v1.ModelView.MODEL_VIEW_BASIC),
  /**
   * With the categories, but for a model whose categories do not fit into a message: {@link
   * Client#model(String)} gives those, too.
   */
  FULL(dev.synthserve.v1.ModelView.MODEL_VIEW_FULL);

  final dev.synthserve.v1.ModelView wire;

  ModelView(dev.synthserve.v1.ModelView wire) {
    this.wire = wire;
  }
}
