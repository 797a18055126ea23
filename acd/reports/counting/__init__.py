"""From rows to measures: which row counts what, in which interval and under which key. Pure."""
