"""Kubernetes: manifests, charts and values, read into objects that know who leads to whom."""

from raven_realtime.places.kubernetes.charts import is_chart, is_helm_values, read_charts, read_values
from raven_realtime.places.kubernetes.documents import is_manifest, is_template
from raven_realtime.places.kubernetes.objects import Objects, merged
from raven_realtime.places.kubernetes.reading import read

__all__ = [
    "Objects",
    "is_chart",
    "is_helm_values",
    "is_manifest",
    "is_template",
    "merged",
    "read",
    "read_charts",
    "read_values",
]
