"""From documents to PyTorch: `lower` builds a GraphModule whose submodules sit at the layers' paths. No Qt."""

from cnn_studio.compiler.lower import lower

__all__ = ["lower"]
