"""The autoregressive model of tables: one small softmax after the other, with any columns as evidence.

Tokens (`tokens`) are what it draws; the network (`network`) predicts each from those before it and from the evidence;
the graph (`drawing`) does both in ONNX.
"""
