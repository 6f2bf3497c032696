/** What {@code dev.synthserve} is made of, and no part of what it offers. */
package dev.synthserve.internal;
