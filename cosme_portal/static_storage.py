"""Static files under names that hold a hash of their content, so that browsers may cache them without limit.

The portal's scripts import each other by relative addresses, which get the hashed names too. Django can do
this for every script (`support_js_module_import_aggregation`), but fails on files of others whose imports
lead nowhere.
"""

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

_IMPORT = r'(?P<matched>(?P<keyword>\bfrom|\bimport) "(?P<url>\./[\w-]+\.js)";)'
_PATTERNS = (
    *ManifestStaticFilesStorage.patterns,
    ("js/*.js", ((_IMPORT, '%(keyword)s "%(url)s";'),)),
)


class ModuleStorage(ManifestStaticFilesStorage):
    patterns = _PATTERNS


class CompressedModuleStorage(CompressedManifestStaticFilesStorage):
    patterns = _PATTERNS
