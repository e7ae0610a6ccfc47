"""Exports training and evaluation graphs of BERT classifiers to ONNX; see docs/graphs.md."""
