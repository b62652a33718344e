"""The release workflow, durable: killed anywhere, it resumes and ends in one consistent state."""
