"""What holds in every row of a table: declared in a recipe, checked on training rows, proposed where it holds."""
