"""One module per step of the schema, each following the one named in its `down_revision`."""
