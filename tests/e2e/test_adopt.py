"""The steps that `proxiedapp adopt` prints switch from plain objects to a ProxiedApp without a lost request."""

import os
import subprocess
from pathlib import Path

from tests.support.load import load
from tests.support.sandbox import TIMEOUT, Sandbox, eventually, proxiedapp

PLAIN = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: orders, namespace: {space}}}
spec:
  selector: {{matchLabels: {{app: orders}}}}
  template:
    metadata: {{labels: {{app: orders}}}}
    spec:
      containers:
        - name: web
          image: sandbox.local/hello:1
          command: [fastapi, run, main.py, --port=8000, --root-path=/api/v1]
          ports: [{{name: http, containerPort: 8000}}]
          readinessProbe: {{httpGet: {{path: /healthz, port: http}}, periodSeconds: 1}}
---
apiVersion: v1
kind: Service
metadata: {{name: orders, namespace: {space}}}
spec: {{selector: {{app: orders}}, ports: [{{name: http, port: 80, targetPort: http}}]}}
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {{name: strip, namespace: {space}}}
spec: {{stripPrefix: {{prefixes: [/api/v1]}}}}
---
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: {{name: orders, namespace: {space}}}
spec:
  entryPoints: [web]
  routes:
    - kind: Rule
      match: Host(`orders.{space}.test`) && (Path(`/api/v1`) || PathPrefix(`/api/v1/`))
      middlewares: [{{name: strip}}]
      services: [{{name: orders, port: 80}}]
"""


def test_switch_loses_no_request(sandbox: Sandbox, namespace: str, tmp_path: Path) -> None:
    sandbox.kubectl("apply", "-f", "-", stdin=PLAIN.format(space=namespace))
    sandbox.kubectl("rollout", "status", "deployment/orders", "-n", namespace, f"--timeout={TIMEOUT}")
    host = f"orders.{namespace}.test"
    ask = ["curl", "-so", "/dev/null", "-w", "%{http_code}", "-H", f"Host: {host}", f"{sandbox.http_url}/api/v1/app"]
    eventually(
        lambda: subprocess.run(ask, capture_output=True, text=True, check=False).stdout == "200", "the old route"
    )

    kubectl = Path(sandbox.state["kubectl"]).parent
    env = {"KUBECONFIG": str(sandbox.folder / "admin.kubeconfig"), "PATH": f"{kubectl}:{os.environ['PATH']}"}
    adopted = proxiedapp("adopt", "orders", "-n", namespace, env=env)
    assert adopted.returncode == 0, adopted.stderr
    (tmp_path / "orders-app.yaml").write_text(adopted.stdout)
    (tmp_path / "steps.sh").write_text(f"set -e\n{adopted.stderr.partition('# The switch')[2]}")
    with load(tmp_path, sandbox.http_url, host, "/api/v1/app", rate=100) as running:
        done = subprocess.run(
            ["sh", "steps.sh"], cwd=tmp_path, env=os.environ | env, capture_output=True, text=True, check=False
        )
        eventually(lambda: len(sandbox.names("pods", namespace)) == 1, "no pod of the trial or of the old app is left")
    assert done.returncode == 0, done.stdout + done.stderr
    assert running.failed == []
    roots = [answer.body["root_path"] for answer in running.to("/api/v1/app")]
    assert set(roots) <= {"/api/v1", "/next/api/v1"}  # that of the trial, until the rollout to the old prefix has ended
    assert (roots[0], roots[-1]) == ("/api/v1", "/api/v1")
    assert sandbox.names("deployments", namespace) == {"deployment.apps/orders-app"}
