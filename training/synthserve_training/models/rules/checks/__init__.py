"""Numbers with check digits: how they are computed, a table of formats, and the graph that makes them."""
