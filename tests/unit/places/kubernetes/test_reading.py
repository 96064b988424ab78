"""Manifests in all the shapes that they come in."""

from __future__ import annotations

import contextlib
import json

import pytest

from raven_realtime.places.kubernetes import is_manifest, is_template, read
from raven_realtime.proxies.unreadable import Unreadable

SERVICE = "apiVersion: v1\nkind: Service\nmetadata:\n  name: {0}\nspec:\n  ports: [{{port: 80}}]\n"
LIST = """apiVersion: v1
items:
- apiVersion: v1
  kind: Secret
  metadata:
    name: hidden
- apiVersion: v1
  kind: Service
  metadata:
    name: one
  spec:
    ports: []
- apiVersion: v1
  kind: ConfigMap
  metadata:
    name: two
  data:
    a: |
      kind: Service

      - apiVersion: v1
kind: List
metadata:
  resourceVersion: ""
"""
INDENTED = """kind: List
apiVersion: v1
items:

  # the first
  - kind: Service
    apiVersion: v1
    metadata: {name: one}
"""
RENDERED = f"---\n# Source: chart/templates/a.yaml\n{SERVICE.format('one')}---\n# Source: chart/templates/b.yaml\n"
TABBED = json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "one"}}, indent="\t")
PLAIN = json.dumps({"apiVersion": "v1", "kind": "List", "items": [json.loads(TABBED)]}, indent=1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (SERVICE.format("one"), [("one", 4)]),
        (SERVICE.format("one") + "---\n" + SERVICE.format("two"), [("one", 4), ("two", 11)]),
        ("\ufeff---\r\n" + SERVICE.format("one").replace("\n", "\r\n"), [("one", 5)]),
        (RENDERED, [("one", 6)]),
        (LIST, [("one", 10)]),
        (INDENTED, [("one", 8)]),
        (LIST.replace("kind: List", "kind: ServiceList"), [("one", 10)]),
        (TABBED, [("one", 5)]),
        (PLAIN, [("one", 9)]),
        ("--- {apiVersion: v1, kind: Service, metadata: {name: one}}\n", [("one", 1)]),
        ("apiVersion: v1\nkind: Secret\nx: [\n---\n" + SERVICE.format("one"), [("one", 8)]),
        (SERVICE.format("one").replace("v1", "serving.knative.dev/v1"), []),
        ("kind: CustomResourceDefinition\nspec:\n  names:\n    kind: Service\n", []),
    ],
)
def test_objects_are_found_with_their_lines(text: str, found: list[tuple[str, int]]) -> None:
    assert [(one.meta.name, one.meta.location.line) for one in read(text, "a.yaml").services] == found


def test_the_file_in_a_config_map_knows_its_lines() -> None:
    (config,) = read(LIST, "a.yaml").config_maps
    assert config.data["a"].value == "kind: Service\n\n- apiVersion: v1\n"
    assert config.data["a"].location.line == 19


@pytest.mark.parametrize(
    ("text", "manifest", "template"),
    [
        (SERVICE.format("one"), True, False),
        (LIST, True, False),
        (TABBED, True, False),
        (RENDERED, True, False),
        (SERVICE.format("{{ .Release.Name }}"), False, True),
        (SERVICE.format('{{ include "a.fullname" . }}'), False, True),
        (SERVICE.format("one") + "# {{ $labels.instance }}\n", True, False),
        ("services:\n  web:\n    image: nginx\n", False, False),
        ("apiVersion: v2\nname: chart\n", False, False),
        ("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n", False, False),
        ("", False, False),
    ],
)
def test_what_is_a_manifest_is_told_without_parsing(text: str, manifest: bool, template: bool) -> None:
    assert (is_manifest(text), is_template(text)) == (manifest, template)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (SERVICE.format("one") + "---\n" + SERVICE.format("two") + "  broken", 14, "not YAML"),
        (SERVICE.format("one") + "spec: {}\n", 7, "twice"),
        (SERVICE.format("one") + "---\n" + SERVICE.format("{{ .Values.name }}-x: y"), 11, "template"),
        (SERVICE.format("one") + "deep: " + "[" * 3000, 7, "40 levels"),
        ('{"apiVersion": "v1", "kind": "Service", "deep": ' + "[" * 100000, 1, "40 levels"),
        (SERVICE.format("&a [*a]"), None, "a.yaml"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(text: str, line: int | None, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason) as caught:
        read(text, "a.yaml")
    assert "a.yaml" in str(caught.value)
    if line is not None:
        assert caught.value.location is not None
        assert caught.value.location.line == line


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: Service\n",
        "apiVersion: v1\nkind: Service\nmetadata: []\nspec: x\n",
        "apiVersion: v1\nkind: Deployment\nspec: {template: {spec: {containers: {a: b}}}}\n",
        "apiVersion: v1\nkind: Ingress\nspec: {rules: [x, {http: {paths: [y]}}], tls: z}\n",
        "apiVersion: v1\nkind: HTTPRoute\nspec: {rules: [[]], parentRefs: {}}\n",
        "apiVersion: v1\nkind: List\nitems: nothing\n",
        "kind: Service\n- a\n",
    ],
)
def test_strange_objects_do_no_harm(text: str) -> None:
    with contextlib.suppress(Unreadable):
        read(text, "a.yaml")
