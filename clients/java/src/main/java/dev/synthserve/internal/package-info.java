/** Implementation details of {@code dev.synthserve}; not part of its public API. */
package dev.synthserve.internal;
