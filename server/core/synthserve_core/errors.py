"""The errors of reading and running packages."""


class CoreError(Exception):
    """The root of the exceptions of this distribution."""


class ManifestError(CoreError):
    """A manifest cannot be used; the message says why in one sentence."""


class CancelledWorkError(CoreError):
    """The work was cancelled because its result is no longer wanted."""


class GraphError(CoreError):
    """A graph cannot be loaded or run, or its output violates its manifest; the message is one sentence."""


class GraphInputError(GraphError):
    """A graph cannot be run with these input values; the message is one sentence."""


class RefusedConditionsError(GraphInputError):
    """The graph refuses the conditions: no sample fulfils them. The text says why."""


class ProviderError(CoreError):
    """The requested provider is not available; the message says why."""
