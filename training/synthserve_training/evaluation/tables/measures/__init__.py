"""What is measured of tables: numbers from frames, without a word about them."""
