"""Schedules the computing: worker threads, and the queue that shares them fairly."""
