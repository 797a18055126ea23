"""History of other systems, brought into our records: queue_log files, and call lists as CSV."""
