"""Tables that users bring: how they are read, what their columns are, and the model that learns them."""
