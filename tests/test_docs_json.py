"""docs/json.md says what --json writes: it is made from the same dataclasses."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_page_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("json_doc", ROOT / "scripts" / "json_doc.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    assert written == module.page(), "run: python scripts/json_doc.py"
