"""The settings of the server: `groups` declares them, `settings` reads and checks them."""
