"""The rules: each reads a Moment and yields Findings. One plug-in a harm."""
