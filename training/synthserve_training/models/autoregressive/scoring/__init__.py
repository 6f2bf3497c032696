"""The graph that scores rows: the probability with which the network draws them, in ONNX.

A row becomes the tokens that it would be drawn as. Each head sees those before its own, so no head waits for another.
The score of a column is the natural logarithm of the probability of its value given the columns that are drawn before
it: that of its tokens, and of one lattice point among those of its cell. The sum over the columns is the score of the
row. Constraints restrict the values as they do in the drawing. So the probabilities of all rows that can be drawn add
up to 1. A column that follows from others, as a formula says, has no score and is no part of the row.

A value that is never drawn would score minus infinity: too few training rows have it, or a constraint forbids it beside
the values of the columns before. It gets a floor instead, which is no part of that sum: the share of the training rows
with values in this column that are never drawn. Numbers share it with all others of their kind, evenly within the range
of the data and less and less outside; see `scoring.numbers`. Later columns see the value as the network saw such values
in training, and are scored without constraints: what these leave beside such a value is not defined.
"""
