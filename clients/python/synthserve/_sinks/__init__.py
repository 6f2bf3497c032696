"""What becomes of the samples of a stream: tables, data frames, files, pictures."""
