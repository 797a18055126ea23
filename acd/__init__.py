"""A call centre in a box: automatic call distribution and IVR on top of Asterisk."""

from acd import compiled

__version__ = "0.1.0"

compiled.install()
