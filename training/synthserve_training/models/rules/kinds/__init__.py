"""The kinds of rules: for each its options in a recipe, and what makes its values."""
