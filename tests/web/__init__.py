"""The pages that the controller serves."""
