"""The outputs of a stream: tables, data frames, files, pictures."""
