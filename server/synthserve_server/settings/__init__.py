"""What the server can be told: types of settings, their file, and what is wrong with them; `config` has them all."""
