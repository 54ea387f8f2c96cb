"""Archives of ``torch.export`` (``.pt2``) as graphs, read as JSON: nothing in them is unpickled or run."""

from featherbone.nn.export_reader.replay import read_export as read_export

__all__ = ["read_export"]
