"""Pictures that a user has: folders, archives and files of pictures, read into arrays of one size.

`sources` finds the pictures and their labels, `decoding` and `sizing` make pixels of each, `collecting` puts all into
one array, and `inspection` says what was found.
"""
