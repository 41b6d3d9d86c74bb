"""Leaves out of the validation code what only its webhook client needs: grpc, OpenTelemetry and more, 4 of 10 packages.

The validation imports a package for three functions that check the URL and the certificates of a webhook. They are in
one file of it, which is copied as a package of its own.
"""

import json
import shutil
from pathlib import Path
from typing import Final

from proxiedapp_sandbox.gobuild import go

_VALIDATION: Final = "pkg/apis/apiextensions/validation/validation.go"
_WITH_CLIENT: Final = '"k8s.io/apiserver/pkg/util/webhook"'
_ALONE: Final = '"k8s.io/apiextensions-apiserver/webhook"'


def validation_only(module: Path) -> None:
    """Change the copy of the module k8s.io/apiextensions-apiserver in a folder; raises SandboxError."""
    server = json.loads(go("mod", "download", "-json", "k8s.io/apiserver", cwd=module))
    (module / "webhook").mkdir()
    shutil.copyfile(Path(server["Dir"], "pkg/util/webhook/validation.go"), module / "webhook" / "validation.go")
    file = module / _VALIDATION
    file.write_text(file.read_text().replace(_WITH_CLIENT, _ALONE))
