"""A story into bytes: one pure function a file."""
