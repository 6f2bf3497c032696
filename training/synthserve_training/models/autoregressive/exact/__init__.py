"""The network in whole numbers: the same bits on every machine, in every batch.

Weights and activations are whole numbers of 8 bits, embeddings of 16, with scales that are powers of two. They are
stored as float32, in which sums of whole numbers below 2^24 are exact in any order. Codes are drawn by whole weights of
a table, so that no exponential is computed either. A trained network becomes such a one by rounding (`quantising`).
"""
