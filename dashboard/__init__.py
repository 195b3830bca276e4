"""What people look at: pages, charts and words."""
