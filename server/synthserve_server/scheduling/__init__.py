"""Who computes what when: workers, and the queue that shares them fairly."""
