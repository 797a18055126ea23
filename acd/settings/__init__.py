"""The configuration: YAML files → checked objects, with every mistake reported at once."""
