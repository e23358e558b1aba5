"""Processes of the portal as `deploy/` describes them for systemd, Compose and Kubernetes."""

import re
import shlex
from itertools import pairwise
from pathlib import Path

import yaml
from gunicorn.config import Config

from cosme_portal.settings import ROOT

DEPLOY = ROOT / "deploy"
HOME = "/opt/portal/"  # where the portal is on a server and in the image


class Service:
    """A process as one kind describes it: its command line, variables, and seconds to stop."""

    def __init__(self, name, command, environment, *, stop_seconds=None):
        self.name, self.stop_seconds = name, stop_seconds
        self.environment = environment
        words = command if isinstance(command, list) else shlex.split(command)
        self.words = [self.expanded(word).removeprefix(f"{HOME}.venv/bin/") for word in words]

    def expanded(self, word):
        return re.sub(r"\$\{(\w+)\}", lambda match: self.environment[match[1]], word)

    def __repr__(self):
        return self.name

    @property
    def program(self):
        return self.words[0]

    def option(self, name):
        return next((value for word, value in pairwise(self.words) if word == name), None)

    @property
    def queues(self):
        is_worker = self.program == "celery" and "worker" in self.words
        return (self.option("--queues") or "").split(",") if is_worker else []


def read_env(path):
    """As systemd, a shell and kustomize read it."""
    lines = [line for line in path.read_text().splitlines() if line and line[0] != "#"]
    return {
        name: " ".join(shlex.split(value)) for name, _eq, value in (x.partition("=") for x in lines)
    }


def read_unit(path, instance=""):
    """The lines of a unit by section and name: a name may come several times."""
    text = path.read_text().replace("%i", instance).replace("%%", "%")
    sections, section = {}, {}
    for line in text.splitlines():
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            name, _equals, value = line.partition("=")
            section.setdefault(name, []).append(value)
    return sections


def systemd_services():
    wanted = " ".join(read_unit(DEPLOY / "systemd" / "portal.target")["Unit"]["Wants"]).split()
    for unit in wanted:
        name, _dot, kind = unit.rpartition(".")
        template, at, instance = name.partition("@")
        if kind == "service":
            yield systemd_service(f"{template}{at}.service", instance)
        else:
            yield systemd_service(f"{name}.service")


def systemd_service(file, instance=""):
    service = read_unit(DEPLOY / "systemd" / file, instance)["Service"]
    (environment_file,) = service["EnvironmentFile"]
    environment = read_env(DEPLOY / "systemd" / Path(environment_file).name)
    environment |= dict(line.split("=", 1) for line in service["Environment"])
    (command,) = service["ExecStart"]
    stop = int(service["TimeoutStopSec"][0]) if "TimeoutStopSec" in service else None
    return Service(file.replace("@", f"@{instance}"), command, environment, stop_seconds=stop)


def read_compose():
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def compose_services():
    for name, service in read_compose()["services"].items():
        if service["image"] == "cosme-portal":
            grace = int(service.get("stop_grace_period", "0s").removesuffix("s"))
            yield Service(name, service["command"], service["environment"], stop_seconds=grace)


def kubernetes_objects():
    for file in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        yield from yaml.safe_load_all(file.read_text())


def kubernetes_pods():
    for item in kubernetes_objects():
        if item["kind"] in {"Deployment", "Job"}:
            yield item["metadata"]["name"], item["spec"]["template"]["spec"]


def kubernetes_services():
    shared = read_env_of_kustomize()
    for name, pod in kubernetes_pods():
        for container in pod["containers"]:
            if container["image"] == "cosme-portal":
                own = {entry["name"]: entry["value"] for entry in container.get("env", ())}
                grace = pod.get("terminationGracePeriodSeconds")
                yield Service(name, container["command"], shared | own, stop_seconds=grace)


def read_env_of_kustomize():
    lines = (DEPLOY / "kubernetes" / "portal.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line)


KINDS = {
    "systemd": list(systemd_services()),
    "compose": list(compose_services()),
    "kubernetes": list(kubernetes_services()),
}


def gunicorn_settings(service):
    """What gunicorn makes of its command line, and of the file that it names."""
    parsed = Config().parser().parse_args(service.words[1:])
    values = {}
    exec((ROOT / parsed.config).read_text(), values)  # noqa: S102 -- as gunicorn does, our own file
    return values
