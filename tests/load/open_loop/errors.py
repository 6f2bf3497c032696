"""What keeps a load test from being made. Each is told in one line."""


class LoadError(Exception):
    """The base of them."""


class ProfileError(LoadError):
    """A profile cannot be read, or a field of it has a value that is not allowed."""


class TargetError(LoadError):
    """The target must not be loaded, does not answer, or does not do what the profile asks for."""
