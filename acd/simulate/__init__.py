"""What can be known before the day: staffing by formula."""
