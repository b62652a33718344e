"""The clinic: a small real web application for several clinics, in good and in bad releases.

Start with `releases.py` for what differs between releases, and `app.py` for what an instance is made of.
"""
