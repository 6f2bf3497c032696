"""The graph that draws rows: the network, and the way from its tokens to finished values, in ONNX."""
