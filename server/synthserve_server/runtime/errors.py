"""What can go wrong in the computing core."""


class RuntimeFailureError(Exception):
    """The root of the runtime's exceptions."""


class CancelledWorkError(RuntimeFailureError):
    """The work was given up because nobody waits for its result."""


class GraphError(RuntimeFailureError):
    """A graph cannot be loaded or run, or gives what its manifest does not allow; the message is one sentence."""


class GraphInputError(GraphError):
    """A graph cannot be run with the values of its inputs; the message is one sentence."""


class ProviderError(RuntimeFailureError):
    """The provider that was asked for is not there; the message says why."""
