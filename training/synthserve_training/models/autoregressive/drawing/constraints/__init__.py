"""What holds in every row, in the graph that draws them."""
