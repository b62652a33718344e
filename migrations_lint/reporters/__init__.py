"""Reports in the shapes that people and tools read. One plug-in a shape."""
