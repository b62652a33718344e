"""The clinic, a small real application, and the story that the demo tells with it."""
