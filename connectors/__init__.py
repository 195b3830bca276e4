"""Where data comes from: one engine per kind of source, read-only; joins live in ``sql``."""
