"""Weights from elsewhere: files and published weights of other projects, as models of ours."""

from featherbone.download import Progress as Progress
from featherbone.download import download as download
from featherbone.hub.choices import WeightChoices as WeightChoices
from featherbone.hub.fetch import fetch as fetch
from featherbone.hub.imagenet import imagenet_classes as imagenet_classes
from featherbone.hub.loading import load as load
from featherbone.hub.published import PublishedWeights as PublishedWeights
from featherbone.hub.published import list_published as list_published
from featherbone.hub.published import published as published

__all__ = [
    "Progress",
    "PublishedWeights",
    "WeightChoices",
    "download",
    "fetch",
    "imagenet_classes",
    "list_published",
    "load",
    "published",
]
