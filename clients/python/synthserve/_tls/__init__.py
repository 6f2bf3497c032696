"""Credentials for secured connections, checked by the library that uses them."""
