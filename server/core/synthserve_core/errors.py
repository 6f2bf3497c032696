"""What can go wrong while a package is read or run."""


class CoreError(Exception):
    """The root of the exceptions of this distribution."""


class ManifestError(CoreError):
    """A manifest cannot be used; the message says why in one sentence."""


class CancelledWorkError(CoreError):
    """The work was given up because its result is no longer wanted."""


class GraphError(CoreError):
    """A graph cannot be loaded or run, or gives what its manifest does not allow; the message is one sentence."""


class GraphInputError(GraphError):
    """A graph cannot be run with the values of its inputs; the message is one sentence."""


class ProviderError(CoreError):
    """The provider that was asked for is not there; the message says why."""
