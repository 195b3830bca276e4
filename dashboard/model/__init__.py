"""The Model page: one file for each section."""
