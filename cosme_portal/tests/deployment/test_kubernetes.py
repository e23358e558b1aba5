"""The manifests for Kubernetes name files, volumes, addresses and deployments that exist."""

import yaml
from django.urls import resolve

from cosme_portal import __version__
from cosme_portal.tests.deployment.kinds import DEPLOY, kubernetes_objects, kubernetes_pods


def test_kustomize_names_every_file():
    kustomization = yaml.safe_load((DEPLOY / "kustomization.yaml").read_text())
    resources = set(kustomization["resources"])
    assert resources == {
        f"kubernetes/{path.name}" for path in (DEPLOY / "kubernetes").glob("*.yaml")
    }
    maps = {entry["name"]: entry for entry in kustomization["configMapGenerator"]}
    for entry in maps.values():
        for name in entry.get("files", entry.get("envs")):
            assert (DEPLOY / name).exists(), name
    assert set(maps["nginx-pages"]["files"]) == {
        f"pages/{x.name}" for x in (DEPLOY / "pages").iterdir()
    }
    named = {
        volume["configMap"]["name"]
        for _name, pod in kubernetes_pods()
        for volume in pod["volumes"]
        if "configMap" in volume
    }
    assert named | {"portal"} == set(maps)
    assert kustomization["images"][0]["newTag"] == __version__


def test_every_mount_has_its_volume_and_every_container_is_confined():
    for name, pod in kubernetes_pods():
        volumes = {volume["name"] for volume in pod["volumes"]}
        assert pod["securityContext"]["runAsNonRoot"], name
        for container in pod["containers"]:
            mounted = {mount["name"] for mount in container["volumeMounts"]}
            assert mounted <= volumes, name
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"] and not security["allowPrivilegeEscalation"]
            assert security["capabilities"] == {"drop": ["ALL"]}


def test_probes_ask_what_exists_and_budgets_are_for_deployments():
    asked = set()
    for _name, pod in kubernetes_pods():
        for container in pod["containers"]:
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                asked |= paths_asked_by(container.get(probe, {}))
    assert asked and all(resolve(path) for path in asked)
    names = {name for name, _pod in kubernetes_pods()}
    budgets = [item for item in kubernetes_objects() if item["kind"] == "PodDisruptionBudget"]
    for budget in budgets:
        labels = budget["spec"]["selector"]["matchLabels"]
        assert labels["app.kubernetes.io/component"] in names
    assert {budget["metadata"]["name"] for budget in budgets} >= {"web", "worker-urgent"}


def paths_asked_by(probe):
    http = {probe["httpGet"]["path"]} if "httpGet" in probe else set()
    words = probe.get("exec", {}).get("command", [])
    return http | {word for word in words if word.startswith("/health")}
