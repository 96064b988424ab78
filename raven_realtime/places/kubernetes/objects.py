"""All objects of a cluster that are known, and who leads to whom among them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields

from raven_realtime.places.kubernetes.workloads import Autoscaler, Container, Variable, Workload
from raven_realtime.proxies.ingress.objects import ConfigMap, Resources, Service, ServicePort, Text
from raven_realtime.proxies.record import record


@record
class Objects(Resources):
    """The objects of one or several manifests."""

    workloads: tuple[Workload, ...] = ()
    autoscalers: tuple[Autoscaler, ...] = ()

    def workloads_of(self, service: Service) -> tuple[Workload, ...]:
        """Return what runs the pods that a Service leads to: those that have all labels of its selector.

        https://kubernetes.io/docs/concepts/services-networking/service/: a Service without a selector leads to none.
        """
        if not service.selector:
            return ()
        chosen = [
            workload
            for workload in self.workloads
            if _same_space(service.meta.namespace, workload.meta.namespace)
            and all(workload.labels.get(name) == value for name, value in service.selector.items())
        ]
        makers = [workload for workload in chosen if not workload.owned]
        return tuple(makers or [workload for workload in chosen if workload.meta.kind == "Pod"] or chosen)

    def autoscaler_of(self, workload: Workload) -> Autoscaler | None:
        """Return what scales a workload."""
        return next(
            (
                scaler
                for scaler in self.autoscalers
                if scaler.target == workload.meta.name
                and scaler.kind in ("", workload.meta.kind)
                and _same_space(scaler.meta.namespace, workload.meta.namespace)
            ),
            None,
        )

    def replicas(self, workload: Workload) -> int | None:
        """Return how many pods a workload may have: an autoscaler's most, or its own number.

        Returns:
            None for a DaemonSet: one on each node.
        """
        if workload.meta.kind == "DaemonSet":
            return None
        scaler = self.autoscaler_of(workload)
        # 0 switches a workload off, and its autoscaler with it
        return (
            scaler.most if scaler and not (workload.replicas_location and workload.replicas == 0) else workload.replicas
        )

    def replicas_of(self, service: Service) -> int | None:
        """Return how many pods a Service may lead to; None where that is not known (no pods, or one on each node)."""
        workloads = self.workloads_of(service)
        counts = [self.replicas(workload) for workload in workloads]
        return sum(count for count in counts if count is not None) if workloads and None not in counts else None

    def target_port(self, service: Service, port: ServicePort) -> int | None:
        """Return the port of the pods that a Service's port leads to; None where its name is no container's port."""
        if not port.target:
            return port.port
        if re.fullmatch("[0-9]{1,5}", port.target):
            return int(port.target)
        for workload in self.workloads_of(service):
            for container in workload.containers:
                for known in container.ports:
                    if known.name == port.target:
                        return known.number
        return None

    def container_of(self, service: Service, port: ServicePort) -> tuple[Workload, Container] | None:
        """Return the container that answers on a Service's port: the one that names the port, or the only one."""
        number = self.target_port(service, port)
        for workload in self.workloads_of(service):
            for container in workload.containers:
                if any(known.number == number for known in container.ports):
                    return workload, container
        for workload in self.workloads_of(service):
            if len(workload.containers) == 1:
                return workload, workload.containers[0]
        return None

    def resolve(self, address: str, namespace: str = "") -> tuple[Service, ServicePort | None] | None:
        """Find the Service that an address means from within the cluster.

        Args:
            address: ``NAME[.NAMESPACE[.svc[.cluster.local]]][:PORT]``.
            namespace: Of who asks.

        Returns:
            The Service and its port (None where it has no such port, or none was given); None for another host.

        https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
        """
        host, _, port = address.lower().rstrip(".").partition(":")
        labels = re.sub(r"\.svc(\.[a-z0-9.-]+)?\Z", "", host.rstrip(".")).split(".")
        if len(labels) > 3:
            return None
        if len(labels) == 3:
            labels = labels[1:]  # one pod of a headless Service
        service = self.service(labels[0], labels[1] if len(labels) > 1 else namespace)
        if service is None or (len(labels) > 1 and service.meta.namespace not in ("", labels[1])):
            return None
        number = int(port) if re.fullmatch("[0-9]{1,5}", port) else None
        return service, service.port(number) if number is not None else None

    def config_map(self, name: str, namespace: str = "") -> ConfigMap | None:
        """Find a ConfigMap."""
        return next(
            (
                found
                for found in self.config_maps
                if found.meta.name == name and _same_space(found.meta.namespace, namespace)
            ),
            None,
        )

    def environment(self, workload: Workload, container: Container) -> dict[str, Text]:
        """Return the variables of a container whose values are known, those of ConfigMaps among them."""
        found: dict[str, Text] = {}
        for name in container.env_from:
            if known := self.config_map(name, workload.meta.namespace):
                found |= known.data
        for variable in container.env:
            if value := self._value(variable, workload.meta.namespace):
                found[variable.name] = value
            else:
                found.pop(variable.name, None)
        return found

    def _value(self, variable: Variable, namespace: str) -> Text | None:
        if not variable.known:
            return None
        if not variable.config_map:
            return Text(variable.value, variable.location)
        known = self.config_map(variable.config_map, namespace)
        return known.data.get(variable.key) if known else None

    def files(self, workload: Workload, container: Container) -> dict[str, Text]:
        """Return the files that ConfigMaps put into a container, by their paths there."""
        found: dict[str, Text] = {}
        for mount in container.mounts:
            known = self.config_map(mount.config_map, workload.meta.namespace)
            for key, value in known.data.items() if known else ():
                name = mount.keys.get(key, "") if mount.keys else key
                if mount.sub_path and name == mount.sub_path:
                    found[mount.path] = value
                elif name and not mount.sub_path:
                    found[f"{mount.path.rstrip('/')}/{name}"] = value
        return found


def _same_space(one: str, other: str) -> bool:
    """Tell whether two namespaces are the same; one that is not written fits any."""
    return one == other or not one or not other


def merged(parts: Iterable[Objects]) -> Objects:
    """Put the objects of several files together; the first of a kind, name and namespace counts."""
    known = list(parts)
    together: dict[str, tuple[object, ...]] = {}
    for field in fields(Objects):
        seen: dict[tuple[str, str, str], object] = {}
        for part in known:
            for item in getattr(part, field.name):
                seen.setdefault((item.meta.kind, item.meta.name, item.meta.namespace), item)
        together[field.name] = tuple(seen.values())
    return Objects(**together)  # type: ignore[arg-type]
