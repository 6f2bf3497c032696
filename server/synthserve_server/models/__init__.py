"""The models that a server has: found in the repository, loaded, replaced, unloaded."""
