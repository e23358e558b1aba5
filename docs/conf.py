"""The documentation site: `make docs` builds it from docs/ and the pages at the top of the repository.

The repository is Sphinx's source folder, so links work here as they work where the files are read.
Any warning is an error: a link, an anchor or a file that does not exist, a page in no menu.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

project = "COSME portal"
author = "Contributors to the COSME portal"
project_copyright = f"{author}, EUPL-1.2"
language = "en"

extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**.md"]
# Folders that have no page: never walked, however large.
exclude_patterns = [path.name for path in ROOT.iterdir() if path.is_dir() and path.name != "docs"]

myst_heading_anchors = 3
nitpicky = True

html_theme = "furo"  # no font, style or script of another host
html_title = "COSME portal"
html_extra_path = ["site"]  # the first page leads to docs/
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
