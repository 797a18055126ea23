"""IVR flows, pure: the schema of a flow and the machine that walks one caller through it."""
