"""The sections of a table's report: each computes its measurements, and describes them."""
