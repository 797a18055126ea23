"""Records: what happened in calls and to agents, kept in SQL, counted in reports, told as stories."""
