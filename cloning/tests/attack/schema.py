"""schemathesis asks what the OpenAPI document allows, and what it does not, and holds the answers against it."""

import re
import subprocess
import sys
from pathlib import Path

from cloning.tests.attack.report import Promise, Report
from cloning.tests.attack.server import attacked
from cloning.tests.attack.sizes import Size

# Not among them: whether every valid request is accepted and every invalid one refused. A clip that the document can't
# describe decides over that, and a form has no types.
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,unsupported_method,use_after_free,ensure_resource_availability"
)


def attack(folder: Path, report: Report, size: Size) -> None:
    with attacked(folder / "schema", report) as server, report.timed("schema"):
        command = [
            str(Path(sys.executable).with_name("schemathesis")), "run", f"http://localhost:{server.port}/api/v1/openapi.json",
            "--checks", CHECKS, "--max-examples", str(size.schema_examples), "--seed", str(report.seed),
            "--continue-on-failure", "--request-timeout", "60", "--generation-database", "none", "--no-color",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
        cases = [int(count) for count in re.findall(r"(\d+) generated", done.stdout)]
        report.count("cases of schemathesis", max(cases, default=0))
        (folder / "schemathesis.txt").write_text(done.stdout + done.stderr)
        if done.returncode:
            server.fault(Promise.SHAPE, f"schemathesis: {done.stdout[-3000:]}{done.stderr[-500:]}")
        server.delete_everything()
